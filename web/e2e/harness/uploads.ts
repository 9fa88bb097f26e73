// Uploads by a client that is no browser, in ways that a browser does not allow.
import { request } from 'node:http';
import { image, type Frontend } from './frontends.js';
import type { Device } from './device.js';

/** Far within the device's patience with a body that stands still (15 s). */
const TRICKLE_MS = 1000;

/** Sends the first half of an image and then hardly anything, so that the device stays busy. */
export async function keepBusy(
  device: Device,
  name: Frontend,
): Promise<{ stop: () => Promise<void> }> {
  const bytes = await image(name);
  const sent = request(`${device.url}/api/ota/frontend`, {
    method: 'POST',
    agent: false,
    headers: { 'Content-Type': 'application/octet-stream', 'Content-Length': bytes.length },
  });
  sent.on('error', () => {}); // it ends by being cut off
  let at = Math.floor(bytes.length / 2);
  sent.write(bytes.subarray(0, at));
  const timer = setInterval(() => sent.write(bytes.subarray(at, ++at)), TRICKLE_MS);
  await device.statusWhen('the other upload runs', ({ upload }) => (upload?.written ?? 0) > 0);
  return {
    async stop() {
      clearInterval(timer);
      sent.destroy();
      await device.statusWhen('it is no longer busy', ({ upload }) => !upload);
    },
  };
}
