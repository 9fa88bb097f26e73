// Builds the plugin and the deploy command, with all they need but Vite itself.
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Takes older code out of dist/; the wasm and the types are built apart. */
const clean: Plugin = {
  name: 'clean',
  buildStart() {
    const dist = here('dist');
    mkdirSync(dist, { recursive: true });
    for (const name of readdirSync(dist)) {
      if (name.endsWith('.js')) rmSync(join(dist, name));
    }
  },
};

export default defineConfig({
  plugins: [clean],
  resolve: {
    // From its source, so that this package builds in any order.
    alias: { 'faceplate-update-page/ota': here('../update-page/src/ota.ts') },
  },
  build: {
    ssr: true,
    target: 'node20',
    emptyOutDir: false,
    minify: false,
    rollupOptions: {
      input: { index: here('src/index.ts'), deploy: here('src/deploy.ts') },
      output: { entryFileNames: '[name].js', chunkFileNames: 'shared.js' },
    },
  },
});
