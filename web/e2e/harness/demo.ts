// The frontends of `cargo xtask demo`, for the pictures of the documentation.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { REPOSITORY, runFaceplate } from './command.js';

const APP = join(REPOSITORY, 'web/apps/provider');

export type Time = 'morning' | 'evening' | 'night';

/** Builds and packs one into a folder; `throws`: its script throws in its first line. */
export async function packDemo(
  folder: string,
  version: string,
  time: Time,
  { throws = false } = {},
): Promise<string> {
  const dist = join(folder, version, 'dist');
  const options = throws ? ['--throws'] : [];
  await promisify(execFile)('node', ['demo/build.js', dist, time, ...options], { cwd: APP });
  const image = join(folder, version, 'www.bin');
  const kept = ['--immutable', 'assets/**'];
  await runFaceplate('pack', dist, '-o', image, '--app-version', version, ...kept);
  return image;
}
