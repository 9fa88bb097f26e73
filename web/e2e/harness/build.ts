// Builds the frontends for the tests with Vite, as their makers would, and packs them.
import { cp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { build as viteBuild, type Plugin } from 'vite';
import { REPOSITORY, runFaceplate } from './command.js';
import { REGISTER, SERVICE_WORKER } from './service-worker.js';
import { CHANGE, HASTY, VERSIONS, type Frontend } from './frontends.js';

const APP = join(REPOSITORY, 'web/apps/provider');

const LAZY = join(REPOSITORY, 'web/e2e/fixtures/lazy');

/** With the app, nearly a whole slot of 1 MiB: the longest time for a test to step in. */
const PHOTO = 900 * 1024;

/** What these show is what `old` shows. */
const UNCHANGED: readonly Frontend[] = ['old', 'hasty', 'kept'];

/** Bytes that no compression makes smaller, the same ones every time. */
function noise(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = seed;
  for (let i = 0; i < length; i += 1) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0; // Numerical Recipes' generator
    bytes[i] = state >>> 24;
  }
  return bytes;
}

/** Changes the app before it is built, so that the hashes in its names are those of the change. */
function change(name: Frontend): Plugin {
  return {
    name: 'change-for-tests',
    enforce: 'pre',
    transform(code, id) {
      if (!id.startsWith(APP)) return null;
      if (name === 'broken' && id.endsWith('.ts'))
        return { code: `throw new Error('a broken build');\n${code}`, map: null };
      if (name === 'hasty' && id.endsWith('/Update.svelte'))
        return { code: code.replace('<UpdatePage', `<UpdatePage within={${HASTY}}`), map: null };
      if (UNCHANGED.includes(name)) return null;
      if (id.endsWith('.css')) return { code: `${code}\nhtml { --changed: 1 }`, map: null };
      // One on each page.
      if (/\/(Home|Update)\.svelte$/.test(id))
        return { code: `${code}\n<p>${CHANGE}</p>\n`, map: null };
      return null;
    },
    transformIndexHtml() {
      return name === 'kept' ? [{ tag: 'script', children: REGISTER, injectTo: 'body' }] : [];
    },
    generateBundle() {
      if (name === 'kept')
        this.emitFile({ type: 'asset', fileName: 'worker.js', source: SERVICE_WORKER });
      const seed = { big: 1, before: 2 }[name as string];
      if (seed) this.emitFile({ type: 'asset', name: 'photo.jpg', source: noise(PHOTO, seed) });
    },
  };
}

/** Folder that a build is in. */
// The app's own configuration leaves an image beside `dist`, so each build has a folder of its own.
const distOf = (folder: string, name: Frontend): string => join(folder, name, 'dist');

/** An image of what is in the frontend's `dist`. */
async function pack(folder: string, name: Frontend, ...options: string[]): Promise<void> {
  const image = join(folder, `${name}.bin`);
  const version = VERSIONS[name];
  await runFaceplate(
    'pack',
    distOf(folder, name),
    '-o',
    image,
    '--app-version',
    version,
    '--immutable',
    'assets/**',
    ...options,
  );
}

async function build(folder: string, name: Frontend): Promise<void> {
  await viteBuild({
    root: APP,
    logLevel: 'error',
    build: { outDir: distOf(folder, name), emptyOutDir: true },
    plugins: [change(name)],
  });
  await pack(folder, name);
}

/** The app that loads a part of itself later; each version has another text in that part. */
async function buildLazy(folder: string, name: Frontend): Promise<void> {
  await viteBuild({
    root: LAZY,
    configFile: false,
    logLevel: 'error',
    define: { VERSION: JSON.stringify(VERSIONS[name]) },
    build: { outDir: distOf(folder, name), emptyOutDir: true },
  });
  await pack(folder, name);
}

/** All of them, each in the folder as `NAME.bin` and `NAME/dist`. */
export async function buildAll(folder: string): Promise<void> {
  const built: Frontend[] = ['before', 'old', 'hasty', 'kept', 'new', 'big', 'broken'];
  await Promise.all(built.map((name) => build(folder, name)));
  for (const name of ['lazy-old', 'lazy-new'] as const) await buildLazy(folder, name);

  const copies: Frontend[] = ['unstyled', 'odd', 'future'];
  for (const name of copies) {
    await cp(distOf(folder, 'new'), distOf(folder, name), { recursive: true });
  }
  const assets = join(distOf(folder, 'unstyled'), 'assets');
  for (const file of await readdir(assets)) {
    if (file.endsWith('.css')) await rm(join(assets, file));
  }
  await pack(folder, 'unstyled', '--stamp');
  await pack(folder, 'odd');
  await pack(folder, 'future', '--api', '99');
}
