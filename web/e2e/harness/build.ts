// Builds one frontend for the tests with Vite, as its makers would, and packs it.
import { join } from 'node:path';
import { build as viteBuild, type Plugin } from 'vite';
import { REPOSITORY, runFaceplate } from './command.js';
import { CHANGE, VERSIONS, type Frontend } from './frontends.js';

const APP = join(REPOSITORY, 'web/apps/provider');

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
      if (name !== 'old' && id.endsWith('.svelte'))
        return { code: `${code}\n<p>${CHANGE}</p>\n`, map: null };
      return null;
    },
    generateBundle() {
      const seed = { big: 1, before: 2 }[name as string];
      if (seed)
        this.emitFile({ type: 'asset', name: 'photo.jpg', source: noise(700 * 1024, seed) });
    },
  };
}

export async function build(name: Frontend, folder: string): Promise<void> {
  // The app's own configuration leaves an image beside `dist`, so each build has a folder of its own.
  const dist = join(folder, name, 'dist');
  await viteBuild({
    root: APP,
    logLevel: 'error',
    build: { outDir: dist, emptyOutDir: true },
    plugins: [change(name)],
  });
  const image = join(folder, `${name}.bin`);
  await runFaceplate('pack', dist, '-o', image, '--app-version', VERSIONS[name]);
}
