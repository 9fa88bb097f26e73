// Builds two pages of the same modules: `/` and `/update.html`. The Update page is loaded when it is
// asked for. What is unusual here keeps the pages small: a device has little flash and a slow radio.
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';
import faceplate from 'vite-plugin-faceplate';

/**
 * Vite's own helper for `import()` fetches styles and modules ahead. Here is nothing to fetch, and
 * what it does when a file is gone fits in a line.
 *
 * @type {import('vite').Plugin}
 */
const smallImport = {
  name: 'small-import',
  enforce: 'pre',
  load(id) {
    if (id !== '\0vite/preload-helper.js') return null;
    return `export const __vitePreload = (load) => load().catch((payload) => {
      const event = Object.assign(new Event('vite:preloadError', { cancelable: true }), { payload });
      if (dispatchEvent(event)) throw payload;
    });`;
  },
};

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
    smallImport,
    faceplate(),
  ],
  build: {
    target: 'es2022',
    // Of the minifiers, terser saves the most: 4 % of what is sent.
    minify: 'terser',
    terserOptions: { module: true, compress: { passes: 3, pure_getters: true, unsafe: true } },
    modulePreload: false,
    // One file of styles compresses better than three.
    cssCodeSplit: false,
    rollupOptions: {
      input: ['index.html', 'update.html'],
      // Two files: what every page needs, and the rest of the Update page.
      output: { manualChunks: (id) => (/svelte.src|main\.ts/.test(id) ? 'main' : null) },
    },
  },
});
