// Tests of the plugin: real builds, on loopback, in temporary folders of this package.
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: {
    alias: {
      'faceplate-update-page/ota': fileURLToPath(
        new URL('../update-page/src/ota.ts', import.meta.url),
      ),
    },
  },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: 'test/setup.ts',
    // A cold SvelteKit build on a busy machine.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
