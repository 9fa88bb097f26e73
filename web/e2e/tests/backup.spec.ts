// A copy of what runs, as a file of the browser: the very image, also behind a password.
import { readFile } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import { imagePath, VERSIONS } from '../harness/frontends.js';
import { expect, test } from '../harness/test.js';
import { UpdatePage } from '../harness/update-page.js';

const PASSWORD = 'correct horse';

/** Presses the button in the details; what the browser has got then. */
async function saved(page: Page, meanwhile = async () => {}): Promise<[string, Buffer]> {
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save a copy of what runs' }).click();
  await meanwhile();
  const file = await download;
  return [file.suggestedFilename(), await readFile(await file.path())];
}

test('what runs is saved under the name of the device and of the version', async ({
  page,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old'), other: imagePath('before') });
  const update = await UpdatePage.open(page, device);
  await update.details.getByText('Technical details').click();
  const [name, bytes] = await saved(page);
  const { device: told } = await device.status();
  expect(name).toBe(`${told.name}-${VERSIONS.old}.bin`);
  expect(bytes.equals(await readFile(imagePath('old')))).toBe(true);
  // And a second time, while the page stays as it is.
  await expect(update.details).toHaveAttribute('open', '');
  expect((await saved(page))[1].equals(bytes)).toBe(true);
});

test('a device that shows itself to nobody without its password gives its image to who knows it', async ({
  page,
  startDevice,
}) => {
  const args = ['--password', PASSWORD, '--password-for-reading'];
  const device = await startDevice({ www: imagePath('old'), args });
  await page.goto(`${device.url}/#/update`);
  const question = page.locator('dialog:has(input[type=password])');
  await question.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await question.getByRole('button', { name: 'Log in' }).click();
  const update = new UpdatePage(page);
  await expect(update.running).toContainText(VERSIONS.old);
  await update.details.getByText('Technical details').click();
  const [, bytes] = await saved(page);
  expect(bytes.equals(await readFile(imagePath('old')))).toBe(true);
  // The address alone is worth nothing.
  expect((await device.send('GET', '/api/ota/frontend')).status).toBe(401);
});
