// Cancelling an update, and leaving its page.
import { imagePath, VERSIONS } from '../harness/frontends.js';
import { expect, test } from '../harness/test.js';
import { throttleUpload } from '../harness/throttle.js';
import { UpdatePage } from '../harness/update-page.js';
import { SAYS } from '../harness/words.js';

/** The large image takes some eight seconds. */
const SLOW = 120 * 1024;

test('an upload that is cancelled says so, leaves the old frontend, and the next one works', async ({
  page,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old'), other: imagePath('before') });
  const update = await UpdatePage.open(page, device);
  await throttleUpload(page, SLOW);
  const seen = await update.watch();
  await update.start('big');
  await device.statusWhen('it is written', ({ upload }) => (upload?.written ?? 0) > 0);
  await update.cancel.click();
  const told = await update.notice.textContent();
  expect(seen.map(({ phase }) => phase)).toContain('Stopping …');
  expect(seen.map(({ phase }) => phase)).not.toContain('Somebody else updates the device');
  expect(told).toContain('Cancelled');
  expect(told).toContain(VERSIONS.old);
  await expect(update.progress).toHaveCount(0);
  const status = await device.statusWhen('the device has dropped it', ({ upload }) => !upload);
  expect(status).toMatchObject({ active: 0, state: 'settled', last: null });
  // What was chosen can be installed after all, without choosing it again.
  await expect(update.tryAgain).toBeEnabled();

  await throttleUpload(page, -1);
  await update.start('new');
  await expect(update.says(`Updated to ${VERSIONS.new}`)).toBeVisible();
});

test('leaving the page asks during an upload and only then; staying lets the upload go on', async ({
  page,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old'), other: imagePath('before') });
  const update = await UpdatePage.open(page, device);
  const asked: string[] = [];
  page.on('dialog', (dialog) => {
    asked.push(dialog.type());
    void dialog.dismiss(); // stay
  });
  await update.choose('big');
  await page.reload();
  expect(asked, 'before an upload').toEqual([]);

  await throttleUpload(page, SLOW);
  await update.start('big');
  await update.says('Writing').waitFor();
  await page.close({ runBeforeUnload: true });
  await expect.poll(() => asked).toEqual(['beforeunload']);
  await expect(update.progress).toBeVisible();
  await throttleUpload(page, -1);
  await expect(update.says(`Updated to ${VERSIONS.big}`)).toBeVisible();
  // The page loaded the new frontend without asking whether it may leave.
  expect(asked).toEqual(['beforeunload']);
});

test('leaving the page asks until it is decided whether the new frontend stays', async ({
  page,
  startDevice,
  pageErrors,
}) => {
  const device = await startDevice({ www: imagePath('old') });
  const update = await UpdatePage.open(page, device);
  const asked: string[] = [];
  page.on('dialog', (dialog) => {
    asked.push(dialog.type());
    void dialog.dismiss(); // stay
  });
  await update.start('broken');
  await update.keep.waitFor();
  await page.close({ runBeforeUnload: true });
  await expect.poll(() => asked).toEqual(['beforeunload']);
  await update.goBackNow.click();
  await expect(update.notice).toContainText(SAYS.wentBack('old'));
  await page.reload();
  expect(asked).toEqual(['beforeunload']);
  pageErrors.length = 0;
});

test('a page that is left inside the app during an upload is the same when one comes back, and can still cancel', async ({
  page,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old'), other: imagePath('before') });
  const update = await UpdatePage.open(page, device);
  await throttleUpload(page, SLOW);
  await update.start('big');
  await device.statusWhen('it is written', ({ upload }) => (upload?.written ?? 0) > 0);
  await page.getByRole('link', { name: 'Home' }).click();
  await expect(update.progress).toHaveCount(0);
  await page.goBack();
  await expect(update.says('Writing')).toBeVisible();
  await expect(page.getByText(/somebody else/i)).toHaveCount(0);
  await update.cancel.click();
  await expect(update.notice).toContainText('Cancelled');
  await device.statusWhen('the device has dropped it', ({ upload }) => !upload);
  await throttleUpload(page, -1);
});

test('a page that is loaded anew while the device restarts goes on and says what happened', async ({
  page,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old'), rebootMs: 3000 });
  const update = await UpdatePage.open(page, device);
  await update.start('new');
  await update.says('Restarting').waitFor();
  // Now, and again while the device is away: the browser says that it cannot reach it.
  await page.reload().catch(() => null);
  await expect
    .poll(() => device.status().then(String, (error: Error) => error.message))
    .toContain('ECONNREFUSED');
  await page.reload().catch(() => null);
  await device.statusWhen('the device is back', ({ active }) => active === 1);
  await page.goto(`${device.url}/#/update`);
  await page.reload();

  await expect(update.says(`Updated to ${VERSIONS.new}`)).toBeVisible();
  expect(await device.status()).toMatchObject({ active: 1, state: 'settled' });
  // It is said once.
  await page.reload();
  await expect(update.running).toContainText(VERSIONS.new);
  await expect(update.says('Updated to')).toHaveCount(0);
});

test('a page that is loaded anew while the new frontend is being confirmed says what happened', async ({
  page,
  startDevice,
  pageErrors,
}) => {
  const device = await startDevice({ www: imagePath('old') });
  const update = await UpdatePage.open(page, device);
  await update.start('broken');
  await update.keep.waitFor();
  // Nothing but the broken frontend is to be had, until the device is back at the old one.
  await page.reload();
  await expect(update.running).toHaveCount(0);
  await device.send('POST', '/api/ota/rollback', '{}', 'application/json');
  await device.statusWhen('the old frontend runs', ({ active }) => active === 0);
  await page.reload();
  await expect(update.notice).toContainText(SAYS.wentBack('old'));
  pageErrors.length = 0;
});
