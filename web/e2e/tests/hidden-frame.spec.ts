// The new frontend is loaded unseen by the Update page: only its own page in that frame can confirm it.
import type { Page } from '@playwright/test';
import { builtAssets, imagePath, VERSIONS } from '../harness/frontends.js';
import { startPreview } from '../harness/preview.js';
import { page as html } from '../harness/sites.js';
import { expect, test } from '../harness/test.js';
import { UpdatePage } from '../harness/update-page.js';
import { SAYS } from '../harness/words.js';

/** Opens the Update page twice: the second time it comes from its service worker. */
async function openFromWorker(page: Page, url: string): Promise<UpdatePage> {
  await page.goto(url);
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
  await page.goto(`${url}/#/update`);
  const answer = await page.reload();
  expect(answer?.fromServiceWorker(), 'the page comes from its worker').toBe(true);
  const update = new UpdatePage(page);
  await update.running.locator('.version').waitFor();
  return update;
}

test('an app that also confirms by itself confirms once', async ({ page, startDevice }) => {
  const device = await startDevice({ www: imagePath('old') });
  const confirmed: (string | null)[] = [];
  page.on('request', (request) => {
    if (request.url().endsWith('/api/ota/confirm?page')) confirmed.push(request.postData());
  });
  const update = await UpdatePage.open(page, device);
  await update.start('new');
  await expect(update.says(`Updated to ${VERSIONS.new}`)).toBeVisible();
  const { active, slots } = await device.status();
  expect(slots[active]?.build).toMatch(/^[0-9a-f]{16}$/);
  expect(confirmed).toEqual([JSON.stringify({ build: slots[active]?.build })]);
});

test('a script that is lost on its way into the frame once does not cost a good frontend', async ({
  page,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old') });
  const update = await UpdatePage.open(page, device);
  const before = await builtAssets('old');
  const scripts = (await builtAssets('new')).filter(
    (path) => path.endsWith('.js') && !before.includes(path),
  );
  let lost = 0;
  await page.route(
    ({ pathname }) => scripts.includes(pathname),
    (route) => {
      lost += 1;
      return route.abort('connectionreset');
    },
    { times: 1 },
  );
  await update.start('new');
  await expect(update.says(`Updated to ${VERSIONS.new}`)).toBeVisible();
  expect(lost).toBe(1);
  expect(await device.status()).toMatchObject({ active: 1, state: 'settled' });
});

test('a frontend that could not be loaded in time is told from one that failed, and Try again still has the file', async ({
  page,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('hasty') });
  const update = await UpdatePage.open(page, device);
  await page.route('**/*', (route) =>
    route.request().frame() === page.mainFrame() ? route.fallback() : route.abort(),
  );
  await update.start('new');
  const told = update.warns(SAYS.wentBack('hasty'));
  await expect(told).toBeVisible({ timeout: 60_000 });
  await expect(told).toContainText('was not loaded in time');
  await page.unroute('**/*');
  await update.tryAgain.click();
  await expect(update.says(`Updated to ${VERSIONS.new}`)).toBeVisible();
});

test('a frontend that loads and never confirms is told from one that failed, with a link to how it would', async ({
  page,
  startDevice,
  pack,
}) => {
  const device = await startDevice({ www: imagePath('hasty') });
  const update = await UpdatePage.open(page, device);
  await update.give(
    await pack({ version: '9', files: { 'index.html': html('Mute') }, stamp: 'id' }),
  );
  await update.install.click();
  const told = update.warns(SAYS.wentBack('hasty'));
  await expect(told).toBeVisible({ timeout: 60_000 });
  await expect(told).toContainText('never said that it works');
  await expect(told.getByRole('link')).toBeVisible();
});

test('an update goes through where a service worker answers with the old page', async ({
  page,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('kept') });
  const update = await openFromWorker(page, device.url);
  await update.start('new');
  await expect(update.says(`Updated to ${VERSIONS.new}`)).toBeVisible();
  expect(await device.status()).toMatchObject({ active: 1, state: 'settled' });
});

test('a page from a service worker does not confirm a broken build in the frame', async ({
  page,
  startDevice,
  pageErrors,
}) => {
  const device = await startDevice({ www: imagePath('kept') });
  const update = await openFromWorker(page, device.url);
  await update.start('broken');
  // Only the right page can have told it.
  await expect(update.warns('a broken build')).toBeVisible();
  expect(await device.status()).toMatchObject({ active: 1, state: 'trial' });
  await update.goBackNow.click();
  await device.statusWhen('the old frontend runs', ({ active }) => active === 0);
  pageErrors.length = 0;
});

for (const [name, sent] of [
  ['another build', 'broken'],
  ['the very same build', 'new'],
] as const)
  test(`a local build, shown by \`vite preview\`, does not confirm ${name} on the device`, async ({
    page,
    startDevice,
  }) => {
    const device = await startDevice({ www: imagePath('old') });
    const preview = await startPreview('new', device);
    try {
      const update = await UpdatePage.open(page, preview);
      await update.start(sent);
      await expect(update.notice).toContainText('Another page answers', {
        timeout: 60_000,
      });
      expect(await device.status()).toMatchObject({ active: 1, state: 'trial' });
      await update.goBackNow.click();
      await device.statusWhen('the old frontend runs', ({ active }) => active === 0);
    } finally {
      await preview.stop();
    }
  });
