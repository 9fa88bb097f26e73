// Frontends for the tests: real builds of the example app, and what can be wrong with them.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from '@playwright/test';

/** Where the setup leaves the images; it tells the tests by this variable. */
export const FOLDER = 'FACEPLATE_E2E_IMAGES';

export type Frontend =
  /** What the other slot holds from earlier: long, so that writing over it takes erases. */
  | 'before'
  /** What the device runs at first. */
  | 'old'
  /** `old`, whose Update page gives a new frontend only a few seconds to confirm itself. */
  | 'hasty'
  /** `old`, with a service worker that keeps its pages. */
  | 'kept'
  /** The same app with a change that one can see. */
  | 'new'
  /** The same, and long enough that its writing takes seconds. */
  | 'big'
  /** Its script throws on its first line. */
  | 'broken'
  /** `new`, but its stylesheet is missing. */
  | 'unstyled'
  /** `new`, with a version that would do harm where it is taken for HTML. */
  | 'odd'
  /** `new`, made for a firmware that does not exist yet. */
  | 'future'
  /** An app that loads a part of itself later, and what comes after it. */
  | 'lazy-old'
  | 'lazy-new';

export const VERSIONS: Record<Frontend, string> = {
  before: '0.9.0',
  old: '1.0.0',
  hasty: '1.1.0',
  kept: '1.2.0',
  new: '2.0.0',
  big: '3.0.0',
  broken: '4.0.0',
  unstyled: '5.0.0',
  odd: '<img src=x onerror="throw Error(this)">',
  future: '6.0.0',
  'lazy-old': '7.0.0',
  'lazy-new': '8.0.0',
};

/** Seconds that `hasty` gives: nothing that proves itself needs as long. */
export const HASTY = 15;

/** What the pages of all that came after `old` say at their end. */
export const CHANGE = 'This page was changed.';

/** Path of its image. */
export function imagePath(name: Frontend): string {
  const folder = process.env[FOLDER];
  if (!folder) throw new Error('the images were not built: run the tests by `playwright test`');
  return join(folder, `${name}.bin`);
}

/** Its hashed scripts, styles and other assets. */
export async function builtAssets(name: Frontend): Promise<string[]> {
  const files = await readdir(join(distPath(name), 'assets'));
  return files.map((file) => `/assets/${file}`);
}

/** Folder that its build is in. */
export const distPath = (name: Frontend): string => imagePath(name).replace('.bin', '/dist');

/** Its image. */
export function image(name: Frontend): Promise<Buffer> {
  return readFile(imagePath(name));
}

/** The assets that a page has loaded. */
export function loadedAssets(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    performance
      .getEntriesByType('resource')
      .map(({ name }) => new URL(name).pathname)
      .filter((path) => path.startsWith('/assets/')),
  );
}
