// Builds two pages of the same modules: `/` and `/update.html`. What is unusual here keeps them small:
// a device has little flash and a slow radio.
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';
import faceplate from 'vite-plugin-faceplate';

export default defineConfig({
  plugins: [
    svelte({
      configFile: false,
      compilerOptions: {
        runes: true,
        discloseVersion: false,
        // Three digits tell the few components apart; the default has six.
        cssHash: ({ hash, css }) => `f${hash(css).slice(0, 3)}`,
      },
    }),
    faceplate(),
  ],
  build: {
    target: 'es2022',
    // Of the minifiers, terser saves the most: 4 % of what is sent.
    minify: 'terser',
    terserOptions: { module: true, compress: { passes: 3 } },
    modulePreload: false,
    // One file of styles compresses better than three.
    cssCodeSplit: false,
    rollupOptions: { input: ['index.html', 'update.html'] },
  },
});
