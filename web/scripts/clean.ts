// Takes older code out of a package's dist/; the wasm and the types there are built apart.
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin } from 'vite';

/** A plugin that does so when a build begins. */
export const clean = (dist: string): Plugin => ({
  name: 'clean',
  buildStart() {
    mkdirSync(dist, { recursive: true });
    for (const name of readdirSync(dist)) {
      if (name.endsWith('.js')) rmSync(join(dist, name));
    }
  },
});
