// Files that are no frontend for this device: said at once where that can be known, and by the device where not.
import { readFile } from 'node:fs/promises';
import { image, imagePath, VERSIONS } from '../harness/frontends.js';
import { expect, test } from '../harness/test.js';
import { UpdatePage } from '../harness/update-page.js';

/** The start of a picture, and of anything else. */
const PNG = Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), Buffer.alloc(50_000, 7)]);
const RANDOM = Buffer.from(Array.from({ length: 64 * 1024 }, (_, i) => (i * 197 + 31) % 251));

test('files that are no image are refused at once, in words with a next step, and nothing is sent', async ({
  page,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old') });
  const before = await device.fingerprint();
  const posts: string[] = [];
  page.on('request', (request) => {
    if (request.method() !== 'GET') posts.push(request.url());
  });
  const update = await UpdatePage.open(page, device);
  const good = await image('new');
  const wrong = {
    'photo.png': PNG,
    'random.bin': RANDOM,
    'empty.bin': Buffer.alloc(0),
    'short.bin': good.subarray(0, 1000),
    'ragged.bin': good.subarray(0, good.length - 100),
    'package.json': await readFile(new URL('../package.json', import.meta.url)),
  };
  for (const [name, buffer] of Object.entries(wrong)) {
    await update.give({ name, mimeType: 'application/octet-stream', buffer });
    await expect(update.alert, name).toBeVisible();
    await expect(update.alert, name).toContainText(/update file|whole|made for this device/i);
    await expect(update.install, name).toHaveCount(0);
    // The next one brings a message of its own.
    await update.choose('new');
    await expect(update.alert, name).toHaveCount(0);
  }
  expect(posts).toEqual([]);
  expect(await device.fingerprint()).toEqual(before);
});

test('an image that is larger than a slot is refused at once, with the sizes', async ({
  page,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old') });
  const before = await device.fingerprint();
  const update = await UpdatePage.open(page, device);
  const buffer = Buffer.concat([await image('big'), Buffer.alloc(512 * 1024, 0xff)]);
  await update.give({
    name: 'large.bin',
    mimeType: 'application/octet-stream',
    buffer,
  });
  await expect(update.alert).toContainText(/too large/i);
  await expect(update.alert).toContainText(/1(\.0)? MiB|1024 KiB|1048576|1,048,576/);
  await expect(update.install).toHaveCount(0);
  expect(await device.fingerprint()).toEqual(before);
});

test('a frontend that was made for another firmware is refused at once, and the page says so', async ({
  page,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old') });
  const before = await device.fingerprint();
  const update = await UpdatePage.open(page, device);
  await update.give(imagePath('future'));
  await expect(update.warns(/firmware/i)).toContainText('99');
  await expect(update.install).toHaveCount(0);
  expect(await device.fingerprint()).toEqual(before);
});

test('a version that looks like HTML is shown as it is, before and after, on all pages', async ({
  page,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old') });
  const update = await UpdatePage.open(page, device);
  await update.choose('odd');
  await expect(update.install).toContainText(VERSIONS.odd);
  await update.install.click();
  await expect(update.says(`Updated to ${VERSIONS.odd}`)).toBeVisible();
  await expect(update.running).toContainText(VERSIONS.odd);
  for (const path of ['/', '/recovery']) {
    await page.goto(device.url + path);
    await expect(page.getByText(VERSIONS.odd).first()).toBeVisible();
    await expect(page.locator('img')).toHaveCount(0);
  }
});

test('an image whose files are damaged is refused by the check on the device, and the old frontend stays', async ({
  page,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old') });
  const update = await UpdatePage.open(page, device);
  const buffer = Buffer.from(await image('big'));
  // In the middle of the photo, and of a block: there is nothing but its content.
  const at = Math.floor(buffer.length / 2 / 4096) * 4096 + 2048;
  buffer.writeUInt8(buffer.readUInt8(at) ^ 1, at);
  await update.give({
    name: 'damaged.bin',
    mimeType: 'application/octet-stream',
    buffer,
  });
  await update.install.click();
  await expect(update.warns(/check/i)).toBeVisible();
  // It names what is wrong.
  await expect(update.warns(/photo-/)).toBeVisible();
  expect(await device.status()).toMatchObject({ active: 0, state: 'settled', upload: null });

  // The next one works.
  await update.start('new');
  await expect(update.says(/Updated to/)).toBeVisible();
});

test('an image that was cut off is refused, and the old frontend stays', async ({
  page,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old') });
  const update = await UpdatePage.open(page, device);
  const whole = await image('big');
  const buffer = whole.subarray(0, Math.floor(whole.length / 2 / 4096) * 4096);
  await update.give({
    name: 'cut.bin',
    mimeType: 'application/octet-stream',
    buffer,
  });
  await update.install.or(update.alert).first().waitFor();
  if (await update.install.isVisible()) await update.install.click();
  await expect(update.warns(/the end of the file is missing/i)).toBeVisible();
  expect(await device.status()).toMatchObject({ active: 0, state: 'settled', upload: null });
});
