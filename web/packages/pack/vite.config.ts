// Builds the packer and its command; what it depends on is installed beside it.
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { clean } from '../../scripts/clean.js';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  plugins: [clean(here('dist'))],
  build: {
    ssr: true,
    target: 'node20',
    emptyOutDir: false,
    minify: false,
    rollupOptions: {
      input: { index: here('src/index.ts'), command: here('src/command.ts') },
      output: { entryFileNames: '[name].js', chunkFileNames: 'shared.js' },
    },
  },
});
