// Tests of the plugin: real builds, on loopback, in temporary folders of this package.
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  resolve: {
    alias: {
      'faceplate-update-page/ota': here('../update-page/src/ota.ts'),
      'faceplate-pack': here('../pack/src/index.ts'),
    },
  },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: 'test/setup.ts',
    // The longest wait for devices; alone, one after the other, they take two minutes.
    maxWorkers: 3,
    // A cold SvelteKit build on a busy machine.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
