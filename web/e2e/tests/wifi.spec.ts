// The setup page inside the firmware: how a device learns which Wi-Fi to join.
import type { Locator, Page } from '@playwright/test';
import { expectAccessible, expectNoSidewaysScroll, NARROW } from '../harness/accessible.js';
import type { Device } from '../harness/device.js';
import { imagePath } from '../harness/frontends.js';
import { expect, test } from '../harness/test.js';

const network = (page: Page): Locator => page.getByLabel('Network name');
const password = (page: Page): Locator => page.getByLabel('Password', { exact: true });
const save = (page: Page): Locator => page.getByRole('button', { name: 'Save' });
const main = (page: Page): Locator => page.getByRole('main');

/** What the device tells of its Wi-Fi. */
async function wifi(device: Device): Promise<Record<string, unknown>> {
  const answer = await device.send('GET', '/api/wifi');
  expect(answer.status).toBe(200);
  return JSON.parse(answer.body) as Record<string, unknown>;
}

test('a new device without a frontend is set up with the page, and still knows the network after a power cut', async ({
  page,
  startDevice,
}) => {
  const device = await startDevice();
  await page.goto(`${device.url}/recovery/wifi`);
  await expect(main(page)).toContainText('has opened a network of its own');
  expect(await wifi(device)).toMatchObject({ mode: 'access_point', ssid: null });

  await network(page).fill('Café 😀');
  await password(page).fill('a "good" \\ one');
  await save(page).click();
  await expect(main(page)).toContainText('Saved. The device now joins Café 😀.');
  const link = page.getByRole('link', { name: 'http://faceplate-sim.local/' });
  await expect(link).toHaveAttribute('href', 'http://faceplate-sim.local/');
  await expect(main(page)).toContainText(/opens its own network again/);
  await expect(main(page)).toContainText('The device is in Café 😀, at 127.0.0.1.');

  await device.powerOff();
  await device.powerOn();
  await page.reload();
  await expect(main(page)).toContainText('The device is in Café 😀, at 127.0.0.1.');
  expect(await wifi(device)).toEqual({
    mode: 'station',
    ssid: 'Café 😀',
    connected: true,
    address: '127.0.0.1',
    name: 'faceplate-sim.local',
  });
});

test('a network is chosen from those in range, which are searched again when that is asked for', async ({
  page,
  startDevice,
}) => {
  const device = await startDevice();
  await page.goto(`${device.url}/recovery/wifi`);
  await expect(main(page)).toContainText('You are setting up faceplate-sim.');
  await expect(main(page)).toContainText('2.4 GHz only');
  const found = page.getByRole('listitem');
  await expect(found).toHaveText([
    /^Home\s*strong, password$/,
    /^Office\s*strong, needs what this device cannot do$/,
    /^Café am Markt\s*fair, no password$/,
    /^FRITZ!Box 7590 XY\s*weak, password$/,
    /^Workshop 2\.4\s*weak, password$/,
  ]);
  const again = page.getByRole('button', { name: 'Search again' });
  await again.click();
  await expect(main(page)).toContainText('Searching…');
  await expect(again).toBeEnabled();
  await found.getByRole('button', { name: 'Home' }).click();
  await expect(password(page)).toBeFocused();
  await page.keyboard.type('12345678');
  await page.keyboard.press('Enter');
  await expect(main(page)).toContainText('Saved. The device now joins Home.');
});

test('on the setup access point the page that a phone asks for is the setup page, until a network is chosen', async ({
  page,
  startDevice,
}) => {
  const device = await startDevice({ args: ['--portal'] });
  const probe = `http://captive.apple.com:${device.port}/hotspot-detect.html`;
  await page.goto(probe);
  expect(page.url()).toBe(`${device.url}/recovery/wifi`);
  await expect(main(page)).toContainText('You are setting up faceplate-sim.');
  await expect(main(page)).toContainText('2.4 GHz only');
  const found = page.getByRole('listitem');
  await expect(found.first()).toHaveText(/^Home\s*strong, password$/);
  await expect(found).toHaveCount(5);
  await found.getByRole('button', { name: 'Café am Markt' }).click();
  await save(page).click();
  await expect(main(page)).toContainText('Saved. The device now joins Café am Markt.');
  await expect(main(page)).toContainText('The device is in Café am Markt, at 127.0.0.1.');

  const after = await page.goto(probe);
  expect([after?.status(), page.url()]).toEqual([403, probe]);
  await device.powerOff();
  await device.powerOn();
  expect((await page.goto(probe))?.status()).toBe(403);
  const setup = await page.goto(`${device.url}/recovery/wifi`);
  expect(setup?.status()).toBe(200);
});

test('the pages of the firmware work with a slash at their end, and lead to each other', async ({
  page,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old') });
  await page.goto(`${device.url}/recovery/wifi/`);
  await expect(main(page)).toContainText('You are setting up faceplate-sim.');
  await page.getByRole('link', { name: 'Recovery page' }).click();
  expect(page.url()).toBe(`${device.url}/recovery`);
  await page.goto(`${device.url}/recovery/`);
  await expect(main(page)).toContainText('faceplate-sim');
  await expect(page.getByRole('link', { name: 'Open the frontend' })).toBeVisible();
  await page.getByRole('link', { name: 'Wi-Fi setup' }).click();
  expect(page.url()).toBe(`${device.url}/recovery/wifi`);
});

test('a password that no network has is refused in words, and Enter saves the right one', async ({
  page,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old') });
  await page.goto(`${device.url}/recovery/wifi`);
  const before = await device.fingerprint();
  await network(page).fill('Home');
  await password(page).fill('short');
  await save(page).click();
  await expect(page.getByRole('alert')).toContainText('8 to 63 characters');
  await expect(password(page)).toBeFocused();
  expect(await device.fingerprint()).toEqual(before);

  await page.getByLabel('Show the password').check();
  await expect(password(page)).toHaveAttribute('type', 'text');
  await password(page).fill('12345678');
  await password(page).press('Enter');
  await expect(main(page)).toContainText('Saved. The device now joins Home.');
  await expect(page.getByRole('alert')).toBeEmpty();
  expect(page.url()).toBe(`${device.url}/recovery/wifi`);
  expect(device.output).not.toContain('12345678');
});

test('a page of another site cannot choose the network', async ({ page, startDevice, foreign }) => {
  const device = await startDevice();
  const before = await device.fingerprint();
  await page.goto(foreign.byName);
  const sent = await page.evaluate(async (url) => {
    const body = '{"ssid":"Evil","pass":""}';
    const tell = (headers: Record<string, string>, mode: RequestMode): Promise<string> =>
      fetch(`${url}/api/wifi`, { method: 'POST', body, headers, mode }).then(
        ({ type }) => type,
        () => 'failed',
      );
    return [
      await tell({ 'Content-Type': 'application/json' }, 'cors'),
      await tell({}, 'no-cors'),
      await fetch(`${url}/api/wifi`).then(
        () => 'read',
        () => 'failed',
      ),
    ];
  }, device.url);
  expect(sent).toEqual(['failed', 'opaque', 'failed']);
  expect(await device.fingerprint()).toEqual(before);
  expect(await wifi(device)).toMatchObject({ ssid: null });
});

test('the setup page is accessible in light and dark, and fits a narrow phone', async ({
  page,
  startDevice,
}) => {
  const device = await startDevice();
  await page.setViewportSize(NARROW);
  await page.goto(`${device.url}/recovery/wifi`);
  await expect(save(page)).toBeVisible();
  const look = async (what: string): Promise<void> => {
    await expectAccessible(page, what);
    await expectNoSidewaysScroll(page, what);
  };
  await look('setup');
  await network(page).fill('x'.repeat(33));
  await save(page).click();
  await expect(page.getByRole('alert')).toContainText('1 to 32 bytes');
  await look('setup, refused');
  await network(page).fill('x'.repeat(32));
  await save(page).click();
  await expect(main(page)).toContainText('Saved.');
  await expect(main(page)).toContainText('The device is in');
  await look('setup, saved');
});

test('the setup page loads nothing but itself', async ({ page, startDevice }) => {
  const device = await startDevice();
  const asked: string[] = [];
  page.on('request', (request) => asked.push(new URL(request.url()).pathname));
  await page.goto(`${device.url}/recovery/wifi`);
  await expect(save(page)).toBeVisible();
  expect(new Set(asked)).toEqual(new Set(['/recovery/wifi', '/api/wifi', '/api/wifi/networks']));
});
