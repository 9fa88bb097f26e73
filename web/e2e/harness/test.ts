// What every test gets: devices, proxies and a foreign server that end with it.
/* eslint-disable no-empty-pattern -- Playwright reads what a fixture needs from the pattern */
import { test as base } from '@playwright/test';
import { devices, type DeviceFixtures } from './fixtures.js';
import { startForeign, type Foreign } from './foreign.js';

export { expect } from '@playwright/test';

interface Fixtures extends DeviceFixtures {
  /** Another site. */
  foreign: Foreign;
  /** Errors that no script caught; a test that provokes some empties this. */
  pageErrors: Error[];
}

export const test = base.extend<Fixtures>({
  ...devices,

  foreign: async ({}, use) => {
    const foreign = await startForeign();
    await use(foreign);
    await foreign.stop();
  },

  pageErrors: [
    async ({ context }, use) => {
      const errors: Error[] = [];
      context.on('weberror', (error) => errors.push(error.error()));
      await use(errors);
      base.expect(errors, 'errors that no script caught').toEqual([]);
    },
    { auto: true },
  ],
});
