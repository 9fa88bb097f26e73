// What is brought to a device.
import type { Inspected } from 'faceplate-pack';

/** An image and what is in it. */
export interface Image extends Inspected {
  readonly bytes: Uint8Array<ArrayBuffer>;
}
