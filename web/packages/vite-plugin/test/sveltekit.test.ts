// SvelteKit builds with its static adapter, in a process of their own: it builds in the working folder.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { image, isThere, names, text } from './builds.js';
import { project } from './project.js';

const run = promisify(execFile);
const VITE = fileURLToPath(new URL('../../../node_modules/vite/bin/vite.js', import.meta.url));
const build = (root: string) => run(process.execPath, [VITE, 'build'], { cwd: root });

const app = (adapter: string) => ({
  'package.json': '{ "name": "kit-lamp", "version": "2.0.0", "type": "module" }',
  'svelte.config.js': `import adapter from '@sveltejs/adapter-static';
    export default { kit: { adapter: adapter(${adapter}) } };`,
  'vite.config.js': `import { sveltekit } from '@sveltejs/kit/vite';
    import faceplate from 'vite-plugin-faceplate';
    export default { plugins: [sveltekit(), faceplate()] };`,
  'src/app.html': `<!doctype html><head>%sveltekit.head%</head><body>%sveltekit.body%</body>`,
  'src/routes/+layout.js': 'export const prerender = true;',
  'src/routes/+page.svelte': '<h1>Lamp</h1><a href="/about">About</a>',
  'src/routes/about/+page.svelte': '<h1>About</h1>',
});

test('what the adapter wrote is packed and stamped, where it is set to write it', async () => {
  const root = project(app(`{ pages: 'made/site', fallback: '200.html' }`));
  await build(root);
  const found = image(root);
  expect(found.manifest?.version).toBe('2.0.0');
  expect(text(found, 'about.html')).toContain('<h1>About</h1>');
  const immutable = names(found).filter((name) => name.startsWith('_app/immutable/'));
  expect(immutable.length).toBeGreaterThan(0);
  const marked = [...(found.immutable ?? [])].map((path) => path.replace(/\.gz$/, ''));
  expect(marked.sort()).toEqual(immutable);
  const meta = `<head><meta name="faceplate-build" content="${found.build}">`;
  // Prerendered pages find what they load beside themselves, also below the prefix of a proxy.
  const scripts = { 'index.html': './', 'about.html': './', '200.html': '/' };
  for (const [page, to] of Object.entries(scripts)) {
    expect(text(found, page)).toContain(`${meta}<script src="${to}faceplate-confirm.js">`);
    expect(readFileSync(join(root, 'made/site', page), 'utf8')).toBe(text(found, page));
  }
});

test('a build for the prefix of a proxy finds the script that confirms below it', async () => {
  const files = app(`{ fallback: '200.html' }`);
  const config = files['svelte.config.js'].replace('kit: {', "kit: { paths: { base: '/kitchen' },");
  const root = project({
    ...files,
    'svelte.config.js': config,
    'src/routes/+page.svelte': '<h1>Lamp</h1>',
  });
  await build(root);
  expect(text(image(root), 'index.html')).toContain('<script src="./faceplate-confirm.js">');
  expect(text(image(root), '200.html')).toContain('<script src="/kitchen/faceplate-confirm.js">');
});

test('what a plugin changed after SvelteKit had it named is not marked', async () => {
  const files = app(`{ fallback: '200.html' }`);
  const late = `{ name: 'late', generateBundle(_, bundle) {
    for (const [name, file] of Object.entries(bundle)) if (/entry\\/start/.test(name)) file.code += '/* banner */';
  } }`;
  const config = files['vite.config.js'].replace('faceplate()', `faceplate(), ${late}`);
  const root = project({ ...files, 'vite.config.js': config });
  const { stderr } = await build(root);
  const found = image(root);
  const [start, ...more] = names(found).filter((name) => name.includes('/entry/start'));
  expect(more).toEqual([]);
  expect(stderr).toContain(`warning: ${start}: changed after the build had named it`);
  const all = names(found).filter((name) => name.startsWith('_app/immutable/'));
  const marked = [...(found.immutable ?? [])].map((path) => path.replace(/\.gz$/, ''));
  expect(marked.sort()).toEqual(all.filter((name) => name !== start));
});

test('an app in two folders is refused in words', async () => {
  const root = project(app(`{ pages: 'build/pages', assets: 'build/assets' }`));
  await expect(build(root)).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining('pages and assets in one folder'),
  });
  expect(isThere(root)).toBe(false);
});
