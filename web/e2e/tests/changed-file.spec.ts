// A file that was built anew, or is gone, since it was chosen.
import { copyFile, rm } from 'node:fs/promises';
import { imagePath, VERSIONS } from '../harness/frontends.js';
import { expect, test } from '../harness/test.js';
import { UpdatePage } from '../harness/update-page.js';

test('a file that was built anew since it was chosen is told, before anything is sent, and can be installed when it is chosen again', async ({
  page,
  startDevice,
}, info) => {
  const device = await startDevice({ www: imagePath('old') });
  const before = await device.fingerprint();
  const file = info.outputPath('www.bin');
  await copyFile(imagePath('new'), file);
  const update = await UpdatePage.open(page, device);
  await update.give(file);
  await expect(update.task).toContainText(VERSIONS.new);
  await copyFile(imagePath('big'), file);
  await update.install.click();
  await expect(update.notice).toContainText(/file was changed|file has changed/i);
  await expect(update.progress).toHaveCount(0);
  expect(await device.fingerprint()).toEqual(before);

  await update.give(file);
  await expect(update.task).toContainText(VERSIONS.big);
  await update.install.click();
  await expect(update.says(`Updated to ${VERSIONS.big}`)).toBeVisible();
});

test('a file that is gone since it was chosen is told, and another one can be chosen', async ({
  page,
  startDevice,
}, info) => {
  const device = await startDevice({ www: imagePath('old') });
  const before = await device.fingerprint();
  const file = info.outputPath('www.bin');
  await copyFile(imagePath('new'), file);
  const update = await UpdatePage.open(page, device);
  await update.give(file);
  await expect(update.install).toBeEnabled();
  await rm(file);
  await update.install.click();
  await expect(update.notice).toContainText(/file was changed or moved/i);
  expect(await device.fingerprint()).toEqual(before);
  await update.start('new');
  await expect(update.says(`Updated to ${VERSIONS.new}`)).toBeVisible();
});
