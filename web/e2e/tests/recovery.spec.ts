// The recovery page inside the firmware: when no slot can be served, it is the way out.
import type { Locator, Page } from '@playwright/test';
import { expectAccessible, expectNoSidewaysScroll, NARROW } from '../harness/accessible.js';
import type { Device } from '../harness/device.js';
import { damageSlot } from '../harness/flash.js';
import { imagePath, VERSIONS } from '../harness/frontends.js';
import { expect, test } from '../harness/test.js';
import { throttleUpload } from '../harness/throttle.js';

/** The large image takes some eight seconds. */
const SLOW = 120 * 1024;

const file = (page: Page): Locator => page.getByLabel(/image file/i);
const upload = (page: Page): Locator => page.getByRole('button', { name: 'Upload' });

/** Damages both frontends while the device is off. */
async function loseBoth(device: Device): Promise<void> {
  await device.powerOff();
  await damageSlot(device.flash, 0);
  await damageSlot(device.flash, 1);
  await device.powerOn();
  expect((await device.status()).state).toBe('recovery');
}

test('with both slots bad, every page is the recovery page, and an upload there brings a frontend back', async ({
  page,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old'), other: imagePath('new') });
  await page.goto(device.url);
  await expect(page).not.toHaveTitle('Recovery');
  await loseBoth(device);

  for (const path of ['/', '/update.html', '/recovery']) {
    await page.goto(device.url + path);
    await expect(page, path).toHaveTitle('Recovery');
  }
  await page.goto(device.url);
  await expect(page.getByRole('main')).toContainText(/no slot holds/i);
  await file(page).setInputFiles(imagePath('new'));
  await upload(page).click();
  await expect(page.getByRole('status')).toContainText(VERSIONS.new);

  expect((await device.status()).state).not.toBe('recovery');
  await page.getByRole('link', { name: 'Open the frontend' }).click();
  await expect(page).not.toHaveTitle('Recovery');
  await expect(page.getByRole('link', { name: 'Update' }).first()).toBeVisible();
});

test('a power cut while the recovery page heals a device leaves it healable', async ({
  page,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old'), other: imagePath('big') });
  await loseBoth(device);
  await page.goto(device.url);
  await throttleUpload(page, SLOW);
  await file(page).setInputFiles(imagePath('big'));
  await upload(page).click();
  await device.statusWhen(
    'a part is written',
    ({ upload }) => (upload?.written ?? 0) > (upload?.total ?? 0) / 4,
  );
  await device.powerOff();
  await device.powerOn();
  await expect(page.getByRole('alert')).toContainText(/again/i);
  expect((await device.status()).state).toBe('recovery');

  await throttleUpload(page, -1);
  await upload(page).click();
  await expect(page.getByRole('status')).toContainText(VERSIONS.big);
  expect((await device.status()).state).not.toBe('recovery');
});

test('the recovery page of a healthy device goes back to the other slot when asked', async ({
  page,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old'), other: imagePath('new') });
  await page.goto(`${device.url}/recovery`);
  page.once('dialog', (dialog) => dialog.accept());
  await page.getByRole('button', { name: /^Go back/ }).click();
  await device.statusWhen('the other slot runs', (now) => now.active === 1);
  await expect(page.getByRole('status')).toContainText(VERSIONS.new);
});

test('the recovery page refuses a file that is no image, with a next step', async ({
  page,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old') });
  const before = await device.fingerprint();
  await page.goto(`${device.url}/recovery`);
  const buffer = Buffer.from('\x89PNG\r\n\x1a\n'.padEnd(40_000, 'x'), 'latin1');
  await file(page).setInputFiles({ name: 'photo.png', mimeType: 'image/png', buffer });
  await upload(page).click();
  await expect(page.getByRole('alert')).toContainText(/www\.bin/);
  expect(await device.fingerprint()).toEqual(before);
});

test('the recovery page is accessible in light and dark, and fits a narrow phone', async ({
  page,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old'), other: imagePath('big') });
  await loseBoth(device);
  await page.setViewportSize(NARROW);
  await page.goto(device.url);
  await expect(page.getByRole('main')).toContainText(/no slot holds/i);
  await expectAccessible(page, 'recovery');
  await expectNoSidewaysScroll(page, 'recovery');

  await throttleUpload(page, SLOW);
  await file(page).setInputFiles(imagePath('big'));
  await upload(page).click();
  await expect(page.getByRole('progressbar')).toBeVisible();
  await expectAccessible(page, 'recovery, uploading');
  await expectNoSidewaysScroll(page, 'recovery, uploading');
  await expect(page.getByRole('status')).toContainText(VERSIONS.big);
  await expectAccessible(page, 'recovery, healed');
});

test('the recovery page loads nothing but itself', async ({ page, startDevice }) => {
  const device = await startDevice();
  const asked: string[] = [];
  page.on('request', (request) => asked.push(new URL(request.url()).pathname));
  await page.goto(`${device.url}/recovery`);
  await expect(page.getByRole('main')).toContainText(/no slot holds/i);
  expect(new Set(asked)).toEqual(new Set(['/recovery', '/api/ota/status']));
});
