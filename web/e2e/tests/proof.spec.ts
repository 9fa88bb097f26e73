// Only the page of the build that runs can confirm it, and only where it works.
import { readFile } from 'node:fs/promises';
import { countLoads, expectConfirmed, expectTakenBack, title } from '../harness/proof.js';
import { page as html, throwing, type Site } from '../harness/sites.js';
import { expect, test } from '../harness/test.js';
import { sleep } from '../harness/wait.js';
import type {} from '../../packages/update-page/src/global.js';

/** For a page that works; it takes two seconds, and an open tab looks every five. */
const LONG = '?confirm=client&within=60';
/** For a page that must not confirm: several times what a good one takes. */
const SHORT = '?confirm=client&within=10';

const A: Site = { version: '1', files: { 'index.html': html('A') } };
const B: Site = { version: '2', files: { 'index.html': html('B') } };
const BROKEN: Site = { version: '3', files: { 'index.html': throwing('Broken') } };

test('a stamped page confirms itself without a line of code', async ({
  page,
  startDevice,
  pack,
}) => {
  const device = await startDevice({ www: await pack(A) });
  await device.update(await readFile(await pack(B)), LONG);
  await page.goto(device.url);
  await title(page, 'B');
  await expectConfirmed(device);
});

test('a tab that is open moves to the new frontend by itself, which confirms itself', async ({
  page,
  startDevice,
  pack,
}) => {
  const device = await startDevice({ www: await pack(A) });
  await page.goto(device.url);
  await title(page, 'A');
  const loads = countLoads(page);
  await device.update(await readFile(await pack(B)), LONG);
  await title(page, 'B');
  await expectConfirmed(device);
  expect(loads).toHaveLength(1);
});

test('a tab that moved to a broken frontend moves back when the device has gone back', async ({
  page,
  startDevice,
  pack,
  pageErrors,
}) => {
  const device = await startDevice({ www: await pack(A) });
  await page.goto(device.url);
  await title(page, 'A');
  const loads = countLoads(page);
  await device.update(await readFile(await pack(BROKEN)), SHORT);
  await title(page, 'Broken');
  await expectTakenBack(device);
  await title(page, 'A');
  expect(loads).toHaveLength(2);
  pageErrors.length = 0;
});

test('a page from the history does not confirm a broken frontend, though it is fetched from no cache of ours', async ({
  page,
  startDevice,
  pack,
  pageErrors,
}) => {
  const device = await startDevice({ www: await pack(A) });
  await page.goto(device.url);
  await title(page, 'A');
  await page.goto('about:blank');
  await device.update(await readFile(await pack(BROKEN)), SHORT);
  await page.goBack();
  await expectTakenBack(device);
  pageErrors.length = 0;
});

test('a page from the history gets to the new frontend, which confirms itself', async ({
  page,
  startDevice,
  pack,
}) => {
  const device = await startDevice({ www: await pack(A) });
  await page.goto(device.url);
  await title(page, 'A');
  await page.goto('about:blank');
  await device.update(await readFile(await pack(B)), LONG);
  await page.goBack();
  await title(page, 'B');
  await expectConfirmed(device);
});

test('a page that throws before any module runs is not confirmed', async ({
  page,
  startDevice,
  pack,
  pageErrors,
}) => {
  const device = await startDevice({ www: await pack(A) });
  await device.update(await readFile(await pack(BROKEN)), SHORT);
  await page.goto(device.url);
  await title(page, 'Broken');
  await expectTakenBack(device);
  pageErrors.length = 0;
});

test('a page with a strict Content-Security-Policy confirms itself', async ({
  page,
  startDevice,
  pack,
}) => {
  // The script stands in front of it, so that it runs all the same.
  const policy = "default-src 'none'; connect-src 'self'; img-src data:";
  const meta = `<meta http-equiv="Content-Security-Policy" content="${policy}">`;
  const refused: string[] = [];
  page.on('console', (message) => {
    if (/content security policy/i.test(message.text())) refused.push(message.text());
  });
  const device = await startDevice({ www: await pack(A) });
  const strict = await pack({ version: '2', files: { 'index.html': html('Strict', meta) } });
  await device.update(await readFile(strict), LONG);
  await page.goto(device.url);
  await title(page, 'Strict');
  await expectConfirmed(device);
  expect(refused).toEqual([]);
});

test('a build whose confirming is left to the app is not confirmed by being looked at', async ({
  page,
  startDevice,
  pack,
}) => {
  const device = await startDevice({ www: await pack(A) });
  await device.update(await readFile(await pack({ ...B, stamp: 'id' })), SHORT);
  await page.goto(device.url);
  await title(page, 'B');
  await expectTakenBack(device);
});

test('a page that shows nothing is not confirmed', async ({ page, startDevice, pack }) => {
  const device = await startDevice({ www: await pack(A) });
  const empty = html('').replace(/<h1>.*<\/h1>/, '<div id="app"></div>');
  const blank = await pack({ version: '2', files: { 'index.html': empty } });
  await device.update(await readFile(blank), SHORT);
  await page.goto(device.url);
  await expectTakenBack(device);
});

test('a page whose script comes late and throws is not confirmed before that', async ({
  page,
  startDevice,
  pack,
  pageErrors,
}) => {
  const device = await startDevice({ www: await pack(A) });
  const late: Site = {
    version: '4',
    files: {
      'index.html': html('Late', '<script type="module" src="/app.js"></script>'),
      'app.js': "throw new Error('late throws');",
    },
  };
  await device.update(await readFile(await pack(late)), '?confirm=client&within=30');
  // Longer than a picture that never ends is waited for.
  await page.route('**/app.js', async (route) => {
    await sleep(17_000);
    await route.continue();
  });
  await page.goto(device.url);
  await title(page, 'Late');
  await page.waitForFunction(() => window.faceplate?.outcome === 'failed', null, {
    timeout: 40_000,
  });
  expect(await device.status()).toMatchObject({ active: 1, state: 'trial' });
  expect(pageErrors.splice(0).map(({ message }) => message)).toEqual(['late throws']);
});

test('a part of the program that comes after the load of the page, and throws, is waited for', async ({
  page,
  startDevice,
  pack,
  pageErrors,
}) => {
  const device = await startDevice({ www: await pack(A) });
  // As SvelteKit does it.
  const app =
    '<link rel="modulepreload" href="/app.js"><script type="module">import("/app.js")</script>';
  const late: Site = {
    version: '6',
    files: { 'index.html': html('Late', app), 'app.js': "throw new Error('late throws');" },
  };
  await device.update(await readFile(await pack(late)), '?confirm=client&within=10');
  // Several times as long as a page has to stay calm.
  await page.route('**/app.js', async (route) => {
    await sleep(4000);
    await route.continue();
  });
  await page.goto(device.url);
  await title(page, 'Late');
  await expectTakenBack(device);
  expect(pageErrors.splice(0).map(({ message }) => message)).toEqual(['late throws']);
});

test('a part that works, in a frame of a page that does not, does not confirm it', async ({
  page,
  startDevice,
  pack,
  pageErrors,
}) => {
  const device = await startDevice({ www: await pack(A) });
  const around: Site = {
    version: '5',
    files: {
      'index.html': html(
        'Around',
        "<script>throw new Error('around throws')</script>",
        '<iframe src="/help.html"></iframe>',
      ),
      'help.html': html('Help'),
    },
  };
  await device.update(await readFile(await pack(around)), LONG);
  await page.goto(device.url);
  await expect(page.frameLocator('iframe').getByRole('heading', { name: 'Help' })).toBeVisible();
  const inside = page.frames().find((frame) => frame.url().endsWith('/help.html'));
  await inside?.waitForFunction(() => window.faceplate?.outcome === 'not-asked');
  expect(await device.status()).toMatchObject({ active: 1, state: 'trial' });
  expect(pageErrors.splice(0).map(({ message }) => message)).toEqual(['around throws']);
});
