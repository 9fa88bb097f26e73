// Before all tests: builds the frontends; after them: removes them.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from './build.js';
import { FOLDER, VERSIONS, type Frontend } from './frontends.js';

export default async function setup(): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'faceplate-e2e-images-'));
  process.env[FOLDER] = folder;
  await Promise.all((Object.keys(VERSIONS) as Frontend[]).map((name) => build(name, folder)));
  return () => rm(folder, { recursive: true, force: true });
}
