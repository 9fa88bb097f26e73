// Plain Vite builds and those of several pages.
import { appendFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
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

/** A bundle as plugins see it that change it. */
type Bundle = Record<string, { code: string; source: string }>;

const LATE = [
  { kind: /assets\/index-.*\.js/, change: (file: Bundle[string]) => (file.code += '/* banner */') },
  { kind: /assets\/index-.*\.css/, change: (file: Bundle[string]) => (file.source += 'p {}') },
];

for (const { kind, change } of LATE) {
  const handler = (_: unknown, bundle: object) => {
    for (const [name, file] of Object.entries(bundle as Bundle)) if (kind.test(name)) change(file);
  };
  for (const [where, config] of Object.entries({
    'in front of all': {
      plugins: [
        { name: 'late', enforce: 'pre', generateBundle: { order: 'pre', handler } } as const,
      ],
    },
    'between others': { plugins: [{ name: 'late', generateBundle: handler }] },
    'behind all': {
      build: {
        rollupOptions: {
          plugins: [{ name: 'late', generateBundle: { order: 'post', handler } } as const],
        },
      },
    },
  })) {
    test(`${kind.source} is not marked when a plugin ${where} changed it after it was named`, async () => {
      const root = project(APP);
      const { warnings } = await run(root, {}, config);
      const marked = [...(image(root).immutable ?? [])];
      expect(marked.filter((name) => kind.test(name))).toEqual([]);
      expect(marked.some((name) => /assets\/later-.*\.js/.test(name))).toBe(true);
      expect(warnings).toEqual([
        expect.stringMatching(`^warning: ${kind.source}: changed after the build had named it`),
      ]);
    });
  }
}

test('a file that a plugin changes where it is written is not marked, one that is compressed there is', async () => {
  const root = project({
    ...APP,
    'main.js': `import './style.css'; import('./later.js'); document.title += '${'on '.repeat(900)}';`,
  });
  const at = (name: string) => join(root, 'dist', name);
  const onDisk = {
    name: 'on-disk',
    writeBundle(_: unknown, bundle: object) {
      for (const name of Object.keys(bundle)) {
        if (/later-/.test(name)) appendFileSync(at(name), '// banner');
        if (!/index-/.test(name)) continue;
        writeFileSync(at(`${name}.gz`), gzipSync(readFileSync(at(name))));
        rmSync(at(name));
      }
    },
  };
  const { warnings } = await run(root, {}, { plugins: [onDisk] });
  const marked = [...(image(root).immutable ?? [])];
  expect(marked.map((name) => name.replace(/-.{8}\./, '-HASH.')).sort()).toEqual([
    'assets/index-HASH.css.gz',
    'assets/index-HASH.js.gz',
  ]);
  expect(warnings).toEqual([expect.stringMatching(/assets\/later-.*\.js: changed after/)]);
  // Whoever names it by a pattern knows better.
  await run(root, { immutable: 'assets/*.{js,css}' }, { plugins: [onDisk] });
  expect([...(image(root).immutable ?? [])]).toHaveLength(3);
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
