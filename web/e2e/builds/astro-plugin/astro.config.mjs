import { defineConfig } from 'astro/config';
import faceplate from 'vite-plugin-faceplate';

// The pages of the other app, packed by the plugin: Astro writes them after Vite's last hook.
export default defineConfig({
  srcDir: '../astro/src',
  build: { format: 'file' },
  vite: { build: { assetsInlineLimit: 0 }, plugins: [faceplate({ report: false })] },
});
