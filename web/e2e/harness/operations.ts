// Counts the flash operations of an update, so that the power can be cut at one that matters.
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Device } from './device.js';

/** More than any update takes: erases and programs of 256 sectors, page by page, and the settings. */
const MOST = 8192;

/**
 * How many operations pass from the power-on of a device until it has answered to an upload of this
 * image. Tried on copies of its flash file, with ever closer power cuts.
 */
export async function countOperations(flash: string, image: Uint8Array): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'faceplate-e2e-count-'));
  const copy = join(folder, 'flash.bin');
  try {
    let [died, survived] = [-1, MOST];
    while (survived - died > 1) {
      const cut = Math.floor((died + survived) / 2);
      await copyFile(flash, copy);
      const device = await Device.fast(copy, cut);
      const answer = await device
        .send('POST', '/api/ota/frontend', image, 'application/octet-stream')
        .catch(() => null);
      await device.powerOff();
      if (answer?.status === 200) survived = cut;
      else died = cut;
    }
    return survived;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
