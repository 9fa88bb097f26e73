// What every test gets: devices, proxies and a foreign server that end with it.
/* eslint-disable no-empty-pattern -- Playwright reads what a fixture needs from the pattern */
import { test as base } from '@playwright/test';
import { Device, type DeviceOptions } from './device.js';
import { startForeign, type Foreign } from './foreign.js';
import { Proxy } from './proxy.js';

export { expect } from '@playwright/test';

interface Fixtures {
  /** Makes a device and powers it on. */
  startDevice: (options?: DeviceOptions) => Promise<Device>;
  /** A way to a device that can break. */
  startProxy: (device: Device) => Promise<Proxy>;
  /** Another site. */
  foreign: Foreign;
  /** Errors that no script caught; a test that provokes some empties this. */
  pageErrors: Error[];
}

export const test = base.extend<Fixtures>({
  startDevice: async ({}, use, info) => {
    const devices: Device[] = [];
    await use(async (options) => {
      const device = await Device.start(options);
      devices.push(device);
      return device;
    });
    for (const device of devices) {
      if (info.status !== info.expectedStatus)
        console.log(`what the device at ${device.url} printed:\n${device.output}`);
      await device.remove();
    }
  },

  startProxy: async ({}, use) => {
    const proxies: Proxy[] = [];
    await use(async (device) => {
      const proxy = await Proxy.start(device.port);
      proxies.push(proxy);
      return proxy;
    });
    for (const proxy of proxies) await proxy.stop();
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
