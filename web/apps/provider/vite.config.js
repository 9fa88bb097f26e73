// Builds two pages of the same modules: `/` and `/update.html`. What is unusual here keeps them small:
// a device has little flash and a slow radio.
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';
import faceplate from 'vite-plugin-faceplate';

/**
 * Vite's own helper for `import()` fetches styles and modules ahead, and its pages ask for them as for those of
 * another host. Here is nothing to fetch, and no other host.
 *
 * @type {import('vite').Plugin}
 */
const small = {
  name: 'small',
  enforce: 'pre',
  transformIndexHtml: {
    order: 'post',
    handler: (html) => html.replaceAll(' crossorigin', ''),
  },
  load: (id) =>
    id === '\0vite/preload-helper.js' ? 'export const __vitePreload = (load) => load();' : null,
};

export default defineConfig({
  // Relative addresses: this app has its routes in the hash, and works below the prefix of a reverse proxy.
  base: './',
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
    small,
    faceplate(),
  ],
  // `Features.LightDark`: the styles ask themselves whether it is there, so its variables are for nothing.
  css: { lightningcss: { exclude: 1 << 20 } },
  build: {
    target: 'es2022',
    // The oldest browsers that the pages are for: `<dialog>` came last of what they need.
    cssTarget: ['safari15.4', 'firefox98', 'chrome100'],
    modulePreload: false,
    // One file of styles compresses better than three.
    cssCodeSplit: false,
    rollupOptions: {
      input: ['index.html', 'update.html'],
      // To read a property does nothing, here and in Svelte: what is only read can go.
      treeshake: { propertyReadSideEffects: false, unknownGlobalSideEffects: false },
    },
  },
});
