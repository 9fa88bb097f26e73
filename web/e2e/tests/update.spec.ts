// An update that works, through the Update page.
import {
  builtAssets,
  CHANGE,
  image,
  imagePath,
  loadedAssets,
  VERSIONS,
} from '../harness/frontends.js';
import { expect, test } from '../harness/test.js';
import { observe, UpdatePage, type Seen, type Told } from '../harness/update-page.js';

/** In the order in which they come; a short one may pass between two looks. */
const PHASES = ['Sending', 'Writing', 'Checking', 'Restarting', 'Trying it', 'Done'];

/** How many bytes the device had really written when the page showed something: it says so next. */
function truth(told: readonly Told[], at: number): number {
  const next = told.find((entry) => entry.at >= at);
  if (next?.phase === 'writing') return next.written;
  const began = told.find((entry) => entry.phase !== null);
  return began && began.at < at ? Infinity : 0;
}

function phases(seen: readonly Seen[]): string[] {
  const all = seen.flatMap(({ phase }) => PHASES.filter((known) => phase.startsWith(known)));
  return all.filter((phase, index) => phase !== all[index - 1]);
}

test('an update shows what the device has done on one bar that never runs back, goes through the true phases, and ends with the new frontend, confirmed', async ({
  page,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old'), other: imagePath('before') });
  const update = await UpdatePage.open(page, device);
  await expect(update.running).toContainText(VERSIONS.old);
  await expect(update.other).toContainText(VERSIONS.before);
  await expect(page.getByText(CHANGE)).toHaveCount(0);

  await update.choose('big');
  // What is to happen is told before it does.
  await expect(update.task).toContainText(`${VERSIONS.old} → ${VERSIONS.big}, newer`);
  await expect(update.task).toContainText(`overwrites ${VERSIONS.before}`);
  const seen = await update.watch();
  const observed = observe(device);
  await update.install.click();
  await expect(update.says(`Updated to ${VERSIONS.big}`)).toBeVisible();
  const told = await observed.stop();

  const status = await device.status();
  expect(status).toMatchObject({ active: 1, state: 'settled', trial: null });
  expect(status.last).toMatchObject({ outcome: 'updated', from: 0, to: 1 });

  const order = phases(seen);
  expect(order).toEqual(PHASES.filter((phase) => order.includes(phase)));
  expect(order).toEqual(expect.arrayContaining(['Writing', 'Restarting', 'Trying it']));
  const writing = seen.filter(({ phase }) => phase.startsWith('Writing'));
  expect(writing.length, 'changes of the progress').toBeGreaterThan(3);
  let before = 0;
  for (const { at, phase, percent, written, drawn, kib } of seen) {
    const what = `the bar while ${phase}`;
    expect(percent, what).toBeGreaterThanOrEqual(before);
    expect(written, what).toBe(percent);
    expect(drawn, what).toBeCloseTo(percent ?? 0, 0);
    before = percent ?? 0;
    // Figures are rounded up.
    expect((kib ?? 0) - 1, what).toBeLessThanOrEqual(truth(told, at) / 1024);
  }
  expect(
    writing.some(({ kib }) => kib),
    'bytes are shown',
  ).toBe(true);

  // This page is the new frontend's, with its own assets, and so is what a reload brings.
  await expect(page.getByText(CHANGE)).toBeVisible();
  const built = await builtAssets('big');
  for (const asset of await loadedAssets(page)) expect(built).toContain(asset);
  await page.reload();
  await expect(page.getByText(CHANGE)).toBeVisible();
});

test('the Update page has an address of its own, where an update ends as well', async ({
  page,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old') });
  const update = await UpdatePage.open(page, device, '/update.html');
  await update.start('new');
  await expect(update.says(`Updated to ${VERSIONS.new}`)).toBeVisible();
  expect(new URL(page.url()).pathname).toBe('/update.html');
  await expect(page.getByText(CHANGE)).toBeVisible();
  expect(await device.status()).toMatchObject({ active: 1, state: 'settled' });
});

test('a file that is dropped anywhere on the page is read like one that is chosen', async ({
  page,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old') });
  const update = await UpdatePage.open(page, device);
  const bytes = (await image('new')).toString('base64');
  const dataTransfer = await page.evaluateHandle((bytes) => {
    const transfer = new DataTransfer();
    const content = Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0));
    transfer.items.add(new File([content], 'www.bin'));
    return transfer;
  }, bytes);
  // Beside the zone: what nobody prevents there replaces the page.
  const dropped = page.evaluate(
    () =>
      new Promise((resolve) =>
        addEventListener('drop', (event) => setTimeout(() => resolve(event.defaultPrevented))),
      ),
  );
  for (const type of ['dragenter', 'dragover', 'drop']) {
    await page.getByRole('banner').dispatchEvent(type, { dataTransfer });
  }
  expect(await dropped).toBe(true);
  await expect(update.install).toContainText(VERSIONS.new);
  await update.install.click();
  await expect(update.says(`Updated to ${VERSIONS.new}`)).toBeVisible();
});

test('the image that already runs is not installed again', async ({ page, startDevice }) => {
  const device = await startDevice({ www: imagePath('old') });
  const update = await UpdatePage.open(page, device);
  await update.give(imagePath('old'));
  await expect(update.task).toContainText(`${VERSIONS.old} already runs: nothing to do`);
  await expect(update.install).toHaveCount(0);
});

test('an older version is called older before it is installed', async ({ page, startDevice }) => {
  const device = await startDevice({ www: imagePath('new') });
  const update = await UpdatePage.open(page, device);
  await update.choose('old');
  await expect(update.task).toContainText(`${VERSIONS.new} → ${VERSIONS.old}, older`);
});

test('an update works over a slow network with long delays', async ({
  page,
  startDevice,
  startProxy,
}) => {
  const device = await startDevice({ www: imagePath('old') });
  const proxy = await startProxy(device);
  proxy.delayMs = 300;
  const update = await UpdatePage.open(page, proxy);
  await update.start('new');
  await expect(update.says(`Updated to ${VERSIONS.new}`)).toBeVisible({ timeout: 60_000 });
  expect(await device.status()).toMatchObject({ active: 1, state: 'settled' });
});
