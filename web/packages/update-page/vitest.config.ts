// The client is tested in Node, where it has to run too; tests that need a DOM say so themselves.
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  plugins: [svelte({ configFile: false })],
  // Of the two builds of Svelte, tests of components need the browser's.
  resolve: { conditions: ['browser'] },
  test: {
    environment: 'node',
    include: ['{src,test,test-ui}/**/*.test.ts'],
    // By itself Vitest leaves one core idle.
    maxWorkers: '100%',
  },
});
