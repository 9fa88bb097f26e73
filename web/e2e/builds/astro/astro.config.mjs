import { defineConfig } from 'astro/config';

export default defineConfig({
  build: { format: 'file' },
  // Files of their own, small as they are.
  vite: { build: { assetsInlineLimit: 0 } },
});
