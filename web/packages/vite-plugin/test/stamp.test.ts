// Build ids in the pages of real builds: in the image, and the same in the folder that was packed.
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { preview, type InlineConfig } from 'vite';
import { expect, onTestFinished, test } from 'vitest';
import faceplate, { type FaceplateOptions } from '../src/index.js';
import { makeImage, recipe } from 'faceplate-pack';
import { image, isThere, names, run, text } from './builds.js';
import { noise, project, write } from './project.js';

const PAGE = (title: string) =>
  `<!doctype html><html><head><title>${title}</title><script type="module" src="/main.js"></script>` +
  '</head><body></body></html>';
const APP = {
  'package.json': '{ "version": "1.0.0" }',
  'index.html': PAGE('Lamp'),
  'main.js': 'document.title += " is on";',
};
const SCRIPT = 'faceplate-confirm.js';

/** The stamp with the script at `at`; without a script where that is null. */
const stamp = (build: string | null, at: string | null) =>
  `<head><meta name="faceplate-build" content="${build}">` +
  (at === null ? '' : `<script src="${at}"></script>`);

/** Builds with several pages. */
const pages = (root: string, list: string[], config: InlineConfig = {}): InlineConfig => ({
  ...config,
  build: { rollupOptions: { input: list.map((page) => join(root, page)) } },
});

const dist = (root: string, path: string) => readFileSync(join(root, 'dist', path), 'utf8');
const pack = async (root: string, options: FaceplateOptions = {}) =>
  makeImage({ dir: join(root, 'dist'), out: join(root, 'www.bin') }, await recipe(options, root));

/** Whether folder and image have the same files with the same bytes. */
function expectTheSame(root: string): void {
  const found = image(root);
  const files = readdirSync(join(root, 'dist'), { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => statSync(join(root, 'dist', path)).isFile());
  expect(names(found)).toEqual(files.sort());
  for (const path of files) expect(text(found, path), path).toBe(dist(root, path));
}

test('every page begins its head with the id of the build and the script that confirms', async () => {
  const root = project({ ...APP, 'help/index.html': PAGE('Help'), 'public/about.html': '<p>Hi' });
  const { infos, warnings } = await run(root, {}, pages(root, ['index.html', 'help/index.html']));
  const { build } = image(root);
  expect(build).toMatch(/^[0-9a-f]{16}$/);
  for (const page of ['index.html', 'help/index.html']) {
    expect(dist(root, page), page).toContain(stamp(build, `/${SCRIPT}`));
  }
  expect(dist(root, 'about.html')).toContain(`content="${build}"`);
  expect(infos.join()).toContain(`version 1.0.0, build ${build}, sha256`);
  expect(warnings).toEqual([]);
  expect(dist(root, SCRIPT)).toMatch(/^\/\*! Faceplate/);
  expectTheSame(root);
});

test('with `confirm: false` pages get the id alone', async () => {
  const root = project(APP);
  await run(root, { confirm: false });
  const { build } = image(root);
  expect(build).toMatch(/^[0-9a-f]{16}$/);
  expect(dist(root, 'index.html')).toContain(`${stamp(build, null)}<title>`);
  expect(isThere(root, `dist/${SCRIPT}`)).toBe(false);
  expectTheSame(root);
});

test('the script is beside the pages of a build that may be served anywhere', async () => {
  const root = project({ ...APP, 'help/index.html': PAGE('Help') });
  await run(root, {}, pages(root, ['index.html', 'help/index.html'], { base: './' }));
  const { build } = image(root);
  expect(dist(root, 'index.html')).toContain(stamp(build, `./${SCRIPT}`));
  expect(dist(root, 'help/index.html')).toContain(stamp(build, `../${SCRIPT}`));
});

test('where a page has a base, the script is found from there', async () => {
  const root = project({ ...APP, 'public/based.html': '<head><base href="/"><script src="x.js">' });
  await run(root);
  const { build } = image(root);
  expect(dist(root, 'based.html')).toContain(stamp(build, `/${SCRIPT}`));
});

test('a page that only runs scripts of its own host can confirm', async () => {
  const csp = `<meta http-equiv="Content-Security-Policy" content="script-src 'self'">`;
  const root = project({ ...APP, 'index.html': PAGE('Lamp').replace('<title>', `${csp}<title>`) });
  await run(root);
  const page = dist(root, 'index.html');
  expect(page).toContain(csp);
  for (const [, code] of page.matchAll(/<script[^>]*>([^<]*)/g)) expect(code).toBe('');
});

test('packing a folder again changes nothing, and gives the same image', async () => {
  const root = project(APP);
  await run(root);
  const [{ sha256 }, page] = [image(root), join(root, 'dist/index.html')];
  const { mtimeMs } = statSync(page);
  await pack(root, { immutable: 'assets/**' });
  expect(image(root).sha256).toBe(sha256);
  expect(statSync(page).mtimeMs).toBe(mtimeMs);
  expectTheSame(root);
});

test('a folder that is packed otherwise loses what it had before', async () => {
  const root = project(APP);
  await run(root);
  const { build } = image(root);
  await pack(root, { confirm: false });
  expect(image(root).build).not.toBe(build);
  expect(dist(root, 'index.html')).toContain(`${stamp(image(root).build, null)}<title>`);
  expect(names(image(root))).not.toContain(SCRIPT);
  await pack(root);
  expect(image(root).build).toBe(build);
  expectTheSame(root);
});

test('another file is another build', async () => {
  const root = project({ ...APP, 'public/logo.png': noise(300) });
  await run(root);
  const { build } = image(root);
  write(root, { 'public/logo.png': noise(301) });
  await run(root);
  expect(image(root).build).not.toBe(build);
});

test('what another plugin compressed of a page before it was stamped is removed', async () => {
  const root = project(APP);
  const compress = {
    name: 'compress',
    closeBundle: () => {
      for (const path of ['index.html', 'assets/keep.svg']) {
        mkdirSync(join(root, 'dist/assets'), { recursive: true });
        writeFileSync(join(root, 'dist/assets/keep.svg'), '<svg/>');
        const bytes = readFileSync(join(root, 'dist', path));
        writeFileSync(join(root, 'dist', `${path}.gz`), gzipSync(bytes));
      }
    },
  };
  await run(root, { gzip: 'never' }, { plugins: [compress] });
  expect(isThere(root, 'dist/index.html.gz')).toBe(false);
  expect(isThere(root, 'dist/assets/keep.svg.gz')).toBe(true);
  expect(text(image(root), 'index.html')).toBe(dist(root, 'index.html'));
});

test('a build that is refused leaves its pages as they were', async () => {
  const root = project({ ...APP, 'public/film.mp4': noise(50_000) });
  await expect(run(root, { maxSize: 1000 })).rejects.toThrow(/more than maxSize allows/);
  expect(dist(root, 'index.html')).not.toContain('faceplate');
  expect(isThere(root, `dist/${SCRIPT}`)).toBe(false);
});

test('a file of the app with the name of the script is refused in words', async () => {
  const root = project({ ...APP, [`public/${SCRIPT}`]: 'mine' });
  await expect(run(root)).rejects.toThrow(/faceplate: packing .*faceplate-confirm\.js/);
  expect(dist(root, SCRIPT)).toBe('mine');
});

test.skipIf(process.platform === 'win32')(
  'pages in a linked folder are stamped in the image alone, and that is told',
  async () => {
    const root = project({ ...APP, 'docs/help.html': PAGE('Help') });
    await run(root);
    symlinkSync(join(root, 'docs'), join(root, 'dist/docs'));
    const { warnings } = await pack(root);
    expect(warnings).toContain(
      'docs/help.html is in a linked folder: it has its build id in the image alone',
    );
    expect(readFileSync(join(root, 'docs/help.html'), 'utf8')).toBe(PAGE('Help'));
    const { build } = image(root);
    expect(text(image(root), 'docs/help.html')).toContain(`content="${build}"`);
    expect(dist(root, 'index.html')).toContain(`content="${build}"`);
  },
);

test('a page that takes no stamp is told', async () => {
  const odd = Buffer.from('\ufeff<p>Hi', 'utf16le');
  const root = project({ ...APP, 'public/odd.html': odd });
  const { warnings } = await run(root);
  expect(warnings).toEqual(['warning: odd.html has no build id, so it cannot confirm this build']);
  expect(image(root).build).not.toBeNull();
  expect(readFileSync(join(root, 'dist/odd.html')).equals(odd)).toBe(true);
});

test('vite preview serves what the device serves', async () => {
  const root = project(APP);
  await run(root);
  const server = await preview({
    root,
    configFile: false,
    logLevel: 'silent',
    preview: { host: '127.0.0.1', port: 0 },
    plugins: [faceplate({ device: '127.0.0.1:1' })],
  });
  onTestFinished(() => server.close());
  const { port } = server.httpServer.address() as AddressInfo;
  for (const path of ['', SCRIPT]) {
    const served = await (await fetch(`http://127.0.0.1:${port}/${path}`)).text();
    expect(served).toBe(text(image(root), path || 'index.html'));
  }
});
