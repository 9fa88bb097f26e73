// Frontends for the tests: real builds of the example app, and what can be wrong with them.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Where the setup leaves the images; it tells the tests by this variable. */
export const FOLDER = 'FACEPLATE_E2E_IMAGES';

export type Frontend =
  /** What the device runs at first. */
  | 'old'
  /** The same app with a change that one can see. */
  | 'new'
  /** The same, and long enough that its writing takes seconds. */
  | 'big'
  /** Its script throws on its first line. */
  | 'broken';

export const VERSIONS: Record<Frontend, string> = {
  old: '1.0.0',
  new: '2.0.0',
  big: '3.0.0',
  broken: '4.0.0',
};

/** What the home page of all but `old` says first. */
export const CHANGED_HEADING = 'A changed home page';

/** Path of its image. */
export function imagePath(name: Frontend): string {
  const folder = process.env[FOLDER];
  if (!folder) throw new Error('the images were not built: run the tests by `playwright test`');
  return join(folder, `${name}.bin`);
}

/** Its image. */
export function image(name: Frontend): Promise<Buffer> {
  return readFile(imagePath(name));
}
