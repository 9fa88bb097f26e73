// Builds the plugin and the deploy command, with all they need but Vite itself.
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  resolve: {
    // From its source, so that this package builds in any order.
    alias: { 'faceplate-update-page/ota': here('../update-page/src/ota.ts') },
  },
  build: {
    ssr: true,
    target: 'node20',
    // The wasm is built into the same folder.
    emptyOutDir: false,
    minify: false,
    rollupOptions: {
      input: { index: here('src/index.ts'), deploy: here('src/deploy.ts') },
      output: { entryFileNames: '[name].js', chunkFileNames: '[name].js' },
    },
  },
});
