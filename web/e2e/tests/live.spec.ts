// The example device while one looks at it: lamp, sensor and log, by events and WebSockets, also through updates.
import type { BrowserContext, Locator, Page } from '@playwright/test';
import { expectAccessible, expectNoSidewaysScroll } from '../harness/accessible.js';
import { CHANGE, image, imagePath, VERSIONS } from '../harness/frontends.js';
import { expect, test } from '../harness/test.js';
import { UpdatePage } from '../harness/update-page.js';
import { sleep } from '../harness/wait.js';

/** A device with routes of its own. */
const EXAMPLE = { args: ['--example'] };

/** Home as a person finds it. */
class Home {
  constructor(readonly page: Page) {}

  static async open(page: Page, device: { url: string }): Promise<Home> {
    await page.goto(`${device.url}/`);
    const home = new Home(page);
    await expect(home.lamp).toBeEnabled();
    return home;
  }

  get lamp(): Locator {
    return this.page.getByRole('switch', { name: 'Lamp' });
  }
  get colour(): Locator {
    return this.page.getByLabel('Colour of the lamp');
  }
  get line(): Locator {
    return this.page.locator('.chart .line');
  }
  get lookBack(): Locator {
    return this.page.getByRole('slider', { name: 'Look back' });
  }
  get summary(): Locator {
    return this.page.locator('#summary');
  }
  get log(): Locator {
    return this.page.getByRole('log');
  }
}

/** Tabs of one window: all but the last are hidden, which no page of Playwright's is by itself. */
async function hide(page: Page, hidden: boolean): Promise<void> {
  await page.evaluate((hidden) => {
    Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });
    document.dispatchEvent(new Event('visibilitychange'));
  }, hidden);
}

test('a lamp that is switched in one page shines in the other', async ({
  page,
  context,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old'), ...EXAMPLE });
  const one = await Home.open(page, device);
  const two = await Home.open(await context.newPage(), device);
  await expect(one.lamp).not.toBeChecked();
  await one.lamp.click();
  await expect(one.lamp).toBeChecked();
  await expect(two.lamp).toBeChecked();
  await two.colour.fill('#00ff88');
  await expect(one.colour).toHaveValue('#00ff88');
  expect(JSON.parse((await device.send('GET', '/api/lamp')).body)).toEqual({
    on: true,
    colour: '#00ff88',
  });
  // By whom ever it was.
  const put = '{"on":false,"colour":"#00ff88"}';
  expect((await device.send('PUT', '/api/lamp', put, 'application/json')).status).toBe(200);
  await expect(one.lamp).not.toBeChecked();
  await expect(two.lamp).not.toBeChecked();
});

test('the chart moves on, is told in words, and one looks back in it by the keyboard', async ({
  page,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old'), ...EXAMPLE });
  const home = await Home.open(page, device);
  await expect(home.summary).toHaveText(/^Between .+ and .+ in the last .+\.$/);
  const before = await home.line.getAttribute('d');
  await expect.poll(() => home.line.getAttribute('d')).not.toBe(before);
  await expect(home.lookBack).toHaveAttribute('aria-valuetext', / now$/);
  // Until there is something to look back to.
  await expect(home.lookBack).not.toHaveAttribute('max', /^[0-2]$/);
  await home.lookBack.focus();
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('ArrowLeft');
  await expect(home.lookBack).toHaveAttribute('aria-valuetext', /, \d s ago$/);
  await page.keyboard.press('End');
  await expect(home.lookBack).toHaveAttribute('aria-valuetext', / now$/);
});

test('the log grows by what is done', async ({ page, startDevice }) => {
  const device = await startDevice({ www: imagePath('old'), ...EXAMPLE });
  const home = await Home.open(page, device);
  await expect(home.log).toContainText('started');
  await home.lamp.click();
  await expect(home.log).toContainText('lamp on');
  await page.reload();
  await expect(home.log).toContainText('lamp on');
});

test('home is accessible with its live part, light and dark, and needs no sideways scrolling', async ({
  page,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old'), ...EXAMPLE });
  for (const width of [320, 1280]) {
    await page.setViewportSize({ width, height: 800 });
    const home = await Home.open(page, device);
    await expect(home.summary).toContainText('Between');
    await expectNoSidewaysScroll(page, `home, ${width} px`);
    await expectAccessible(page, `home, ${width} px`, ['light', 'dark']);
  }
});

test('a device without such routes says so, and nothing fails', async ({ page, startDevice }) => {
  const device = await startDevice({ www: imagePath('old') });
  const sockets: string[] = [];
  page.on('websocket', (socket) => sockets.push(socket.url()));
  await page.goto(device.url);
  await expect(page.getByText('This device has no lamp.')).toBeVisible();
  await expect(page.getByText('This device has no sensor and no log.')).toBeVisible();
  await expect(page.getByText(VERSIONS.old)).toBeVisible();
  expect(sockets).toEqual([]);
});

test('after a power cut the page says that it is not connected, and then is again by itself', async ({
  page,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old'), ...EXAMPLE });
  const home = await Home.open(page, device);
  await expect(home.summary).toContainText('Between');
  await device.powerOff();
  await expect(home.lamp).toBeDisabled();
  await expect(home.summary).toContainText('Not connected.');
  await device.powerOn();
  await expect(home.lamp).toBeEnabled({ timeout: 30_000 });
  await expect(home.summary).not.toContainText('Not connected.', { timeout: 30_000 });
  await home.lamp.click();
  await expect(home.lamp).toBeChecked();
});

test('an update that the firmware does not want now says why, and works a moment later', async ({
  page,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old'), ...EXAMPLE });
  const update = await UpdatePage.open(page, device);
  await update.choose('new');
  // A lamp that is switched fades for a second, in which the example wants no update.
  let busy = true;
  const fading = (async () => {
    for (let on = true; busy; on = !on) {
      const lamp = `{"on":${on},"colour":"#ffaa00"}`;
      await device.send('PUT', '/api/lamp', lamp, 'application/json');
      await sleep(200);
    }
  })();
  await update.install.click();
  await expect(update.notice).toContainText('The device wants no update now');
  await expect(update.notice).toContainText('The lamp is fading.');
  await expect(update.alert).toHaveCount(0);
  busy = false;
  await fading;
  await sleep(1200);
  await update.tryAgain.click();
  await expect(update.says(`Updated to ${VERSIONS.new}`)).toBeVisible();
});

/** Six pages with live data, of which the browser of one person sees `seen`. */
async function sixTabs(context: BrowserContext, device: { url: string }, seen: number) {
  const tabs: Home[] = [];
  for (let n = 0; n < 6; n++) {
    const page = await context.newPage();
    await page.goto(`${device.url}/`);
    await expect(page.getByRole('heading', { name: 'Log' })).toBeVisible();
    if (n >= seen) await hide(page, true);
    tabs.push(new Home(page));
  }
  return tabs;
}

test('six tabs with live data in the background, and an update by another: all of it works, and all tabs come to the new frontend', async ({
  page,
  context,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old'), ...EXAMPLE });
  const tabs = await sixTabs(context, device, 0);
  const update = await UpdatePage.open(page, device);
  await update.start('new');
  await expect(update.says(`Updated to ${VERSIONS.new}`)).toBeVisible();
  for (const { page, lamp } of tabs) {
    await hide(page, false);
    await expect(page.getByText(CHANGE)).toBeVisible({ timeout: 30_000 });
    await expect(lamp).toBeEnabled({ timeout: 30_000 });
    await page.close();
  }
});

test('six tabs that are all seen share the live connections that there are; pages load, an update ends, and they are connected again', async ({
  browser,
  page,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old'), ...EXAMPLE });
  // A window each: a browser has six connections to a host, and events take one each.
  const contexts = await Promise.all([1, 2, 3].map(() => browser.newContext()));
  const tabs: Home[] = [];
  for (const context of contexts) {
    for (let n = 0; n < 2; n++) {
      const tab = await context.newPage();
      await tab.goto(`${device.url}/`);
      await expect(tab.getByRole('heading', { name: 'Log' })).toBeVisible();
      tabs.push(new Home(tab));
    }
  }
  const [first, last] = [tabs[0], tabs[5]] as [Home, Home];
  await expect(first.lamp).toBeEnabled();
  const update = await UpdatePage.open(page, device);
  await update.start('new');
  await expect(update.says(`Updated to ${VERSIONS.new}`)).toBeVisible({ timeout: 60_000 });
  for (const { page } of tabs) {
    await expect(page.getByText(CHANGE)).toBeVisible({ timeout: 60_000 });
  }
  // Those that are connected see the same; as many as the device has room for are.
  const connected = async () => {
    const enabled = await Promise.all(tabs.map(({ lamp }) => lamp.isEnabled()));
    return enabled.filter(Boolean).length;
  };
  await expect.poll(connected, { timeout: 60_000 }).toBeGreaterThan(0);
  // Whoever goes makes room for the next.
  for (const { page } of tabs.slice(0, 5)) await page.close();
  await expect(last.lamp).toBeEnabled({ timeout: 30_000 });
  for (const context of contexts) await context.close();
});

test('an open page is connected with the new frontend after an update by somebody else', async ({
  page,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old'), ...EXAMPLE });
  const home = await Home.open(page, device);
  await device.update(await image('new'), '?confirm=client&within=600');
  await expect(page.getByText(CHANGE)).toBeVisible({ timeout: 30_000 });
  await device.statusWhen('it is confirmed', ({ state }) => state === 'settled');
  await expect(home.lamp).toBeEnabled({ timeout: 30_000 });
  await expect(home.summary).toContainText('Between');
});
