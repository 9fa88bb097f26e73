// Web pages from elsewhere, open in a browser on the same network, can do nothing to a device.
import { readFile } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import { COMMANDS, tryAttack, UPLOADS, type Attack } from '../harness/attacks.js';
import type { Device } from '../harness/device.js';
import { image, imagePath } from '../harness/frontends.js';
import type { Proxy } from '../harness/proxy.js';
import { expect, test } from '../harness/test.js';
import { sleep, until } from '../harness/wait.js';

/** Longer than an accepted change waits with the restart. */
const RESTART_WOULD_FOLLOW_MS = 1_500;

/** What Chromium shows in a frame whose page may not be in one. */
const REFUSED = 'chrome-error://chromewebdata/';

/** Where an attacker's page can be: it has another origin than `http://127.0.0.1:PORT` each time. */
const PLACES = [
  'another port of the address',
  'a name of the same machine',
  'another name of the device itself',
] as const;

async function openForeign(
  page: Page,
  place: (typeof PLACES)[number],
  foreign: { byAddress: string; byName: string },
  proxy: Proxy,
): Promise<void> {
  const url = {
    'another port of the address': foreign.byAddress,
    'a name of the same machine': foreign.byName,
    'another name of the device itself': `http://localhost:${proxy.port}/api/nothing`,
  }[place];
  await page.goto(url);
}

/** Tries them one after the other; the device refuses each, tells the page nothing and stays as it is. */
async function tryAll(
  page: Page,
  device: Device,
  proxy: Proxy,
  attacks: readonly Attack[],
  bytes: string,
): Promise<void> {
  const before = await device.fingerprint();
  for (const attack of attacks) {
    const what = JSON.stringify(attack);
    proxy.forget();
    const learnt = await tryAttack(page, proxy.url, attack, bytes);
    expect(learnt, what).toMatch(/^(blocked|opaque|sent)$/);
    // The request did arrive, a beacon's perhaps later, and each one was answered with a refusal.
    const { requests, statuses, answered } = await until(
      `the device has answered ${what}`,
      async () => {
        const heads = proxy.heads();
        const { requests, statuses } = heads;
        return requests.length > 0 && statuses.length >= requests.length ? heads : null;
      },
    );
    // A browser's question before it tells which methods there are, and that this page may use none.
    const questions = requests.filter((request) => request.startsWith('OPTIONS '));
    expect(
      statuses.filter((status) => status < 400 || status > 499),
      what,
    ).toEqual(questions.map(() => 204));
    expect(
      answered.filter((header) => header.startsWith('access-control-')),
      what,
    ).toEqual([]);
  }
  await sleep(RESTART_WOULD_FOLLOW_MS);
  expect(await device.fingerprint()).toEqual(before);
}

/** The device's own page sends the same, and is obeyed: what was refused above was worth refusing. */
async function sendAsOwnPage(
  page: Page,
  proxy: Proxy,
  attack: Attack,
  bytes: string,
): Promise<string> {
  await page.goto(`${proxy.url}/api/nothing`);
  return tryAttack(page, proxy.url, attack, bytes);
}

/** A frontend that the device would take; beacons take 64 KiB at most. */
const SMALL = { version: 'small', files: { 'index.html': '<title>Small</title>' } };

for (const place of PLACES) {
  test(`a page at ${place} cannot upload, and its attempts leave every byte of the flash as it was`, async ({
    page,
    startDevice,
    startProxy,
    foreign,
    pack,
  }) => {
    const device = await startDevice({ www: imagePath('old') });
    const proxy = await startProxy(device);
    const bytes = (await readFile(await pack(SMALL))).toString('base64');
    await openForeign(page, place, foreign, proxy);
    await tryAll(page, device, proxy, UPLOADS, bytes);

    const type = 'application/octet-stream';
    const path = '/api/ota/frontend';
    const right = { by: 'xhr', path, body: 'image', method: 'POST', type } as const;
    expect(await sendAsOwnPage(page, proxy, right, bytes)).toContain('"slot":1');
    await device.statusWhen('it runs the new frontend', (now) => now.active === 1);
  });

  test(`a page at ${place} can neither confirm nor roll back`, async ({
    page,
    startDevice,
    startProxy,
    foreign,
  }) => {
    const device = await startDevice({ www: imagePath('old') });
    const trial = await device.update(await image('new'), '?confirm=client&within=3600');
    expect(trial).toMatchObject({ active: 1, state: 'trial' });
    const proxy = await startProxy(device);
    await openForeign(page, place, foreign, proxy);
    await tryAll(page, device, proxy, COMMANDS, '');

    const right = { by: 'xhr', body: 'json', method: 'POST', type: 'application/json' } as const;
    const confirm = { ...right, path: '/api/ota/confirm' };
    const confirmed = await sendAsOwnPage(page, proxy, confirm, '');
    expect(confirmed).toContain('"state":"settled"');
    const rollback = { ...right, path: '/api/ota/rollback' };
    const rolledBack = await sendAsOwnPage(page, proxy, rollback, '');
    expect(rolledBack).toContain('"slot":0');
  });
}

test('a page from elsewhere cannot read the status', async ({ page, startDevice, foreign }) => {
  const device = await startDevice({ www: imagePath('old') });
  const url = `${device.url}/api/ota/status`;
  const read = (): Promise<unknown> =>
    page.evaluate(async (url) => {
      const text = (mode: RequestMode): Promise<string> =>
        fetch(url, { mode }).then(
          (response) => response.text(),
          () => 'blocked',
        );
      const script = document.createElement('script');
      const ended = new Promise((resolve) => {
        script.onload = () => resolve('ran');
        script.onerror = () => resolve('blocked');
      });
      script.src = url;
      document.head.append(script);
      const frame = document.createElement('iframe');
      const framed = new Promise((resolve) => (frame.onload = resolve));
      frame.src = url;
      document.body.append(frame);
      await framed;
      return {
        cors: await text('cors'),
        noCors: await text('no-cors'),
        script: await ended,
        frame: frame.contentDocument?.body.textContent ?? 'blocked',
      };
    }, url);
  for (const origin of [foreign.byAddress, foreign.byName]) {
    await page.goto(origin);
    expect(await read()).toEqual({
      cors: 'blocked',
      noCors: '',
      script: 'blocked',
      frame: 'blocked',
    });
  }
  // From the device's own page the same code reads it.
  await page.goto(`${device.url}/api/nothing`);
  expect(await read()).toMatchObject({ cors: expect.stringContaining('boot_id') });
});

test('a name that was bent to the address of the device gets nothing from it', async ({
  page,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old') });
  const before = await device.fingerprint();
  for (const path of ['/', '/recovery', '/api/ota/status']) {
    const response = await page.goto(`http://rebound.example:${device.port}${path}`);
    expect(response?.status(), path).toBe(403);
  }
  const answer = await page.evaluate(async () => {
    const type = 'application/json';
    const headers = { 'Content-Type': type };
    const response = await fetch('/api/ota/rollback', { method: 'POST', headers, body: '{}' });
    return response.json() as Promise<unknown>;
  });
  expect(answer).toMatchObject({ type: '/problems/foreign-host' });
  expect(await device.fingerprint()).toEqual(before);
});

test('no page from elsewhere can show a page of the device in a frame', async ({
  page,
  startDevice,
  foreign,
}) => {
  const device = await startDevice({ www: imagePath('old') });
  const show = (path: string): Promise<void> =>
    page.evaluate(async (src) => {
      const frame = document.createElement('iframe');
      const loaded = new Promise((resolve) => (frame.onload = resolve));
      frame.src = src;
      document.body.append(frame);
      await loaded;
    }, device.url + path);
  const framed = (): string[] =>
    page
      .frames()
      .slice(1)
      .map((frame) => frame.url());

  for (const origin of [foreign.byAddress, foreign.byName]) {
    for (const path of ['/', '/update.html', '/recovery']) {
      await page.goto(origin);
      await show(path);
      await expect.poll(framed, `${path} in ${origin}`).toEqual([REFUSED]);
    }
  }
  // The Update page shows the new frontend in a frame of its own; the recovery page is in none.
  await page.goto(`${device.url}/api/nothing`);
  await show('/');
  await expect.poll(framed).toEqual([`${device.url}/`]);
  await page.goto(`${device.url}/api/nothing`);
  await show('/recovery');
  await expect.poll(framed).toEqual([REFUSED]);
});
