// Small frontends of a test's own, written out in it and packed as their makers would.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { runFaceplate } from './command.js';

export interface Site {
  readonly version: string;
  /** By path. */
  readonly files: Readonly<Record<string, string | Uint8Array>>;
  /** What is written into each page: id and confirming script by default. */
  readonly stamp?: 'script' | 'id' | 'none';
}

const STAMP = { script: ['--stamp'], id: ['--stamp', '--no-confirm-script'], none: [] };

/** A page that shows its name, with this in its head. */
export const page = (name: string, head = '', body = ''): string => `<!doctype html>
<html lang="en">
  <head><meta charset="utf-8"><title>${name}</title><link rel="icon" href="data:,">${head}</head>
  <body><h1>${name}</h1>${body}</body>
</html>
`;

/** A page whose first script throws, though it shows something. */
export const throwing = (name: string): string =>
  page(name, `<script>throw new Error('${name} throws')</script>`);

export class Sites {
  readonly #folder: string;
  #count = 0;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async create(): Promise<Sites> {
    return new Sites(await mkdtemp(join(tmpdir(), 'faceplate-e2e-sites-')));
  }

  /** Packs one, with these options of `faceplate pack`; returns the path of its image. */
  async pack({ version, files, stamp = 'script' }: Site, ...options: string[]): Promise<string> {
    const folder = join(this.#folder, String((this.#count += 1)));
    for (const [path, content] of Object.entries(files)) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), content);
    }
    const image = `${folder}.bin`;
    await runFaceplate(
      'pack',
      folder,
      '-o',
      image,
      '--app-version',
      version,
      ...STAMP[stamp],
      ...options,
    );
    return image;
  }

  remove(): Promise<void> {
    return rm(this.#folder, { recursive: true, force: true });
  }
}
