// A service worker may answer with what it kept of another build: what it makes confirms nothing.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { REPOSITORY } from '../harness/command.js';
import type { Device } from '../harness/device.js';
import { countLoads, expectConfirmed, expectTakenBack, title } from '../harness/proof.js';
import {
  BY_OLD,
  caching,
  LATE,
  MIXING_WORKER,
  REGISTER,
  SERVICE_WORKER,
} from '../harness/service-worker.js';
import { page as html, throwing, type Site } from '../harness/sites.js';
import { expect, test } from '../harness/test.js';
import { UpdatePage } from '../harness/update-page.js';
import type { PageOutcome } from '../../packages/update-page/src/global.js';

/** For a page that works; it takes two seconds. */
const LONG = '?confirm=client&within=60';
/** For a page that must not confirm: several times what a good one takes. */
const SHORT = '?confirm=client&within=10';

const B: Site = { version: '2', files: { 'index.html': html('B') } };
const BROKEN: Site = { version: '3', files: { 'index.html': throwing('Broken') } };

/** The frontend from before, which works. */
const withWorker = (worker: string): Site => ({
  version: '1',
  files: {
    'index.html': html('A', `<script>${REGISTER}</script>`),
    'app.js': "document.querySelector('h1').textContent += ' by A'",
    'worker.js': worker,
  },
});

/** A frontend whose code has the same name in every build. */
const withCode = (code: string): Site => ({
  version: '2',
  files: {
    'index.html': html('B', '<script type="module" src="/app.js"></script>'),
    'app.js': `const h1 = document.querySelector('h1'); ${code};`,
  },
});

/** Opens it twice, the second time from its worker, and leaves it. */
async function openFromWorker(page: Page, device: Device): Promise<void> {
  await page.goto(device.url);
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
  const answer = await page.reload();
  expect(answer?.fromServiceWorker(), 'the page comes from its worker').toBe(true);
  await title(page, 'A');
  await page.goto('about:blank');
}

const said = async (page: Page, outcome: PageOutcome): Promise<void> => {
  await page.waitForFunction((wanted) => window.faceplate?.outcome === wanted, outcome);
};

test('a page that a service worker kept of the old frontend does not confirm a broken one', async ({
  page,
  startDevice,
  pack,
  pageErrors,
}) => {
  const device = await startDevice({ www: await pack(withWorker(SERVICE_WORKER)) });
  await openFromWorker(page, device);
  await device.update(await readFile(await pack(BROKEN)), SHORT);
  // It is younger than the restart, and works.
  await page.goto(device.url);
  await expectTakenBack(device);
  // The tab has seen the broken one, and goes where the device went.
  await title(page, 'A');
  expect(pageErrors.splice(0).map(({ message }) => message)).toContain('Broken throws');
});

test('a page that a service worker kept of the old frontend brings the new one, once, which confirms itself', async ({
  page,
  startDevice,
  pack,
}) => {
  const device = await startDevice({ www: await pack(withWorker(SERVICE_WORKER)) });
  await openFromWorker(page, device);
  await device.update(await readFile(await pack(B)), LONG);
  const loads = countLoads(page);
  await page.goto(device.url);
  await title(page, 'B');
  await expectConfirmed(device);
  expect(loads, 'the kept page, then the right one').toHaveLength(2);
  expect(await page.evaluate(() => navigator.serviceWorker.getRegistrations())).toEqual([]);
});

test('a page that a service worker made of two builds comes again without it, and then confirms itself', async ({
  page,
  startDevice,
  pack,
}) => {
  const device = await startDevice({ www: await pack(withWorker(MIXING_WORKER)) });
  await openFromWorker(page, device);
  await device.update(await readFile(await pack(withCode("h1.textContent = 'B by B'"))), LONG);
  const loads = countLoads(page);
  await page.goto(device.url);
  await title(page, 'B by A');
  await title(page, 'B by B');
  await expectConfirmed(device);
  expect(loads, 'the mixed page, then the right one').toHaveLength(2);
});

test('a page of a broken build that works with the code of the old one does not confirm it', async ({
  page,
  startDevice,
  pack,
  pageErrors,
}) => {
  const device = await startDevice({ www: await pack(withWorker(MIXING_WORKER)) });
  await openFromWorker(page, device);
  await device.update(await readFile(await pack(withCode("throw new Error('B throws')"))), LONG);
  await page.goto(device.url);
  await title(page, 'B by A');
  await said(page, 'failed');
  expect(await device.status()).toMatchObject({ active: 1, state: 'trial' });
  expect(pageErrors.splice(0).map(({ message }) => message)).toEqual(['B throws']);
});

test('a service worker that goes without saying so keeps nobody from the new frontend', async ({
  page,
  startDevice,
  pack,
}) => {
  const device = await startDevice({ www: await pack(withWorker(SERVICE_WORKER)) });
  await openFromWorker(page, device);
  await page.addInitScript(() => {
    const { prototype } = ServiceWorkerRegistration;
    const { unregister } = prototype;
    prototype.unregister = function () {
      void unregister.call(this);
      return new Promise(() => undefined);
    };
  });
  await device.update(await readFile(await pack(B)), LONG);
  await page.goto(device.url);
  await title(page, 'B');
  await expectConfirmed(device);
});

test('a service worker that never goes confirms nothing with what it makes, and sends nobody in circles', async ({
  page,
  startDevice,
  pack,
}) => {
  const device = await startDevice({ www: await pack(withWorker(MIXING_WORKER)) });
  await openFromWorker(page, device);
  await page.addInitScript(() => {
    ServiceWorkerRegistration.prototype.unregister = () => Promise.resolve(false);
  });
  await device.update(await readFile(await pack(withCode("throw new Error('B throws')"))), LONG);
  const loads = countLoads(page);
  await page.goto(device.url);
  await said(page, 'other-build');
  await title(page, 'B by A');
  expect(await device.status()).toMatchObject({ active: 1, state: 'trial' });
  expect(loads, 'the page, and what it tried').toHaveLength(4);
});

test('a broken build stays unconfirmed however often one loads it beside a worker with the old code', async ({
  page,
  startDevice,
  pack,
  pageErrors,
}) => {
  const device = await startDevice({ www: await pack(caching('A', BY_OLD)) });
  await page.goto(device.url);
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
  await page.reload();
  await title(page, 'A by A');
  await page.goto('about:blank');
  await device.update(
    await readFile(await pack(caching('B', "throw new Error('B throws')"))),
    LONG,
  );
  await page.goto(device.url);
  for (let times = 0; times < 3; times += 1) {
    await said(page, 'failed');
    // It must not have its worker again before it has proved itself.
    expect(await page.evaluate(() => navigator.serviceWorker.getRegistrations())).toEqual([]);
    await page.reload();
  }
  expect(await device.status()).toMatchObject({ active: 1, state: 'trial' });
  expect(new Set(pageErrors.splice(0).map(({ message }) => message))).toEqual(
    new Set(['B throws']),
  );
});

test('a page that stays where it is for an update comes again without its worker all the same, when it has just come', async ({
  page,
  startDevice,
  pack,
}) => {
  // As an Update page does, from its first moment on.
  const held = (version: string, code: string): Site => {
    const site = caching(version, code);
    const hold = '<script>faceplate.hold()</script>';
    const index = String(site.files['index.html']).replace('</head>', `${hold}</head>`);
    return { ...site, files: { ...site.files, 'index.html': index } };
  };
  const device = await startDevice({ www: await pack(held('A', BY_OLD)) });
  await page.goto(device.url);
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
  await page.reload();
  await title(page, 'A by A');
  await page.goto('about:blank');
  const code = "document.querySelector('h1').textContent += ' by B'";
  await device.update(await readFile(await pack(held('B', code))), LONG);
  const loads = countLoads(page);
  await page.goto(device.url);
  await title(page, 'B by B');
  await expectConfirmed(device);
  expect(loads, 'the mixed page, then the right one').toHaveLength(2);
  // Now that it has proved itself it may have its worker again.
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
});

test('an error that the hidden frame told stays told when a worker comes back and answers in its place', async ({
  page,
  startDevice,
  pack,
  pageErrors,
}) => {
  const element = await readFile(
    join(REPOSITORY, 'web/packages/update-page/dist/element.js'),
    'utf8',
  );
  const site = (version: string, code: string): Site =>
    caching(version, code, {
      'update.html': html(
        'Update',
        '<script type="module" src="/element.js"></script>',
        '<faceplate-update></faceplate-update>',
      ),
      'element.js': element,
    });
  const device = await startDevice({ www: await pack(site('A', BY_OLD)) });
  await page.goto(device.url);
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
  await page.reload();
  await title(page, 'A by A');
  const update = await UpdatePage.open(page, device, '/update.html');
  await update.give(await pack(site('B', "throw new Error('B throws')")));
  await update.install.click();
  await expect(update.warns('B throws')).toBeVisible();
  // Another tab of the app brings the worker back, and it does not go again.
  await page.addInitScript(() => {
    ServiceWorkerRegistration.prototype.unregister = () => Promise.resolve(false);
  });
  await page.evaluate(() => navigator.serviceWorker.register('/worker.js'));
  const inFrame = (): Promise<PageOutcome | null | undefined> | undefined =>
    page
      .frame('faceplate-unseen')
      ?.evaluate(() => window.faceplate?.outcome)
      .catch(() => null);
  await expect.poll(inFrame, { timeout: 60_000 }).toBe('other-build');
  // Before it opens the next one, the page reads what this one told.
  await page.waitForEvent('frameattached', { timeout: 40_000 });
  await expect(update.warns('B throws')).toBeVisible();
  await expect(update.goBackNow).toHaveAttribute('data-rank', 'primary');
  expect(await device.status()).toMatchObject({ active: 1, state: 'trial' });
  expect(new Set(pageErrors.splice(0).map(({ message }) => message))).toEqual(
    new Set(['B throws']),
  );
});

test('a page with a worker of its own, which takes over at once, confirms itself', async ({
  page,
  startDevice,
  pack,
}) => {
  const device = await startDevice({ www: await pack(caching('A', BY_OLD)) });
  await page.goto(device.url);
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
  await page.goto('about:blank');
  const code = "document.querySelector('h1').textContent += ' by B'";
  await device.update(await readFile(await pack(caching('B', code))), LONG);
  await page.goto(device.url);
  await expectConfirmed(device);
  await title(page, 'B by B');
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
});

test('code that a worker brings which began after the page is not trusted', async ({
  page,
  startDevice,
  pack,
  pageErrors,
}) => {
  const old = caching('A', LATE, { 'late.js': BY_OLD });
  const device = await startDevice({ www: await pack(old) });
  await page.goto(device.url);
  await title(page, 'A by A');
  // The worker goes and its cache stays.
  await page.evaluate(async () => (await navigator.serviceWorker.getRegistration())?.unregister());
  await page.goto('about:blank');
  const broken = caching('B', LATE, { 'late.js': "throw new Error('B throws')" });
  await device.update(await readFile(await pack(broken)), LONG);
  const loads = countLoads(page);
  await page.goto(device.url);
  await title(page, 'B by A');
  await expect.poll(() => loads.length, 'it comes again').toBe(2);
  await said(page, 'failed');
  expect(await device.status()).toMatchObject({ active: 1, state: 'trial' });
  expect(pageErrors.splice(0).map(({ message }) => message)).toEqual(['B throws']);
});
