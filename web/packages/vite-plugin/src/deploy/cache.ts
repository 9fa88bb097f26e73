// Keeps the images that were deployed last: from one that a device runs, what differs is found without asking it.
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { utimesSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

/** So many are kept: some devices, and a way back. */
export const MOST = 8;

const NAME = /^[\da-f]{64}\.bin$/;

/** The place for them: that of other tools' caches in a project, or that of the system. */
export function cacheFolder(
  project: string,
  platform: NodeJS.Platform = process.platform,
  env: Record<string, string | undefined> = process.env,
): string {
  // Of a workspace, that of all its packages.
  for (let at = project; ; at = dirname(at)) {
    const modules = join(at, 'node_modules');
    if (existsSync(modules)) return join(modules, '.cache', 'faceplate');
    if (at === dirname(at)) break;
  }
  const home = homedir();
  const mac = platform === 'darwin' && join(home, 'Library', 'Caches');
  const windows = platform === 'win32' && (env['LOCALAPPDATA'] ?? join(home, 'AppData', 'Local'));
  return join(mac || windows || env['XDG_CACHE_HOME'] || join(home, '.cache'), 'faceplate');
}

const hashOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** A folder of images by their SHA-256. What cannot be read or written is not there: nothing depends on it. */
export class Cache {
  constructor(readonly folder: string) {}

  /** The image with this SHA-256, if it is there, and whole. */
  get(sha256: string): Uint8Array<ArrayBuffer> | null {
    const path = this.#path(sha256);
    if (!path) return null;
    try {
      const bytes = new Uint8Array(readFileSync(path));
      return hashOf(bytes) === sha256 ? bytes : null;
    } catch {
      return null;
    }
  }

  /** Keeps an image, as the last one, and lets go of the oldest. */
  put(sha256: string, bytes: Uint8Array): void {
    const path = this.#path(sha256);
    if (!path) return;
    try {
      mkdirSync(this.folder, { recursive: true });
      const now = new Date();
      if (this.get(sha256)) utimesSync(path, now, now);
      else {
        // Whoever reads it meanwhile finds all of it, or nothing.
        const part = `${path}.${process.pid}`;
        writeFileSync(part, bytes);
        renameSync(part, path);
      }
      const files = readdirSync(this.folder).filter((name) => NAME.test(name));
      const dated = files.map((name) => {
        const at = join(this.folder, name);
        return { at, time: statSync(at).mtimeMs };
      });
      dated.sort((a, b) => b.time - a.time);
      for (const { at } of dated.slice(MOST)) rmSync(at, { force: true });
    } catch {
      // A folder that cannot be written, a full disk: the device is asked.
    }
  }

  #path(sha256: string): string | null {
    const name = `${sha256}.bin`;
    return NAME.test(name) ? join(this.folder, name) : null;
  }
}
