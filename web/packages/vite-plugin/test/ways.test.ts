// The many ways to build: servers, nothing written, watching, several builds, versions.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, createBuilder, type Rolldown } from 'vite';
import { expect, onTestFinished, test, vi } from 'vitest';
import faceplate from '../src/index.js';
import { image, isThere, listener, names, run, text } from './builds.js';
import { noise, project, write } from './project.js';

const APP = { 'index.html': '<title>Lamp</title>', 'public/logo.png': noise(3000) };

test('the build of a server is left alone, and so is the image', async () => {
  const root = project({ ...APP, 'server.js': 'export const x = 1;', 'www.bin': 'theirs' });
  await run(root, {}, { build: { ssr: 'server.js', outDir: 'server' } });
  expect(readFileSync(join(root, 'www.bin'), 'utf8')).toBe('theirs');
});

test('a build that writes nothing leaves the image alone', async () => {
  const root = project({ ...APP, 'www.bin': 'theirs' });
  await run(root, {}, { build: { write: false } });
  expect(readFileSync(join(root, 'www.bin'), 'utf8')).toBe('theirs');
});

test('of an app with several environments the one for browsers is packed', async () => {
  const root = project({ ...APP, 'server.js': 'export const x = 1;' });
  const builder = await createBuilder({
    root,
    configFile: false,
    logLevel: 'silent',
    plugins: [faceplate()],
    environments: {
      ssr: { build: { outDir: 'server', rollupOptions: { input: `${root}/server.js` } } },
    },
    builder: {},
  });
  await builder.buildApp();
  expect(isThere(root, 'server/server.js')).toBe(true);
  expect(names(image(root))).toEqual(['faceplate-confirm.js', 'index.html', 'logo.png']);
});

test('two folders that would be packed into the same image are refused', async () => {
  const root = project(APP);
  const builder = await createBuilder({
    root,
    configFile: false,
    logLevel: 'silent',
    plugins: [faceplate()],
    environments: { phone: { consumer: 'client', build: { outDir: 'phone' } } },
    builder: { sharedPlugins: true, sharedConfigBuild: true },
  });
  const input = { rollupOptions: { input: `${root}/index.html` } };
  Object.assign(builder.environments['phone']?.config.build ?? {}, input);
  await expect(builder.buildApp()).rejects.toThrow(/is the image of .*dist and of .*phone/);
});

test('while it watches, every build is packed, and a mistake does not end it', async () => {
  const root = project({
    ...APP,
    'main.js': '1',
    'index.html': '<script type="module" src="/main.js">',
  });
  const { logger, errors } = listener();
  const watcher = (await build({
    root,
    configFile: false,
    customLogger: logger,
    logLevel: 'warn',
    build: { watch: {} },
    plugins: [faceplate({ version: () => readFileSync(join(root, 'version'), 'utf8') })],
  })) as Rolldown.RolldownWatcher;
  onTestFinished(() => watcher.close());
  await vi.waitFor(() => expect(errors.join()).toContain('version'), 20_000);
  expect(isThere(root)).toBe(false);
  const builds = new Set<string | null>();
  for (const version of ['1', '2']) {
    write(root, { version, 'main.js': `console.log(${version})` });
    await vi.waitFor(() => expect(image(root).manifest?.version).toBe(version), 20_000);
    const { build } = image(root);
    const page = readFileSync(join(root, 'dist/index.html'), 'utf8');
    expect(page.match(/<meta name="faceplate-build" content="[^"]*">/g)).toEqual([
      `<meta name="faceplate-build" content="${build}">`,
    ]);
    builds.add(build);
  }
  expect(builds.size).toBe(2);
  const script = names(image(root)).find((name) => name.endsWith('.js'));
  expect(text(image(root), script ?? '')).toContain('console.log(2)');
});

test('the version is the one that is set, that of package.json, or tells contents apart', async () => {
  const version = async (files: Record<string, string>, set?: string | (() => Promise<string>)) => {
    const root = project({ ...APP, ...files });
    await run(root, set === undefined ? {} : { version: set });
    return image(root).manifest?.version;
  };
  const file = { 'package.json': '{"version":"3.2.1"}' };
  expect(await version(file)).toBe('3.2.1');
  expect(await version(file, 'set')).toBe('set');
  expect(await version(file, async () => 'asked')).toBe('asked');
  const folder = { ...APP, 'package.json': '{"version":"9"}' };
  const inside = project({ ...folder, 'web/index.html': '<title>Lamp</title>' });
  await run(join(inside, 'web'));
  expect(image(inside, 'web/www.bin').manifest?.version).toBe('9');
  const own = await version({ 'package.json': '{}' });
  expect(own).toMatch(/^[0-9a-f]{8}$/);
  expect(await version({ 'package.json': '{}', 'public/x': 'x' })).not.toBe(own);
});

test('file names that the user set are kept', async () => {
  const root = project({
    ...APP,
    'main.js': 'alert()',
    'index.html': '<script type=module src=/main.js>',
  });
  await run(root, {}, { build: { rollupOptions: { output: { entryFileNames: 'app.js' } } } });
  expect(names(image(root))).toContain('app.js');
});

test('the report is short when it is switched off', async () => {
  const root = project(APP);
  const { infos } = await run(root, { report: false });
  const told = infos.filter((line) => line.includes('www.bin'));
  expect(told).toHaveLength(1);
  expect(told[0]?.trim().split('\n')).toHaveLength(1);
});

// The path of the command line tool, where it is built.
const FACEPLATE = process.env['FACEPLATE'];
test.skipIf(!FACEPLATE)('the command line tool makes the same image', async () => {
  const root = project({ ...APP, 'public/big.txt': 'all work and no play\n'.repeat(5000) });
  await run(root, { version: '1', size: '512K' });
  const out = join(root, 'theirs.bin');
  const args = ['pack', join(root, 'dist'), '-o', out, '--app-version', '1', '--size', '512K'];
  execFileSync(FACEPLATE as string, args);
  expect(readFileSync(out).equals(readFileSync(join(root, 'www.bin')))).toBe(true);
});
