// How the end-to-end tests run: in Chromium, each against a simulated device of its own.
import { defineConfig } from '@playwright/test';
import { findBrowser } from './harness/browser.js';

const executablePath = findBrowser();

export default defineConfig({
  testDir: 'tests',
  outputDir: 'test-results',
  globalSetup: './harness/setup.ts',
  // Every test has its own device at its own port, so any two can run at once.
  fullyParallel: true,
  // Most of a test is waiting for the device: its flash and its restarts take their real time.
  workers: 5,
  // A test that passes only sometimes is to be repaired, not repeated.
  retries: 0,
  forbidOnly: Boolean(process.env['CI']),
  reporter: 'list',
  // Flash and restarts take the time that they take on a chip, and a busy machine adds to it. No test is
  // about these times: they only say when to give up.
  timeout: 180_000,
  expect: { timeout: 45_000 },
  use: {
    actionTimeout: 45_000,
    navigationTimeout: 45_000,
    trace: 'off',
    launchOptions: {
      ...(executablePath ? { executablePath } : {}),
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        // A name that a stranger has pointed at the device (DNS rebinding).
        // And one of a phone's maker, on an access point where all names lead to the device.
        '--host-resolver-rules=MAP rebound.example 127.0.0.1, MAP captive.apple.com 127.0.0.1',
      ],
    },
  },
});
