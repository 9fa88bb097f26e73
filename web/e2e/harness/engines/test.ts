// What every test in another engine gets: devices and proxies as in Chromium, and a tab.
/* eslint-disable no-empty-pattern -- Playwright reads what a fixture needs from the pattern */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { devices, type DeviceFixtures } from '../fixtures.js';
import { test as base } from '@playwright/test';
import { startEngine, type Driven } from './driver.js';
import { findEngine, type Engine } from './engine.js';
import { Tab } from './tab.js';

export { expect } from '@playwright/test';

interface TestFixtures extends DeviceFixtures {
  /** In front, with no history. */
  tab: Tab;
  /** For files of the test. */
  folder: string;
}

interface WorkerFixtures {
  engine: Engine;
  driven: Driven | null;
}

export const test = base.extend<TestFixtures, WorkerFixtures>({
  ...devices,

  engine: ['Firefox', { option: true, scope: 'worker' }],

  // A browser takes seconds to start; a device at a port of its own is an origin of its own in it.
  driven: [
    async ({ engine }, use) => {
      const programs = findEngine(engine);
      if ('missing' in programs) return use(null);
      const driven = await startEngine(engine, programs);
      await use(driven);
      await driven.stop();
    },
    { scope: 'worker', timeout: 60_000 },
  ],

  tab: async ({ engine, driven }, use, info) => {
    const programs = findEngine(engine);
    if ('missing' in programs) info.skip(true, programs.missing);
    if (!driven) throw new Error(`${engine} was not started`);
    const { driver } = driven;
    const before = await driver.getAllWindowHandles();
    await driver.switchTo().newWindow('tab');
    const fresh = await driver.getWindowHandle();
    for (const handle of before) {
      await driver.switchTo().window(handle);
      await driver.close();
    }
    await driver.switchTo().window(fresh);
    await use(new Tab(driver));
  },

  folder: async ({}, use) => {
    const folder = await mkdtemp(join(tmpdir(), 'faceplate-e2e-files-'));
    await use(folder);
    await rm(folder, { recursive: true, force: true });
  },
});
