// Devices and ways to them that end with the test that asked for them, in whatever browser it runs.
/* eslint-disable no-empty-pattern -- Playwright reads what a fixture needs from the pattern */
import type { TestInfo } from '@playwright/test';
import { Device, type DeviceOptions } from './device.js';
import { Proxy } from './proxy.js';
import { Signer } from './signer.js';
import { Sites, type Site } from './sites.js';

export interface DeviceFixtures {
  /** Makes a device and powers it on. */
  startDevice: (options?: DeviceOptions) => Promise<Device>;
  /** A way to a device that can break. */
  startProxy: (device: Device) => Promise<Proxy>;
  /** Packs a small frontend of the test's own; returns the path of its image. */
  pack: (site: Site, ...options: string[]) => Promise<string>;
  /** Makes a key, and who signs by it. */
  newSigner: () => Promise<Signer>;
}

type Use<T> = (value: T) => Promise<void>;

export const devices = {
  startDevice: async ({}, use: Use<DeviceFixtures['startDevice']>, info: TestInfo) => {
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

  startProxy: async ({}, use: Use<DeviceFixtures['startProxy']>) => {
    const proxies: Proxy[] = [];
    await use(async (device) => {
      const proxy = await Proxy.start(device.port);
      proxies.push(proxy);
      return proxy;
    });
    for (const proxy of proxies) await proxy.stop();
  },

  pack: async ({}, use: Use<DeviceFixtures['pack']>) => {
    const sites = await Sites.create();
    await use((...args) => sites.pack(...args));
    await sites.remove();
  },

  newSigner: async ({}, use: Use<DeviceFixtures['newSigner']>) => {
    const signers: Signer[] = [];
    await use(async () => {
      const signer = await Signer.create();
      signers.push(signer);
      return signer;
    });
    for (const signer of signers) await signer.remove();
  },
};
