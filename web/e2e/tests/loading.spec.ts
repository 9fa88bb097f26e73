// What the page loads of itself, and when: all of it before anything is sent.
import type { Page } from '@playwright/test';
import { CHANGE, image, imagePath, loadedAssets, VERSIONS } from '../harness/frontends.js';
import { expect, test } from '../harness/test.js';
import { throttleUpload } from '../harness/throttle.js';
import { UpdatePage } from '../harness/update-page.js';

const PART = '**/assets/more-*.js';
const MISSING = 'A part of this page is missing';

/** Lets the part that updates fail to load, until the returned function is called. */
async function withoutPart(page: Page): Promise<() => Promise<void>> {
  await page.route(PART, (route) => route.abort());
  return () => page.unroute(PART);
}

test('a page at rest has not loaded what updates; it does when a file is chosen, and nothing after that', async ({
  page,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old') });
  const update = await UpdatePage.open(page, device);
  await expect(update.file).toBeEnabled();
  const rest = await loadedAssets(page);
  expect(rest.filter((path) => path.includes('/more-'))).toEqual([]);
  await update.choose('new');
  const all = await loadedAssets(page);
  expect(all.length).toBe(rest.length + 1);

  const asked: string[] = [];
  page.on('request', (request) => asked.push(new URL(request.url()).pathname));
  await update.install.click();
  await update.says('Restarting').waitFor();
  expect(asked.filter((path) => path.startsWith('/assets/'))).toEqual([]);
  await expect(update.says(`Updated to ${VERSIONS.new}`)).toBeVisible();
});

test('a page that cannot load what updates says so in words, sends nothing, and the next try works', async ({
  page,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old') });
  const update = await UpdatePage.open(page, device);
  const restore = await withoutPart(page);
  await update.give(imagePath('new'));
  await expect(update.warns(MISSING)).toBeVisible();
  await expect(update.install).toHaveCount(0);
  await restore();
  await update.tryAgain.click();
  await update.install.click();
  await expect(update.says(`Updated to ${VERSIONS.new}`)).toBeVisible();
});

test('going back is not asked before all of the page is there', async ({ page, startDevice }) => {
  const device = await startDevice({ www: imagePath('new'), other: imagePath('old') });
  const update = await UpdatePage.open(page, device);
  const restore = await withoutPart(page);
  await update.goBackTo.click();
  await expect(update.warns(MISSING)).toBeVisible();
  await expect(update.question).toHaveCount(0);
  await restore();
  await update.goBackTo.click();
  await expect(update.question).toBeVisible();
  expect(await device.status()).toMatchObject({ active: 0 });
});

test('a page that is loaded anew in an update tries to load what updates until that is there', async ({
  page,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old'), rebootMs: 3000 });
  const update = await UpdatePage.open(page, device);
  await update.start('new');
  await update.says('Restarting').waitFor();
  const restore = await withoutPart(page);
  await device.statusWhen('the device is back', ({ active }) => active === 1);
  await page.goto(`${device.url}/#/update`);
  await page.reload();
  await expect(update.warns(MISSING)).toBeVisible();
  await restore();
  await expect(update.says(`Updated to ${VERSIONS.new}`)).toBeVisible();
});

test('a page at rest that cannot load what updates still ends up with the frontend that somebody else installs', async ({
  page,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old') });
  await UpdatePage.open(page, device);
  await withoutPart(page);
  await device.update(await image('new'), '?confirm=client&within=600');
  await expect(page.getByText(CHANGE)).toBeVisible();
  await device.statusWhen('it is confirmed', ({ state }) => state === 'settled');
});

test('a page at rest loads what updates while somebody else still sends', async ({
  page,
  context,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old'), other: imagePath('before') });
  const second = await UpdatePage.open(await context.newPage(), device);
  const first = await UpdatePage.open(page, device);
  await throttleUpload(page, 120 * 1024);
  await first.start('big');
  await expect(second.task).toContainText('Somebody else updates the device');
  expect((await loadedAssets(second.page)).filter((path) => path.includes('/more-'))).toHaveLength(
    1,
  );
  expect((await device.status()).upload).toMatchObject({ phase: 'writing' });
  await throttleUpload(page, -1);
});
