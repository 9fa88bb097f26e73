// How the main flows run in Firefox and WebKit: Playwright's test runner, with W3C WebDriver instead of its browsers.
import { defineConfig } from '@playwright/test';
import { ENGINES, type Engine } from './harness/engines/engine.js';

export default defineConfig<object, { engine: Engine }>({
  testDir: 'engines',
  outputDir: 'test-results/engines',
  globalSetup: './harness/engines/setup.ts',
  fullyParallel: true,
  // Most of a test is waiting, and only so many engines are started.
  workers: 3,
  retries: 0,
  forbidOnly: Boolean(process.env['CI']),
  reporter: 'list',
  timeout: 90_000,
  projects: ENGINES.map((engine) => ({ name: engine, use: { engine } })),
});
