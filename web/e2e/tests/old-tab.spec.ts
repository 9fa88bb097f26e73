// A tab that was open before an update, and what the browser keeps of a frontend.
import type { Response } from '@playwright/test';
import { assets, CHANGED_TITLE, image, imagePath, VERSIONS } from '../harness/frontends.js';
import { expect, test } from '../harness/test.js';
import { UpdatePage } from '../harness/update-page.js';

test('a tab with the old home page reaches the Update page after an update, by its link and without a hard reload', async ({
  page,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old') });
  await page.goto(device.url);
  await expect(page.getByRole('link', { name: 'Update' }).first()).toBeVisible();
  const old = await assets(page);
  expect(old.length, 'assets of the home page').toBeGreaterThan(0);
  const responses: Response[] = [];
  page.on('response', (response) => responses.push(response));

  await device.update(await image('new'), '?confirm=client&within=600');
  await device.confirm();
  // It is the new frontend's file names that the device has now.
  expect((await device.send('GET', old[0] ?? '')).status).toBe(404);

  await page.getByRole('link', { name: 'Update' }).first().click();
  const update = new UpdatePage(page);
  await expect(update.running).toContainText(VERSIONS.new);
  await expect(page).toHaveTitle(new RegExp(CHANGED_TITLE));
  for (const asset of await assets(page)) expect(old).not.toContain(asset);
  expect(responses.filter((response) => response.fromServiceWorker())).toEqual([]);

  await page.reload();
  await expect(update.running).toContainText(VERSIONS.new);
  for (const asset of await assets(page)) expect(old).not.toContain(asset);
});

test('pages are asked for anew each time, hashed assets only once', async ({
  page,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old') });
  const seen = new Map<string, Response>();
  page.on('response', (response) => seen.set(new URL(response.url()).pathname, response));
  const control = async (path: string): Promise<string> =>
    (await seen.get(path)?.headerValue('cache-control')) ?? '';

  await page.goto(device.url);
  await page.getByRole('link', { name: 'Update' }).first().waitFor();
  expect(await control('/')).toBe('no-cache');
  const hashed = await assets(page);
  expect(hashed.length).toBeGreaterThan(0);
  for (const path of hashed) {
    expect(await control(path), path).toBe('max-age=31536000, immutable');
  }

  // Another visit: the page is asked for, its assets come from the browser's memory.
  seen.clear();
  await page.goto('about:blank');
  await page.goto(device.url);
  await page.getByRole('link', { name: 'Update' }).first().waitFor();
  expect((await seen.get('/')?.serverAddr())?.port).toBe(device.port);
  const transferred = await page.evaluate(() =>
    (performance.getEntriesByType('resource') as PerformanceResourceTiming[])
      .filter(({ name }) => new URL(name).pathname.startsWith('/assets/'))
      .map(({ transferSize }) => transferSize),
  );
  expect(transferred.length).toBeGreaterThan(0);
  expect(transferred.every((bytes) => bytes === 0)).toBe(true);

  // After an update the same address brings the new page with its own assets.
  await device.update(await image('new'), '?confirm=client&within=600');
  await page.goto('about:blank');
  await page.goto(device.url);
  await expect(page).toHaveTitle(new RegExp(CHANGED_TITLE));
  for (const path of await assets(page)) expect(hashed).not.toContain(path);
  await device.statusWhen('the new page has confirmed itself', ({ state }) => state === 'settled');
});
