// The test of the packages as strangers get them; needs Rust, and a registry or npm's cache.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test-pack/**/*.test.ts'],
    // Building the packer and installing Vite on a slow machine.
    testTimeout: 600_000,
    hookTimeout: 600_000,
  },
});
