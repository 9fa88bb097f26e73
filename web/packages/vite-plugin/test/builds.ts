// Runs real builds with the plugin, and keeps what they tell.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { build, createLogger, type InlineConfig, type Logger } from 'vite';
import faceplate, { type FaceplateOptions } from '../src/index.js';
import { inspect, type Inspected } from 'faceplate-pack';

/** Keeps the messages of a build. */
export function listener(): {
  logger: Logger;
  infos: string[];
  warnings: string[];
  errors: string[];
} {
  const kept = { infos: [] as string[], warnings: [] as string[], errors: [] as string[] };
  const logger = createLogger('info', { allowClearScreen: false });
  logger.info = (message) => void kept.infos.push(message);
  logger.warn = (message) => void kept.warnings.push(message);
  logger.error = (message) => void kept.errors.push(message);
  return { logger, ...kept };
}

/** Builds a project; gives what was told. */
export async function run(root: string, options: FaceplateOptions = {}, config: InlineConfig = {}) {
  const { logger, ...kept } = listener();
  await build({
    root,
    configFile: false,
    customLogger: logger,
    logLevel: 'warn',
    ...config,
    plugins: [...(config.plugins ?? []), faceplate(options)],
  });
  return kept;
}

/** The image that a build left, checked as a device would. */
export function image(root: string, path = 'www.bin'): Inspected {
  return inspect(readFileSync(join(root, path)));
}

export const isThere = (root: string, path = 'www.bin') => existsSync(join(root, path));

/** The names in an image, as a browser asks for them, in order. */
export function names(found: Inspected): string[] {
  return [...found.files.keys()].map((name) => name.replace(/\.gz$/, '')).sort();
}

/** A file of an image as text. */
export function text(found: Inspected, name: string): string {
  const plain = found.files.get(name);
  if (plain) return Buffer.from(plain).toString();
  const packed = found.files.get(`${name}.gz`);
  if (!packed) throw new Error(`no ${name} in the image`);
  return gunzipSync(packed).toString();
}
