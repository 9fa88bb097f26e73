// Makes the pictures of the documentation: `npm run screenshots` and `npm run film`, after `npm run build` in `web`.
import { defineConfig } from '@playwright/test';
import tests from './playwright.config.js';

export default defineConfig({
  ...tests,
  testDir: '.',
  testMatch: ['screenshots.ts', 'film.ts'],
  // The script builds its own images.
  globalSetup: undefined as never,
  workers: 1,
  // A frontend that nobody confirms is taken back after a minute.
  timeout: 180_000,
});
