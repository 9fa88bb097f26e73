// The connection ends in the middle of an upload: the device drops it, and the page says what is true.
import { imagePath, VERSIONS } from '../harness/frontends.js';
import type { Device } from '../harness/device.js';
import { throttleUpload } from '../harness/throttle.js';
import { expect, test } from '../harness/test.js';
import { UpdatePage } from '../harness/update-page.js';

/** The large image takes some eight seconds. */
const SLOW = 120 * 1024;

async function halfWritten(device: Device): Promise<void> {
  await device.statusWhen(
    'a part is written',
    ({ upload }) => !!upload && upload.written > upload.total / 4,
  );
}

async function expectOldStays(device: Device): Promise<void> {
  const status = await device.statusWhen('the device has dropped it', ({ upload }) => !upload);
  expect(status).toMatchObject({ active: 0, state: 'settled' });
  expect(status.slots[1]?.valid).toBe(false);
}

test('leaving the page in the middle of an upload drops it: the old frontend stays, and the next page can update', async ({
  page,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old'), other: imagePath('before') });
  const update = await UpdatePage.open(page, device);
  await throttleUpload(page, SLOW);
  await update.start('big');
  await halfWritten(device);
  page.once('dialog', (dialog) => dialog.accept()); // yes, leave
  await page.goto('about:blank');
  await expectOldStays(device);

  await throttleUpload(page, -1);
  await UpdatePage.open(page, device);
  await update.start('new');
  await expect(update.says(`Updated to ${VERSIONS.new}`)).toBeVisible();
});

test('a page that is closed in the middle of an upload drops it, even when all of it had left the browser', async ({
  page,
  context,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old'), other: imagePath('before') });
  const update = await UpdatePage.open(page, device);
  await update.start('big');
  await halfWritten(device);
  await page.close();
  await expectOldStays(device);

  const next = await UpdatePage.open(await context.newPage(), device);
  await next.start('new');
  await expect(next.says(`Updated to ${VERSIONS.new}`)).toBeVisible();
});

test('when the network is gone in the middle of an upload the page says so, and the next try works when it is back', async ({
  page,
  context,
  startDevice,
  startProxy,
}) => {
  const device = await startDevice({ www: imagePath('old'), other: imagePath('before') });
  const proxy = await startProxy(device);
  const update = await UpdatePage.open(page, proxy);
  proxy.rate = SLOW;
  await update.start('big');
  await halfWritten(device);
  await context.setOffline(true);
  proxy.refuse(true);
  await expectOldStays(device);
  await expect(update.warns(/connection broke|is gone/i)).toBeVisible({ timeout: 40_000 });
  await expect(update.warns(/try again|reload/i)).toBeVisible();

  await context.setOffline(false);
  proxy.refuse(false);
  proxy.rate = Infinity;
  await update.start('big');
  await expect(update.says(`Updated to ${VERSIONS.big}`)).toBeVisible();
});

test('a connection that breaks for a moment in the middle of an upload is told in words, and the next try works', async ({
  page,
  startDevice,
  startProxy,
}) => {
  const device = await startDevice({ www: imagePath('old'), other: imagePath('before') });
  const proxy = await startProxy(device);
  const update = await UpdatePage.open(page, proxy);
  proxy.rate = SLOW;
  await update.start('big');
  await halfWritten(device);
  proxy.refuse(true);
  await expect.poll(() => proxy.refused).toBeGreaterThan(0);
  proxy.refuse(false);
  await expect(update.warns(/connection broke/i)).toBeVisible();
  await expectOldStays(device);

  proxy.rate = Infinity;
  await update.start('big');
  await expect(update.says(`Updated to ${VERSIONS.big}`)).toBeVisible();
});

test('when the browser sends an image again by itself, after a reset, the page takes it for no other upload', async ({
  page,
  startDevice,
  startProxy,
}) => {
  const device = await startDevice({ www: imagePath('old'), other: imagePath('before') });
  const proxy = await startProxy(device);
  const update = await UpdatePage.open(page, proxy);
  proxy.rate = SLOW;
  await update.start('big');
  await halfWritten(device);
  proxy.forget();
  proxy.cut();
  await expect
    .poll(() => proxy.heads().requests)
    .toContainEqual(expect.stringMatching(/^POST .*frontend/));
  proxy.rate = Infinity;

  // The device was still busy with the first one and refused it, or was not and took it.
  const updated = update.says(`Updated to ${VERSIONS.big}`);
  await expect(updated.or(update.warns(/connection broke|is gone/i))).toBeVisible({
    timeout: 40_000,
  });
  const taken = (await device.status()).active === 1;
  expect(await updated.isVisible(), 'the page says that it was taken').toBe(taken);
  if (!taken) await expect(update.warns(/connection broke/i)).toBeVisible();
});

test('when the connection is lost after the last byte, the page finds out what the device made of it', async ({
  page,
  startDevice,
  startProxy,
}) => {
  const device = await startDevice({ www: imagePath('old'), other: imagePath('before') });
  const proxy = await startProxy(device);
  const update = await UpdatePage.open(page, proxy);
  await update.start('big');
  await device.statusWhen('all is written', ({ upload }) => upload?.written === upload?.total, {
    every: 5,
  });
  proxy.refuse(true);
  await expect.poll(() => proxy.refused).toBeGreaterThan(0);
  proxy.refuse(false);

  const updated = update.says(`Updated to ${VERSIONS.big}`);
  await expect(updated.or(update.warns(/connection broke|is gone/i))).toBeVisible({
    timeout: 40_000,
  });
  const taken = (await device.status()).active === 1;
  expect(await updated.isVisible(), 'the page says that it was taken').toBe(taken);
  if (!taken) await expect(update.running).toContainText(VERSIONS.old);
});

test('a connection that stands still is given up, and the page says so', async ({
  page,
  startDevice,
  startProxy,
}) => {
  const device = await startDevice({ www: imagePath('old'), other: imagePath('before') });
  const proxy = await startProxy(device);
  const update = await UpdatePage.open(page, proxy);
  proxy.rate = SLOW;
  await update.start('big');
  await halfWritten(device);
  proxy.stall();
  await expect(update.task).toContainText('waiting for the device');
  // The device waits 15 seconds for another byte, the page a little longer.
  await expect(update.warns(/connection broke|is gone/i)).toBeVisible({ timeout: 75_000 });
  await expectOldStays(device);
});
