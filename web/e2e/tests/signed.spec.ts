// Devices that take signed frontends alone, and none that is older than what was confirmed.
import { imagePath, VERSIONS } from '../harness/frontends.js';
import { expect, test } from '../harness/test.js';
import { UpdatePage } from '../harness/update-page.js';

test('what a device does not take by its signature or sequence is refused before it is sent, and what it takes is installed', async ({
  page,
  startDevice,
  newSigner,
}) => {
  const [ours, others] = [await newSigner(), await newSigner()];
  const args = ['--key', ours.publicKey, '--no-step-back'];
  const device = await startDevice({ www: await ours.sign('old', 5), args });
  const before = await device.fingerprint();
  const posts: string[] = [];
  page.on('request', (request) => {
    if (request.method() !== 'GET') posts.push(request.url());
  });
  const update = await UpdatePage.open(page, device);
  for (const [file, words] of [
    [imagePath('new'), /not signed.*takes signed files alone/],
    [await others.sign('new', 6), /signed by somebody else.*does not know the key/i],
    [await ours.sign('new', 4), /older than this device takes.*choose a newer file/i],
  ] as const) {
    await update.give(file);
    await expect(update.alert).toHaveText(words);
    await expect(update.install).toHaveCount(0);
  }
  await update.details.locator('summary').click();
  await expect(update.details).toContainText(await ours.id());
  expect(posts).toEqual([]);
  expect(await device.fingerprint()).toEqual(before);

  await update.give(await ours.sign('new', 6));
  await expect(update.alert).toHaveCount(0);
  await update.install.click();
  await expect(update.says(`Updated to ${VERSIONS.new}`)).toBeVisible();
  await expect(update.running).toContainText(VERSIONS.new);
  const id = await ours.id();
  expect(await device.status()).toMatchObject({
    ...{ active: 1, state: 'settled', signed_by: [id], lowest_sequence: 6 },
    slots: [
      { signer: id, sequence: 5 },
      { signer: id, sequence: 6 },
    ],
  });
});

test('a signature that is none is found by the device before it erases anything', async ({
  page,
  startDevice,
  newSigner,
}) => {
  const ours = await newSigner();
  const args = ['--key', ours.publicKey];
  const www = await ours.sign('old', 5);
  const device = await startDevice({ www, other: await ours.sign('before', 4), args });
  const before = await device.fingerprint();
  const update = await UpdatePage.open(page, device);
  await update.give(await ours.forge(imagePath('new')));
  await update.install.click();
  await expect(update.warns(/the signature is wrong/i)).toBeVisible();
  expect(await device.fingerprint()).toEqual(before);
  await expect(update.other).toContainText(VERSIONS.before);
});

test('the recovery page of such a device takes no other frontend either, and says why', async ({
  page,
  startDevice,
  newSigner,
}) => {
  const ours = await newSigner();
  const device = await startDevice({ args: ['--key', ours.publicKey] });
  await page.goto(device.url);
  await expect(page).toHaveTitle('Recovery');
  const upload = async (file: string) => {
    await page.getByLabel(/image file/i).setInputFiles(file);
    await page.getByRole('button', { name: 'Upload' }).click();
  };
  await upload(imagePath('new'));
  await expect(page.getByRole('alert')).toContainText(/not signed/i);
  expect((await device.status()).state).toBe('recovery');
  await upload(await ours.sign('new', 1));
  await expect(page.getByRole('status')).toContainText(VERSIONS.new);
  expect((await device.status()).state).not.toBe('recovery');
});
