// The connection ends in the middle of an upload: the device drops it, and the page says what is true.
import { stat } from 'node:fs/promises';
import { imagePath, VERSIONS, type Frontend } from '../harness/frontends.js';
import type { Device } from '../harness/device.js';
import type { Proxy } from '../harness/proxy.js';
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

/** The lengths of the bodies that were sent to the device as an image, or as a patch of one. */
function lengths(proxy: Proxy): number[] {
  const sent = proxy.sent().map((bytes) => bytes.toString('latin1'));
  return sent.flatMap((text) =>
    [...text.matchAll(/(?:POST|PATCH) \/api\/ota\/frontend[^]*?\r\ncontent-length: (\d+)/gi)].map(
      ([, length]) => Number(length),
    ),
  );
}

const imageLength = async (name: Frontend) => (await stat(imagePath(name))).size;

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

test('when the network is gone in the middle of an upload the page says so, and goes on by itself when it is back', async ({
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
  await expect(update.task).toContainText('Connection lost');
  await expect(update.task).toContainText('It goes on by itself');
  await expect(update.cancel).toBeEnabled();
  await expect(update.alert.filter({ visible: true })).toHaveCount(0);

  await context.setOffline(false);
  proxy.refuse(false);
  proxy.rate = Infinity;
  await expect(update.says(`Updated to ${VERSIONS.big}`)).toBeVisible();
});

test('when the network stays away the page gives up in the end, and the next try sends what is missing', async ({
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
  await expect(update.warns(/is gone/i)).toBeVisible({ timeout: 100_000 });
  await expect(update.warns(/try again/i)).toBeVisible();

  await context.setOffline(false);
  proxy.refuse(false);
  proxy.rate = Infinity;
  proxy.forget();
  await expect(update.tryAgain).toBeEnabled();
  await update.tryAgain.click();
  await expect(update.says(`Updated to ${VERSIONS.big}`)).toBeVisible();
  expect(lengths(proxy)).toEqual([expect.any(Number)]);
  expect(lengths(proxy)[0]).toBeLessThan((await imageLength('big')) * 0.8);
});

test('after a connection that breaks for a moment in the middle of an upload, what is missing is sent, and no more', async ({
  page,
  startDevice,
  startProxy,
}) => {
  const device = await startDevice({ www: imagePath('old'), other: imagePath('before') });
  const proxy = await startProxy(device);
  const update = await UpdatePage.open(page, proxy);
  proxy.rate = SLOW;
  const alerts = await update.watchAlerts();
  await update.start('big');
  await halfWritten(device);
  proxy.refuse(true);
  await expect.poll(() => proxy.refused).toBeGreaterThan(0);
  const { slots } = await device.statusWhen('it has noticed', ({ upload }) => !upload);
  expect(slots[1]?.problem).toBe('an upload into it did not complete');
  proxy.rate = Infinity;
  proxy.refuse(false);
  await expect(update.says(`Updated to ${VERSIONS.big}`)).toBeVisible();

  const total = await imageLength('big');
  const [first, second, ...more] = lengths(proxy);
  expect(first).toBe(total);
  expect(more).toEqual([]);
  // A quarter was on the flash, and more.
  expect(second).toBeGreaterThan(0);
  expect(second).toBeLessThan(total * 0.8);
  expect(alerts.filter((text) => /broke|gone|lost/i.test(text))).toEqual([]);
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
  // The device waits 15 seconds for another byte, the page a little longer, and then a minute for the network.
  await expect(update.warns(/connection broke|is gone/i)).toBeVisible({ timeout: 110_000 });
  await expectOldStays(device);
});
