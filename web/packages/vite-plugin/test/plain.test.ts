// Plain Vite builds and those of several pages.
import { readdirSync } from 'node:fs';
import type { Rolldown } from 'vite';
import { expect, test } from 'vitest';
import { image, isThere, names, run, text } from './builds.js';
import { noise, project, write } from './project.js';

const APP = {
  'package.json': '{ "name": "lamp", "version": "1.4.0", "type": "module" }',
  'index.html': '<!doctype html><title>Lamp</title><script type="module" src="/main.js"></script>',
  'main.js': 'import "./style.css"; import("./later.js"); document.title += " is on";',
  'later.js': 'document.title += ", later";',
  'style.css': 'body { color: teal }',
  'public/logo.png': noise(3000),
};

test('a build leaves www.bin beside dist, with the version of package.json', async () => {
  const root = project(APP);
  const { infos } = await run(root);
  const found = image(root);
  expect(found.manifest).toEqual({ version: '1.4.0', api: [1, 1] });
  expect(found.slot).toBe(1 << 20);
  expect(text(found, 'index.html')).toContain('<title>Lamp</title>');
  expect(found.files.get('logo.png')).toEqual(Uint8Array.from(noise(3000)));
  expect(readdirSync(root).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  const report = infos.find((line) => line.includes('www.bin'));
  expect(report).toContain(
    `version 1.4.0, build ${found.build}, sha256 ${found.sha256.slice(0, 12)}`,
  );
  expect(report).toMatch(/6 files, .* of 256 blocks/);
});

test('what Vite names by content is marked, and nothing else, however it looks', async () => {
  const root = project({
    ...APP,
    'main.js': `import './style.css'; import('./later.js');
      import wide from './my ESP32 photo.v2.png'; console.log(wide);
      new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });`,
    'worker.js': 'import("./later.js"); postMessage(1);',
    'my ESP32 photo.v2.png': noise(9000),
    'public/assets/board-ESP32Cam.svg': '<svg/>',
    'public/assets/index-DiwrgTda.js': 'mine',
  });
  const emits = {
    name: 'emits',
    generateBundle(this: Rolldown.PluginContext) {
      this.emitFile({ type: 'asset', fileName: 'assets/own-DiwrgTda.js', source: '1' });
      this.emitFile({ type: 'asset', name: 'data.json', source: '{}' });
    },
  };
  const { warnings } = await run(root, {}, { plugins: [emits], build: { sourcemap: true } });
  expect(warnings).toEqual([]);
  const { files, immutable } = image(root);
  const kinds = (paths: Iterable<string>) =>
    [...paths].map((path) => path.replace(/-[\w-]{8}\./, '-HASH.').replace(/\.gz$/, '')).sort();
  expect(kinds(immutable ?? [])).toEqual([
    'assets/data-HASH.json',
    'assets/index-HASH.css',
    'assets/index-HASH.js',
    'assets/later-HASH.js',
    'assets/my ESP32 photo.v2-HASH.png',
    'assets/worker-HASH.js',
  ]);
  const others = [...files.keys()].filter((path) => !immutable?.has(path));
  expect(kinds(others.filter((path) => !/\.map(\.gz)?$/.test(path)))).toEqual([
    'assets/board-HASH.svg',
    'assets/index-HASH.js',
    'assets/own-HASH.js',
    ...['faceplate-confirm.js', 'index.html', 'logo.png'],
  ]);
});

test('files whose names the user set are marked by patterns alone', async () => {
  const root = project({ ...APP, 'index.html': '<script type=module src=/main.js></script>' });
  const output = { entryFileNames: 'app-DiwrgTda.js', assetFileNames: '[name][extname]' };
  const config = { build: { rollupOptions: { output } } };
  await run(root, {}, config);
  expect([...(image(root).immutable ?? [])]).toEqual([
    expect.stringMatching(/^assets\/later-.*\.js$/),
  ]);
  const { warnings } = await run(root, { immutable: ['app-*', 'gone/**'] }, config);
  expect([...(image(root).immutable ?? [])]).toContain('app-DiwrgTda.js.gz');
  expect(warnings).toEqual(['warning: immutable: gone/** matches no file']);
});

test('every page of a build with several is packed', async () => {
  const root = project({ ...APP, 'update.html': APP['index.html'], 'help/index.html': '<p>Help' });
  const input = ['index.html', 'update.html', 'help/index.html'].map((page) => `${root}/${page}`);
  await run(root, {}, { build: { rollupOptions: { input } } });
  expect(names(image(root))).toEqual(
    expect.arrayContaining(['help/index.html', 'index.html', 'update.html']),
  );
});

test('the same build gives the same bytes', async () => {
  const [a, b] = [project(APP), project(APP)];
  await run(a);
  await run(b);
  expect(image(a).sha256).toBe(image(b).sha256);
  write(b, { 'style.css': 'body { color: navy }' });
  await run(b);
  expect(image(a).sha256).not.toBe(image(b).sha256);
});

test('an outDir elsewhere takes www.bin with it, and `out` names another place', async () => {
  const root = project(APP);
  await run(root, {}, { build: { outDir: 'made/site' } });
  expect(isThere(root, 'made/www.bin')).toBe(true);
  expect(isThere(root)).toBe(false);
  await run(root, { out: 'images/lamp.bin' });
  expect(isThere(root, 'images/lamp.bin')).toBe(true);
  expect(isThere(root)).toBe(false);
});
