// Builds the plugin and the deploy command, with all they need but Vite itself and the packer.
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { clean } from '../../scripts/clean.js';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  plugins: [clean(here('dist'))],
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
      external: ['faceplate-pack'],
      input: { index: here('src/index.ts'), deploy: here('src/deploy.ts') },
      output: { entryFileNames: '[name].js', chunkFileNames: 'shared.js' },
    },
  },
});
