// The power fails during an update: the device cuts itself off in the middle of a flash operation.
import { image, imagePath, VERSIONS } from '../harness/frontends.js';
import { countOperations } from '../harness/operations.js';
import { expect, test } from '../harness/test.js';
import { observe, UpdatePage } from '../harness/update-page.js';

/** The status with which a simulated device ends when its power is cut. */
const POWER_CUT = 3;

test('after a power cut in the middle of the writing the old frontend runs, the page says so by itself, and the next try works', async ({
  page,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old'), other: imagePath('before') });
  await device.powerOff();
  const operations = await countOperations(device.flash, await image('big'));
  await device.powerOn(['--power-cut-after', String(Math.floor(operations / 2))]);
  const update = await UpdatePage.open(page, device);
  const observed = observe(device);
  const seen = await update.watch();
  const alarms = await update.watchAlerts();
  await update.start('big');
  expect(await device.ended()).toBe(POWER_CUT);
  const last = (await observed.stop()).at(-1);
  expect(last).toMatchObject({ phase: 'writing' });
  expect(last?.percent).toBeGreaterThan(0);
  expect(last?.percent).toBeLessThan(100);

  // Long enough for the page to notice: the bar stands still and says why, and nothing contradicts it.
  await expect(update.task).toContainText('waiting for the device');
  await expect(update.progress).toBeVisible();
  await expect(update.notice).toHaveCount(0);
  await device.powerOn();
  await expect(update.warns(/has restarted/i)).toBeVisible({ timeout: 40_000 });
  await expect(update.notice).toHaveCount(1);
  await expect(update.running).toContainText(VERSIONS.old);
  const bar = seen.map(({ percent }) => percent ?? 0);
  expect(bar, 'the bar never runs back').toEqual([...bar].sort((a, b) => a - b));
  expect(
    alarms.filter((text) => !/has restarted/i.test(text)),
    'other alarms',
  ).toEqual([]);
  expect(await device.status()).toMatchObject({ active: 0, state: 'settled', upload: null });

  await update.start('big');
  await expect(update.says(`Updated to ${VERSIONS.big}`)).toBeVisible();
  expect(await device.version()).toBe(VERSIONS.big);
});

test('after a power cut at any step of the switch the device runs one of the two frontends, and the page says which', async ({
  page,
  startDevice,
}) => {
  const base = await startDevice({ www: imagePath('old') });
  await base.powerOff();
  const operations = await countOperations(base.flash, await image('new'));
  // The settings are written last: the last value is the switch, and a value takes three writes.
  for (const back of [1, 2, 3, 4]) {
    await test.step(`${back} operations before the end`, async () => {
      const device = await startDevice({ www: imagePath('old') });
      await device.powerOff();
      await device.powerOn(['--power-cut-after', String(operations - back)]);
      const update = await UpdatePage.open(page, device);
      await update.start('new');
      expect(await device.ended()).toBe(POWER_CUT);
      await device.powerOn();

      const updated = update.says(`Updated to ${VERSIONS.new}`);
      const stayed = update.warns(/did not arrive|has restarted/i);
      await expect(updated.or(stayed)).toBeVisible({ timeout: 40_000 });
      const version = await device.version();
      expect([VERSIONS.old, VERSIONS.new]).toContain(version);
      expect(await updated.isVisible(), `the device runs ${version}`).toBe(
        version === VERSIONS.new,
      );
      await expect(update.running).toContainText(String(version));
    });
  }
});

test('after a power cut while the new frontend is on trial the page goes on and says what runs', async ({
  page,
  startDevice,
  pageErrors,
}) => {
  const device = await startDevice({ www: imagePath('old') });
  const update = await UpdatePage.open(page, device);
  await update.start('broken');
  await update.keep.waitFor();
  await device.powerOff();
  await device.powerOn();
  // The window starts anew; the trial goes on.
  await expect(update.keep).toBeEnabled();
  await update.goBackNow.click();
  await device.statusWhen('the old frontend runs', ({ active }) => active === 0);
  await expect(update.running).toContainText(VERSIONS.old);
  pageErrors.length = 0;
});
