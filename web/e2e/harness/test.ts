// What every test gets: devices, proxies and a foreign server that end with it.
/* eslint-disable no-empty-pattern -- Playwright reads what a fixture needs from the pattern */
import { test as base } from '@playwright/test';
import { startDeploy, startFaceplate, type Running } from './command.js';
import { devices, type DeviceFixtures } from './fixtures.js';
import { startForeign, type Foreign } from './foreign.js';

export { expect } from '@playwright/test';

interface Fixtures extends DeviceFixtures {
  /** Commands that run beside the test. */
  run: {
    push: (image: string, ...args: string[]) => Running;
    deploy: (image: string, ...args: string[]) => Running;
    faceplate: (...args: string[]) => Running;
  };
  /** Another site. */
  foreign: Foreign;
  /** Errors that no script caught; a test that provokes some empties this. */
  pageErrors: Error[];
}

export const test = base.extend<Fixtures>({
  ...devices,

  run: async ({}, use) => {
    const running: Running[] = [];
    const note = (command: Running): Running => {
      running.push(command);
      return command;
    };
    await use({
      push: (...args) => note(startFaceplate('push', ...args)),
      deploy: (...args) => note(startDeploy(...args)),
      faceplate: (...args) => note(startFaceplate(...args)),
    });
    for (const command of running) command.stop();
  },

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
