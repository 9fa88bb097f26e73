// Finds out what of an image a device has already.
import { cut, readChunks } from './chunks.js';
import type { Device } from './device.js';
import { makePatch } from './patch.js';
import { sha256 } from './sha256.js';
import type { Status } from './status.js';

/** A larger image is not taken into memory as a whole: no chip has a slot for it. */
const WHOLE_BYTES = 16 << 20;
/** Of an upload that broke off (crates/faceplate/src/verify/problem.rs): what it has left may be whole chunks. */
const UNFINISHED = /did not complete$/;

/**
 * A patch that makes the image of what the device has; null where it does not tell, or has nothing. `hash`: the
 * image's SHA-256, where it is known. Throws the signal's reason where it is aborted.
 */
export async function differ(
  device: Device,
  image: Blob,
  status: Status,
  hash: string | undefined,
  signal: AbortSignal,
): Promise<Blob | null> {
  if (image.size > WHOLE_BYTES) return null;
  const list = async (slot: number, length?: number) =>
    readChunks(await device.chunks(slot, length, signal));
  const { active, slots } = status;
  const other = 1 - active;
  try {
    const base = slots[active]?.valid ? await list(active) : null;
    const unfinished = UNFINISHED.test(slots[other]?.problem ?? '');
    const left = unfinished ? await list(other, image.size) : null;
    // The SHA-256 behind the length.
    const whole = base?.of.subarray(4).some(Boolean) ? base : null;
    if (!whole && !left) return null;
    const bytes = new Uint8Array(await image.arrayBuffer());
    const chunks = await cut(bytes, signal);
    return makePatch({ image: bytes, sha256: hash ?? sha256(bytes), chunks, base: whole, left });
  } catch {
    // A device from before there were patches, a proxy that knows of none: all of it is sent.
    signal.throwIfAborted();
    return null;
  }
}
