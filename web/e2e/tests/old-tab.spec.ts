// A tab that was open before an update, and what the browser keeps of a frontend.
import type { Response } from '@playwright/test';
import {
  builtAssets,
  CHANGE,
  image,
  imagePath,
  loadedAssets,
  VERSIONS,
} from '../harness/frontends.js';
import { expect, test } from '../harness/test.js';
import { UpdatePage } from '../harness/update-page.js';
import { sleep } from '../harness/wait.js';

test('a part that the old frontend would load later, and that an update took away, brings the new frontend without a hard reload', async ({
  page,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('lazy-old') });
  await page.goto(device.url);
  const more = page.getByRole('link', { name: 'More' });
  await expect(more).toBeVisible();
  const built = await builtAssets('lazy-new');
  const gone = (await builtAssets('lazy-old')).filter((asset) => !built.includes(asset));
  const later = gone.filter((asset) => /\/more-/.test(asset));
  expect(later, 'the part that is loaded later').toHaveLength(1);
  expect(await loadedAssets(page)).not.toContain(later[0]);
  const responses: Response[] = [];
  page.on('response', (response) => responses.push(response));

  await device.update(await image('lazy-new'), '?confirm=client&within=600');
  await device.confirm();
  for (const asset of gone) expect((await device.send('GET', asset)).status, asset).toBe(404);

  await more.click();
  await expect(page.getByText(`More of ${VERSIONS['lazy-new']}`)).toBeVisible();
  for (const asset of await loadedAssets(page)) expect(built).toContain(asset);
  expect(responses.filter((response) => response.fromServiceWorker())).toEqual([]);
});

test('a tab with the old home page moves to the new frontend by itself, which confirms itself', async ({
  page,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old') });
  await page.goto(device.url);
  await expect(page.getByText(VERSIONS.old)).toBeVisible();
  const loads: string[] = [];
  page.on('domcontentloaded', () => loads.push(page.url()));

  await device.update(await image('new'), '?confirm=client&within=600');
  await expect(page.getByText(CHANGE)).toBeVisible();
  await device.statusWhen('it is confirmed', ({ state }) => state === 'settled');
  expect(loads).toHaveLength(1);
  const built = await builtAssets('new');
  for (const asset of await loadedAssets(page)) expect(built).toContain(asset);
});

test('pages are asked for anew each time, assets with a hash only once, and no update shows an old one', async ({
  page,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old') });
  const seen = new Map<string, Response>();
  page.on('response', (response) => seen.set(new URL(response.url()).pathname, response));
  const control = async (path: string): Promise<string | null | undefined> =>
    seen.get(path)?.headerValue('cache-control');
  const visit = async (): Promise<void> => {
    await page.goto('about:blank');
    seen.clear();
    await page.goto(device.url);
    await page.getByRole('link', { name: 'Update' }).first().waitFor();
  };

  await visit();
  expect(await control('/')).toBe('no-cache');
  const kept: string[] = [];
  for (const path of await loadedAssets(page)) {
    // The few names whose hash does not look like one are asked for again: slower, never wrong.
    expect(['max-age=31536000, immutable', 'no-cache'], path).toContain(await control(path));
    if ((await control(path)) !== 'no-cache') kept.push(path);
  }
  expect(kept.length, 'immutable assets').toBeGreaterThan(0);

  // The next visit asks for the page; what is immutable comes from the browser's memory.
  await visit();
  expect(await seen.get('/')?.serverAddr()).toMatchObject({ port: device.port });
  const transferred = await page.evaluate(() =>
    (performance.getEntriesByType('resource') as PerformanceResourceTiming[]).map(
      ({ name, transferSize }) => [new URL(name).pathname, transferSize] as const,
    ),
  );
  for (const path of kept) expect(transferred).toContainEqual([path, 0]);

  // After an update the same address brings the new page with its own assets. Nobody looks meanwhile: an
  // open page would go to the new one by itself.
  await page.goto('about:blank');
  await device.update(await image('new'), '?confirm=client&within=600');
  await visit();
  await expect(page.getByText(CHANGE)).toBeVisible();
  const built = await builtAssets('new');
  for (const asset of await loadedAssets(page)) expect(built).toContain(asset);
  await device.statusWhen('the new page has confirmed itself', ({ state }) => state === 'settled');
});

test('an Update page of the old frontend proves the new one unseen, and then goes to it', async ({
  page,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old') });
  const update = await UpdatePage.open(page, device);
  // It has loaded what it takes.
  await update.details.locator('summary').click();
  await expect(update.details).toContainText('SHA-256');
  await device.update(await image('new'), '?confirm=client&within=600');
  await device.statusWhen('it is confirmed', ({ state }) => state === 'settled');
  await expect(page.getByText(CHANGE)).toBeVisible();
});

test('an Update page at rest, which cannot load any more what it takes to prove the new frontend unseen, goes there and confirms it', async ({
  page,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old') });
  const update = await UpdatePage.open(page, device);
  await expect(update.file).toBeEnabled();
  await device.update(await image('new'), '?confirm=client&within=600');
  await device.statusWhen('it is confirmed', ({ state }) => state === 'settled');
  await expect(page.getByText(CHANGE)).toBeVisible();
});

test('an Update page with a chosen file stays when another frontend runs, says so, and its button loads that', async ({
  page,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old') });
  const update = await UpdatePage.open(page, device);
  await update.choose('big');
  await device.update(await image('new'), '?confirm=client&within=600');
  await device.statusWhen('it is confirmed', ({ state }) => state === 'settled');
  await expect(update.notice).toContainText('runs another frontend now');
  await expect(update.running).toContainText(VERSIONS.new);
  await expect(update.install).toBeVisible();
  await update.reload.click();
  await expect(page.getByText(CHANGE)).toBeVisible();
  await expect(update.reload).toHaveCount(0);
  const built = await builtAssets('new');
  for (const asset of await loadedAssets(page)) expect(built).toContain(asset);
});

test('two tabs: while one updates, the other shows it and ends up with the new frontend, too', async ({
  page,
  context,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old'), other: imagePath('before') });
  const second = await UpdatePage.open(await context.newPage(), device);
  const first = await UpdatePage.open(page, device);
  const alarms = await second.watchAlerts();
  await first.start('big');
  await expect(second.progress).toBeVisible();
  await expect(second.task).toContainText('Somebody else updates the device');
  await expect(second.install).toHaveCount(0);
  await expect(first.says(`Updated to ${VERSIONS.big}`)).toBeVisible();
  await expect(second.running).toContainText(VERSIONS.big);
  await expect(second.page.getByText(CHANGE)).toBeVisible();
  expect(alarms, 'a healthy restart is no reason for an alarm').toEqual([]);
  expect(await device.status()).toMatchObject({ active: 1, state: 'settled' });
});

test('a part that is asked for while the device is away keeps the page, and comes as soon as the device is back', async ({
  page,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('lazy-old') });
  await page.goto(device.url);
  const more = page.getByRole('link', { name: 'More' });
  await more.waitFor();
  await device.powerOff();
  const failed = page.waitForEvent('requestfailed', (request) => /\/more-/.test(request.url()));
  await more.click();
  await failed;
  await sleep(1500);
  await expect(more).toBeVisible();
  await device.powerOn();
  await expect(page.getByText(`More of ${VERSIONS['lazy-old']}`)).toBeVisible();
});
