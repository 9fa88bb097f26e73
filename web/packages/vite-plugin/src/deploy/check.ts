// Loads the new frontend as a browser would, and compares it with the image.
import { gunzipSync } from 'node:zlib';
import { assets, type Inspected } from 'faceplate-pack';
import type { Headers } from './target.js';

/** How often something is asked for whose answer does not come: the device has just started. */
const TRIES = 3;
const PAUSE_MS = 500;
/** Longest wait for a small file. */
const ANSWER_MS = 20_000;
/** What a weak Wi-Fi carries of a larger one, bytes in a millisecond. */
const RATE = 64;

/** Longest wait for a file of so many bytes. */
export const timeFor = (bytes: number): number => ANSWER_MS + Math.floor(bytes / RATE);

/** Nothing came, so nothing is known of the frontend. */
export class NoAnswer extends Error {}

/** Something is not as in the image, but the firmware may mean it so, or the page do without it. */
export class Doubt extends Error {}

/**
 * Loads `/` and all that the page loads with it. Throws what is wrong, in words; gives what is
 * missing but not needed.
 */
export async function checkFrontend(
  base: string,
  image: Inspected,
  headers: Headers,
): Promise<string[]> {
  const fetched = (file: string, path: string, accept: string) => {
    const [plain, packed] = storedAs(file, image);
    const ms = timeFor(Math.max(plain?.length ?? 0, packed?.length ?? 0));
    return get(base, path, { ...headers, Accept: accept }, ms);
  };
  const index = await fetched('index.html', '/', 'text/html,*/*;q=0.8');
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
    const answer = await fetched(file, path, '*/*');
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

async function get(base: string, path: string, headers: Headers, ms: number): Promise<Answer> {
  for (let tries = 1; ; tries++) {
    try {
      const response = await fetch(base + path, {
        headers,
        cache: 'no-store',
        redirect: 'manual',
        signal: AbortSignal.timeout(ms),
      });
      return { status: response.status, body: new Uint8Array(await response.arrayBuffer()) };
    } catch (error) {
      if (tries === TRIES) throw new NoAnswer(`no answer for ${path}`, { cause: error });
      await new Promise((done) => setTimeout(done, PAUSE_MS));
    }
  }
}

/** A file of the image, and its compressed form, of which one is there at most times. */
const storedAs = (name: string, { files }: Inspected) =>
  [files.get(name), files.get(`${name}.gz`)] as const;

/** Whether the answer for `path` is the file `name` of the image. */
function compare(image: Inspected, name: string, path: string, { status, body }: Answer): void {
  if (status !== 200) throw new Error(`${path} is answered with status ${status}`);
  const [plain, packed] = storedAs(name, image);
  // A page of the app's own making, or a folder's index.
  if (!plain && !packed) throw new Doubt(`${path} is not in the image`);
  const wanted = plain ?? (packed && gunzipSync(packed));
  if (!wanted || Buffer.compare(wanted, body) !== 0) {
    throw new Error(`${path} is answered with other bytes than the image has`);
  }
}
