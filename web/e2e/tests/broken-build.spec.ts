// A new frontend that does not work: the device takes itself back, and the old page says why.
import { CHANGE, image, imagePath, VERSIONS } from '../harness/frontends.js';
import { expect, test } from '../harness/test.js';
import { UpdatePage } from '../harness/update-page.js';
import { SAYS } from '../harness/words.js';

test('a build whose script throws falls back by itself, and the page that is still open explains it', async ({
  page,
  startDevice,
  pageErrors,
}) => {
  const device = await startDevice({ www: imagePath('hasty') });
  const update = await UpdatePage.open(page, device);
  const alarms = await update.watchAlerts();
  await update.start('broken');
  // What it threw is told while it is on trial, with the place.
  await expect(update.warns('a broken build')).toContainText(/assets\/[\w-]+\.js:\d+:\d+/);
  expect(await device.status()).toMatchObject({ active: 1, state: 'trial' });
  // Going back is what is offered first.
  await expect(update.goBackNow).toHaveAttribute('data-rank', 'primary');
  await expect(update.keep).not.toHaveAttribute('data-rank', 'primary');
  await expect(update.look).toBeVisible();

  const explained = update.warns(SAYS.wentBack('hasty'));
  await expect(explained).toBeVisible({ timeout: 60_000 });
  await expect(explained).toContainText(`${VERSIONS.broken} failed`);
  await expect(explained).toContainText('a broken build');
  await expect(update.notice).toHaveCount(1);
  // A restart that was to come is no silence, and what failed is not simply offered again.
  expect(alarms.filter((text) => /does not answer/i.test(text))).toEqual([]);
  await expect(update.other).toContainText('is still there, but');
  await expect(page.getByRole('button', { name: `Run ${VERSIONS.broken} anyway` })).toBeVisible();
  const status = await device.status();
  expect(status.active).toBe(0);
  expect(status.last).toMatchObject({ outcome: 'fell_back', reason: 'not_confirmed', from: 1 });
  // It did run, and it did throw.
  expect(pageErrors.splice(0).map(({ message }) => message)).toContain('a broken build');

  // The old frontend is whole, and takes the next one.
  await update.start('new');
  await expect(update.says(`Updated to ${VERSIONS.new}`)).toBeVisible();
});

test('while a broken build is on trial, the page that is still open goes back at once when asked', async ({
  page,
  startDevice,
  pageErrors,
}) => {
  const device = await startDevice({ www: imagePath('old') });
  const update = await UpdatePage.open(page, device);
  await update.start('broken');
  await update.goBackNow.click();
  await expect(update.notice).toContainText(SAYS.wentBack('old'));
  expect(await device.status()).toMatchObject({ active: 0 });
  await expect(update.running).toContainText(VERSIONS.old);
  pageErrors.length = 0;
});

test('a build whose stylesheet is missing does not confirm itself', async ({
  page,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old') });
  const update = await UpdatePage.open(page, device);
  const loaded = page.waitForEvent('framenavigated', (frame) => frame !== page.mainFrame());
  await update.start('unstyled');
  const frame = await loaded;
  await frame.getByText(CHANGE).waitFor({ state: 'attached' });
  await expect(update.warns('a file did not load')).toContainText('.css');
  expect(await device.status()).toMatchObject({ active: 1, state: 'trial' });
  await update.goBackNow.click();
  await device.statusWhen('the old frontend runs', ({ active }) => active === 0);
});

test('a frontend that cannot confirm itself is kept when its user says so', async ({
  page,
  startDevice,
  pageErrors,
}) => {
  const device = await startDevice({ www: imagePath('old') });
  const update = await UpdatePage.open(page, device);
  await update.start('broken');
  const moved = page.waitForEvent('framenavigated', (frame) => frame === page.mainFrame());
  await update.keep.click();
  await device.statusWhen('it is settled', ({ state }) => state === 'settled');
  expect(await device.version()).toBe(VERSIONS.broken);
  // The page goes there, and throws once more.
  await moved;
  await page.waitForLoadState();
  pageErrors.length = 0;
});

test('a tab of the old frontend that is open elsewhere does not confirm the new one', async ({
  page,
  startDevice,
  pageErrors,
}) => {
  const device = await startDevice({ www: imagePath('old') });
  await UpdatePage.open(page, device);
  await device.update(await image('broken'), '?confirm=client&within=10');
  // Long enough for that tab to see the restart.
  await device.statusWhen('the device went back by itself', ({ active }) => active === 0);
  expect((await device.status()).last).toMatchObject({ outcome: 'fell_back' });
  pageErrors.length = 0;
});
