// The device cannot take an update right now: the page says why, and what to do.
import { readFile } from 'node:fs/promises';
import { image, imagePath, VERSIONS } from '../harness/frontends.js';
import { page as html } from '../harness/sites.js';
import { expect, test } from '../harness/test.js';
import { keepBusy } from '../harness/uploads.js';
import { UpdatePage } from '../harness/update-page.js';

const OTHERS = /another update|somebody else/i;

test('while another update runs the page says so and sends nothing; afterwards it updates', async ({
  page,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old') });
  const update = await UpdatePage.open(page, device);
  await update.choose('new');
  const other = await keepBusy(device, 'big');
  await update.install.click({ timeout: 1000 }).catch(() => null); // it may be gone already
  await expect(page.getByText(OTHERS).first()).toBeVisible();
  expect((await device.status()).upload).toMatchObject({ total: (await image('big')).length });

  await other.stop();
  await update.start('new');
  await expect(update.says(`Updated to ${VERSIONS.new}`)).toBeVisible();
});

test('a page that is opened while another update runs shows that one and offers none of its own', async ({
  page,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old') });
  const other = await keepBusy(device, 'big');
  const update = await UpdatePage.open(page, device);
  await expect(page.getByText(OTHERS).first()).toBeVisible();
  await expect(update.install).toHaveCount(0);
  await other.stop();
  await update.choose('new');
  await expect(update.install).toBeEnabled();
});

test('while the device makes sure of what runs the page says so, and afterwards it updates', async ({
  page,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old') });
  await device.update(await image('new'), '?confirm=device');
  const update = await UpdatePage.open(page, device);
  await expect(update.running).toContainText(VERSIONS.new);
  await expect(update.running).toContainText('on trial');
  await expect(update.task).toContainText('nothing can be installed');
  await expect(update.anyFile).toBeHidden();

  await device.confirm();
  await update.start('big');
  await expect(update.says(`Updated to ${VERSIONS.big}`)).toBeVisible();
});

test('a device that does not answer is told in words, and found again by itself', async ({
  page,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old') });
  const update = await UpdatePage.open(page, device);
  await device.powerOff();
  const silent = page.getByText(/does not answer/i);
  await expect(silent.first()).toBeVisible();
  await device.powerOn();
  await expect(silent).toHaveCount(0);
  await expect(update.running).toContainText(VERSIONS.old);
});

test('while a frontend is on trial that nobody has opened, any page can decide', async ({
  page,
  startDevice,
  pack,
}) => {
  const device = await startDevice({ www: imagePath('old') });
  const mute = await pack({ version: '9', files: { 'index.html': html('Mute') }, stamp: 'id' });
  const update = await UpdatePage.open(page, device);
  // It has loaded what it takes.
  await update.details.locator('summary').click();
  await expect(update.details).toContainText('SHA-256');
  await device.update(await readFile(mute), '?confirm=client&within=600');
  await expect(update.task).toContainText('Does 9 work?');
  await expect(update.look).toHaveAttribute('data-rank', 'primary');
  await expect(update.goBackNow).toBeVisible();
  await update.keep.click();
  await device.statusWhen('it is settled', ({ state }) => state === 'settled');
  expect(await device.version()).toBe('9');
});
