// What is written after Vite's last hook, or instead of it: builds in processes of their own.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { image, isThere, names, text } from './builds.js';
import { project } from './project.js';

const PLUGIN = new URL('../dist/index.js', import.meta.url);

/** The beginning of each script: a build whose plugins may write more. */
const BUILD = `
  import { writeFileSync, rmSync } from 'node:fs';
  import { build } from 'vite';
  import faceplate from '${PLUGIN}';
  const run = (options = {}, plugins = [], config = {}) =>
    build({ configFile: false, ...config, plugins: [faceplate(options), ...plugins] });
  const last = (handler) => ({ name: 'last', enforce: 'post',
    closeBundle: { order: 'post', sequential: true, handler } });
  const write = (path, text = path) => writeFileSync('dist/' + path, text);
  const PAGE = { build: { rollupOptions: { input: 'main.js' } } };`;

interface Ended {
  readonly root: string;
  readonly code: number;
  readonly told: string;
}

/** Builds a project by a script. */
async function script(code: string): Promise<Ended> {
  const root = project({
    'index.html': '<!doctype html><title>Lamp</title>',
    'main.js': 'export {}',
    'build.js': `${BUILD}\n${code}`,
    'package.json': '{ "type": "module", "version": "1.0.0" }',
  });
  return new Promise((done) => {
    const env = { ...process.env, NO_COLOR: '1' };
    const child = execFile(
      process.execPath,
      [join(root, 'build.js')],
      { cwd: root, env },
      (_, stdout, stderr) => done({ root, code: child.exitCode ?? -1, told: stdout + stderr }),
    );
  });
}

const OURS = ['faceplate-confirm.js', 'index.html'];

test('what a later plugin writes at the very end is in the image', async () => {
  const { root, code, told } = await script(
    `await run({}, [last(async () => { await null; write('late.txt'); write('about.html'); })]);`,
  );
  expect(told).toContain('about.html, late.txt changed after www.bin, which is made anew');
  expect(names(image(root))).toEqual(['about.html', ...OURS, 'late.txt']);
  const { build } = image(root);
  for (const page of ['about.html', 'index.html']) {
    expect(text(image(root), page).match(/faceplate-build" content="[^"]*"/g)).toEqual([
      `faceplate-build" content="${build}"`,
    ]);
  }
  expect(code).toBe(0);
});

test('what is written, changed and removed after the build is in the image, also when the tool ends itself', async () => {
  const { root, code, told } = await script(`
    await run({}, [last(() => { write('gone.txt'); write('a.txt', 'old'); })]);
    rmSync('dist/gone.txt');
    for (let i = 0; i < 7; i += 1) write(i + '.txt');
    write('a.txt', 'new');
    process.exit(0);`);
  expect(told).toContain('0.txt, 1.txt, 2.txt, 3.txt, 4.txt and 3 more changed after');
  expect(text(image(root), 'a.txt')).toBe('new');
  expect(names(image(root))).not.toContain('gone.txt');
  expect(code).toBe(0);
});

test('of a folder that never was nothing can be made, and the build fails', async () => {
  const { root, code, told } = await script(`await run({ dir: 'elsewhere' });`);
  expect(told).toMatch(/faceplate: .*elsewhere/);
  expect(isThere(root)).toBe(false);
  expect(code).toBe(1);
});

test('a build whose pages come later is packed when they are there', async () => {
  const { root, code, told } = await script(`
    await run({}, [], PAGE);
    write('index.html', '<title>Later</title>');`);
  expect(told).toContain('no page at the top of dist yet; www.bin is made when all is written');
  expect(text(image(root), 'index.html')).toContain('<title>Later</title>');
  expect(code).toBe(0);
});

test('pages that the build of a server writes are packed when that is done', async () => {
  const { root, code, told } = await script(`
    const page = () => write('index.html', '<title>Server</title>');
    await run({}, [], PAGE);
    await run({}, [{ name: 'prerender', closeBundle: page }],
      { build: { ssr: 'main.js', outDir: 'server' } });
    console.log('all built');`);
  expect(told.indexOf('www.bin: version')).toBeLessThan(told.indexOf('all built'));
  expect(text(image(root), 'index.html')).toContain('<title>Server</title>');
  expect(code).toBe(0);
});

test('a build that never has a page ends with 1 in words, and without an image', async () => {
  const { root, code, told } = await script('await run({}, [], PAGE);');
  expect(told).toContain('faceplate: packing dist: there is no index.html at the top');
  expect(code).toBe(1);
  expect(isThere(root)).toBe(false);
});

test('what came late and cannot be packed ends with 1 in words, and without an image', async () => {
  const { root, code, told } = await script(
    `await run({ maxSize: 20_000 });
     write('late.bin', Buffer.from(Array.from({ length: 30_000 }, () => Math.random() * 256)));`,
  );
  expect(told).toMatch(/faceplate: the image has .* more than maxSize allows.*late\.bin/);
  expect(code).toBe(1);
  expect(isThere(root)).toBe(false);
});

test('a process that fails after a build leaves no image that is not of the folder', async () => {
  for (const [late, is] of [
    [`write('half.txt');`, false],
    ['', true],
  ] as const) {
    const { root, code } = await script(`await run(); ${late} process.exit(7);`);
    expect(code).toBe(7);
    expect(isThere(root)).toBe(is);
  }
});

test('a folder or an image that was taken away is no mistake', async () => {
  for (const path of ['dist', 'www.bin']) {
    const { root, code } = await script(`
      await run(); write('late.txt'); rmSync('${path}', { recursive: true });`);
    expect(code).toBe(0);
    expect(isThere(root, path)).toBe(false);
  }
});
