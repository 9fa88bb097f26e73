// What other people's tools build is packed, served, and confirms itself.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Page } from '@playwright/test';
import { REPOSITORY } from '../harness/command.js';
import type { Device } from '../harness/device.js';
import { page as html } from '../harness/sites.js';
import { expect, test } from '../harness/test.js';

const BUILDS = join(REPOSITORY, 'web/e2e/builds');
const PACK = join(REPOSITORY, 'web/packages/pack/bin/faceplate-pack.js');

/** The tools, and how they are started in their folder. */
const TOOLS = {
  angular: ['@angular-devkit/architect/bin/cli.js', 'lamp:build'],
  astro: ['astro/astro.js', 'build'],
  'astro-plugin': ['astro/astro.js', 'build'],
  'react-router': ['@react-router/dev/bin.js', 'build'],
  react: ['vite/bin/vite.js', 'build'],
  vue: ['vite/bin/vite.js', 'build'],
  sveltekit: ['vite/bin/vite.js', 'build'],
} as const;

type Tool = keyof typeof TOOLS;

test.skip(
  !existsSync(join(BUILDS, 'node_modules/.package-lock.json')),
  'the tools are not installed: run `npm ci --ignore-scripts` in web/e2e/builds',
);

// Angular takes ten seconds of a processor to itself.
test.describe.configure({ timeout: 240_000 });

const node = (cwd: string, ...args: string[]) =>
  promisify(execFile)(process.execPath, args, {
    cwd,
    env: { ...process.env, ASTRO_TELEMETRY_DISABLED: '1', NG_CLI_ANALYTICS: 'false' },
  });

/** Builds the app of a tool in its folder. */
async function build(tool: Tool): Promise<void> {
  const [program, ...args] = TOOLS[tool];
  await node(join(BUILDS, tool), join(BUILDS, 'node_modules', program), ...args);
}

/** Packs a built folder of a tool that knows nothing of Faceplate. */
async function pack(tool: Tool, dist: string, immutable: string): Promise<void> {
  await node(join(BUILDS, tool), PACK, dist, '-o', 'www.bin', '--immutable', immutable);
}

/** Updates a device with the image of a tool, and opens it: it confirms itself. */
async function bring(
  tool: Tool,
  device: Device,
  page: Page,
  name: string,
  image = 'www.bin',
): Promise<void> {
  const bytes = await readFile(join(BUILDS, tool, image));
  await device.update(bytes, '?confirm=client&within=60');
  await page.goto(device.url);
  await heading(page, `${name} runs`);
  const status = await device.statusWhen('it is confirmed', ({ state }) => state === 'settled');
  expect(status).toMatchObject({ active: 1, last: { outcome: 'updated' } });
}

const heading = (page: Page, name: string): Promise<void> =>
  expect(page.getByRole('heading', { name, exact: true })).toBeVisible();

/** How long browsers may keep what the page has loaded, by a part of its address. */
async function kept(page: Page, part: string): Promise<string | undefined> {
  const loaded = await page.evaluate(() =>
    performance.getEntriesByType('resource').map(({ name }) => name),
  );
  const address = loaded.find((name) => name.includes(part));
  expect(address, `${part} in ${loaded.join(', ')}`).toBeDefined();
  return (await page.request.get(address ?? '')).headers()['cache-control'];
}

const OLD = { version: '0', files: { 'index.html': html('Old') } };
const FOR_GOOD = expect.stringContaining('immutable');

test('Angular', async ({ page, startDevice, pack: old }) => {
  await build('angular');
  await pack('angular', 'dist/browser', '*-????????.js');
  const device = await startDevice({ www: await old(OLD) });
  await bring('angular', device, page, 'Angular');
  expect(await kept(page, '/main-')).toEqual(FOR_GOOD);
  expect(await kept(page, 'faceplate-confirm.js')).not.toEqual(FOR_GOOD);
});

test('Vue', async ({ page, startDevice, pack: old }) => {
  await build('vue');
  const device = await startDevice({ www: await old(OLD) });
  await bring('vue', device, page, 'Vue');
  expect(await kept(page, '/assets/index-')).toEqual(FOR_GOOD);
  expect(await kept(page, 'faceplate-confirm.js')).not.toEqual(FOR_GOOD);
});

test('React, with a service worker that is written late and lists the stamped page', async ({
  page,
  startDevice,
  pack: old,
}) => {
  await build('react');
  const device = await startDevice({ www: await old(OLD) });
  await bring('react', device, page, 'React');
  const get = async (path: string) => (await page.request.get(device.url + path)).body();
  const revision = createHash('md5')
    .update(await get('/index.html'))
    .digest('hex');
  expect((await get('/sw.js')).toString()).toContain(`{url:"index.html",revision:"${revision}"}`);
});

test('Astro, with pages as files and one for what is not there', async ({
  page,
  startDevice,
  pack: old,
}) => {
  await build('astro');
  await pack('astro', 'dist', '_astro/**');
  const device = await startDevice({ www: await old(OLD) });
  await bring('astro', device, page, 'Astro');
  expect(await kept(page, '/_astro/')).toEqual(FOR_GOOD);
  await page.getByRole('link', { name: 'about' }).click();
  await heading(page, 'About Astro');
  const answer = await page.goto(`${device.url}/nothing`);
  expect(answer?.status()).toBe(404);
  await heading(page, 'Astro has no such page');
});

test('Astro with the plugin in it, whose pages are written after the last hook of Vite', async ({
  page,
  startDevice,
  pack: old,
}) => {
  await build('astro-plugin');
  const device = await startDevice({ www: await old(OLD) });
  await bring('astro-plugin', device, page, 'Astro');
  expect(await kept(page, '/_astro/')).toEqual(FOR_GOOD);
  await page.getByRole('link', { name: 'about' }).click();
  await heading(page, 'About Astro');
  await expect(page.locator('meta[name=faceplate-build]')).toHaveCount(1);
});

test('React Router without a server, with a page that is written after the build and a deep link', async ({
  page,
  startDevice,
  pack: old,
}) => {
  await build('react-router');
  const device = await startDevice({ www: await old(OLD) });
  await bring('react-router', device, page, 'React Router', 'dist/www.bin');
  expect(await kept(page, '/assets/entry.client-')).toEqual(FOR_GOOD);
  await page.getByRole('link', { name: 'Device' }).click();
  await heading(page, 'Device 192.168.1.5');
  await page.reload();
  await heading(page, 'Device 192.168.1.5');
  const about = await page.goto(`${device.url}/about`);
  const file = join(BUILDS, 'react-router/dist/client/about/index.html');
  expect([about?.status(), await about?.text()]).toEqual([200, await readFile(file, 'utf8')]);
  await heading(page, 'About React Router');
});

test('SvelteKit, with a prerendered page, a deep link, and its page for all else', async ({
  page,
  startDevice,
  pack: old,
}) => {
  await build('sveltekit');
  const device = await startDevice({ www: await old(OLD) });
  await bring('sveltekit', device, page, 'SvelteKit');
  expect(await kept(page, '/_app/immutable/')).toEqual(FOR_GOOD);
  const file = (name: string) => readFile(join(BUILDS, 'sveltekit/dist', name), 'utf8');

  // As a page of its own, and as a route of the app that runs.
  const about = await page.goto(`${device.url}/about`);
  expect([about?.status(), await about?.text()]).toEqual([200, await file('about.html')]);
  await heading(page, 'About SvelteKit');
  await page.getByRole('link', { name: 'Device' }).click();
  await heading(page, 'Device 192.168.1.5');

  const deep = await page.goto(`${device.url}/device/192.168.1.5`);
  expect([deep?.status(), await deep?.text()]).toEqual([200, await file('200.html')]);
  await heading(page, 'Device 192.168.1.5');
});
