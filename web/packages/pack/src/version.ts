// What people call a frontend.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ImageError } from './errors.js';
import { OptionError, type ImageOptions } from './options.js';

/** The version that the user set, or that of the nearest package.json; `null` where there is none. */
export async function versionOf(
  version: ImageOptions['version'],
  root: string,
): Promise<string | null> {
  const set = typeof version === 'function' ? await version() : version;
  if (set !== undefined) {
    if (typeof set === 'string' && set !== '') return set;
    throw new OptionError(
      `version: ${JSON.stringify(set)} is no version; write a text like '1.2.0'`,
    );
  }
  // The nearest package.json, as for everything else that is built in this folder.
  for (let folder = root; ; folder = dirname(folder)) {
    const file = join(folder, 'package.json');
    let text: string;
    try {
      text = readFileSync(file, 'utf8');
    } catch {
      if (folder === dirname(folder)) return null;
      continue;
    }
    try {
      const found: unknown = (JSON.parse(text) as { version?: unknown }).version;
      return typeof found === 'string' && found !== '' ? found : null;
    } catch {
      throw new ImageError(`${file}: not JSON, so it tells no version`);
    }
  }
}
