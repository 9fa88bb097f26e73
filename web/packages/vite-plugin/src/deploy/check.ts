// Loads the new frontend as a browser would, and compares it with the image.
import { gunzipSync } from 'node:zlib';
import { assets, type Inspected } from 'faceplate-pack';

/** How often something is asked for whose answer does not come: the device has just started. */
const TRIES = 3;
const PAUSE_MS = 500;
/** The largest file of a slot takes seconds, even through a weak network. */
const ANSWER_MS = 20_000;

/** Nothing came, so nothing is known of the frontend. */
export class NoAnswer extends Error {}

/** Something is not as in the image, but the firmware may mean it so, or the page do without it. */
export class Doubt extends Error {}

/**
 * Loads `/` and all that the page loads with it. Throws what is wrong, in words; gives what is
 * missing but not needed.
 */
export async function checkFrontend(base: string, image: Inspected): Promise<string[]> {
  const index = await get(base, '/', 'text/html,*/*;q=0.8');
  compare(image, 'index.html', '/', index);
  const warnings: string[] = [];
  const place = placeOf(base);
  for (const { path, file, needed, outside } of assets(index.body, place)) {
    if (outside) {
      const prefix = place.slice(place.indexOf('/'));
      warnings.push(
        `the page asks for ${path} and not below ${prefix}: opened at ${base}/ it does not find it; ` +
          `build it with relative addresses (Vite: base './') or for ${prefix}/`,
      );
    }
    const answer = await get(base, path, '*/*');
    try {
      compare(image, file, path, answer);
    } catch (error) {
      // A picture may be missing. Another one than the image's is never right.
      const { message } = error as Error;
      if (needed) throw error;
      if (answer.status === 200) throw new Doubt(message, { cause: error });
      warnings.push(message);
    }
  }
  return warnings;
}

/** Host, port and prefix of a device. */
export const placeOf = (base: string): string => base.replace(/^http:\/\//, '');

interface Answer {
  readonly status: number;
  /** Unpacked. */
  readonly body: Uint8Array;
}

async function get(base: string, path: string, accept: string): Promise<Answer> {
  for (let tries = 1; ; tries++) {
    try {
      const response = await fetch(base + path, {
        headers: { Accept: accept },
        cache: 'no-store',
        redirect: 'manual',
        signal: AbortSignal.timeout(ANSWER_MS),
      });
      return { status: response.status, body: new Uint8Array(await response.arrayBuffer()) };
    } catch (error) {
      if (tries === TRIES) throw new NoAnswer(`no answer for ${path}`, { cause: error });
      await new Promise((done) => setTimeout(done, PAUSE_MS));
    }
  }
}

/** Whether the answer for `path` is the file `name` of the image. */
function compare(image: Inspected, name: string, path: string, { status, body }: Answer): void {
  if (status !== 200) throw new Error(`${path} is answered with status ${status}`);
  const plain = image.files.get(name);
  const packed = image.files.get(`${name}.gz`);
  // A page of the app's own making, or a folder's index.
  if (!plain && !packed) throw new Doubt(`${path} is not in the image`);
  const wanted = plain ?? (packed && gunzipSync(packed));
  if (!wanted || Buffer.compare(wanted, body) !== 0) {
    throw new Error(`${path} is answered with other bytes than the image has`);
  }
}
