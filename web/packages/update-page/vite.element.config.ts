// Builds dist/element.js: the custom element as one file, with all that it needs.
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

export default defineConfig({
  plugins: [
    svelte({
      configFile: false,
      compilerOptions: {
        runes: true,
        discloseVersion: false,
        // The styles have to be inside the element.
        css: 'injected',
      },
    }),
  ],
  build: {
    // Over what svelte-package has made of the same source.
    emptyOutDir: false,
    target: 'es2022',
    reportCompressedSize: false,
    modulePreload: false,
    rollupOptions: {
      input: 'src/element.ts',
      preserveEntrySignatures: 'exports-only',
      // Also what is loaded later elsewhere: one file is what there is to be copied.
      output: { entryFileNames: 'element.js', codeSplitting: false },
    },
  },
});
