// A service worker of the old frontend, in other engines than Chromium: what it brings confirms nothing.
import { readFile } from 'node:fs/promises';
import type { Device } from '../harness/device.js';
import type { Tab } from '../harness/engines/tab.js';
import { expect, test } from '../harness/engines/test.js';
import { BY_OLD, caching, LATE, REGISTER, SERVICE_WORKER } from '../harness/service-worker.js';
import { page as html, throwing } from '../harness/sites.js';
import { until } from '../harness/wait.js';

/** Seconds for a page that does not deserve it to confirm: several times what a good one takes. */
const SHORT = '?confirm=client&within=15';
const LONG = '?confirm=client&within=60';

/** Opens the old frontend until its worker is there, and then as that makes it. */
async function openFromWorker(tab: Tab, device: Device, reads: string): Promise<void> {
  await tab.open(device.url);
  await until('there is a worker', () =>
    tab.run<boolean>('return navigator.serviceWorker.controller !== null'),
  );
  await tab.reload();
  await tab.reads(reads);
  await tab.open('about:blank');
}

test('a page that a worker kept of the old frontend does not confirm a broken one', async ({
  tab,
  startDevice,
  pack,
}) => {
  const head = `<script>${REGISTER}</script>`;
  const files = { 'index.html': html('A', head), 'worker.js': SERVICE_WORKER };
  const device = await startDevice({ www: await pack({ version: '1', files }) });
  await openFromWorker(tab, device, 'A');
  const broken = await pack({ version: '2', files: { 'index.html': throwing('Broken') } });
  await device.update(await readFile(broken), SHORT);
  await tab.open(device.url);
  // The worker's page has come, and goes for the device's.
  await tab.reads('Broken');
  const status = await device.statusWhen('it went back by itself', ({ active }) => !active);
  expect(status.last).toMatchObject({ outcome: 'fell_back', reason: 'not_confirmed' });
});

test('a page that a worker made of two builds comes again without it, and then confirms itself', async ({
  tab,
  startDevice,
  pack,
}) => {
  const device = await startDevice({ www: await pack(caching('A', BY_OLD)) });
  await openFromWorker(tab, device, 'A by A');
  const code = "document.querySelector('h1').textContent += ' by B'";
  await device.update(await readFile(await pack(caching('B', code))), LONG);
  await tab.open(device.url);
  await device.statusWhen('it is confirmed', ({ state }) => state === 'settled');
  await tab.reads('B by B');
});

test('code that a worker brings which began after the page does not confirm a broken build', async ({
  tab,
  startDevice,
  pack,
}) => {
  const old = caching('A', LATE, { 'late.js': BY_OLD });
  const device = await startDevice({ www: await pack(old) });
  await tab.open(device.url);
  await tab.reads('A by A');
  // The first time it may have come past the worker, which had only just begun.
  await until('its code is kept', async () => {
    await tab.reload();
    await tab.reads('A by A');
    return tab.run<boolean>("return caches.match('/late.js').then((kept) => kept !== undefined)");
  });
  // The worker goes and its cache stays.
  await tab.run(
    `return navigator.serviceWorker.getRegistrations().then((all) =>
       Promise.all(all.map((one) => one.unregister())))`,
  );
  await tab.open('about:blank');
  const broken = caching('B', LATE, { 'late.js': "throw new Error('B throws')" });
  await device.update(await readFile(await pack(broken)), SHORT);
  await tab.open(device.url);
  await tab.reads('B by A');
  const status = await device.statusWhen('it went back by itself', ({ active }) => !active);
  expect(status.last).toMatchObject({ outcome: 'fell_back', reason: 'not_confirmed' });
});

test('a page with a worker of its own, which takes over at once, confirms itself', async ({
  tab,
  startDevice,
  pack,
}) => {
  const device = await startDevice({ www: await pack(caching('A', BY_OLD)) });
  const code = "document.querySelector('h1').textContent += ' by B'";
  await device.update(await readFile(await pack(caching('B', code))), LONG);
  await tab.open(device.url);
  await device.statusWhen('it is confirmed', ({ state }) => state === 'settled');
  await tab.reads('B by B');
});
