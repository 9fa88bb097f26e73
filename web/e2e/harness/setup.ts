// Before all tests: builds the frontends; after them: removes them.
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildAll } from './build.js';
import { REPOSITORY } from './command.js';
import { FOLDER } from './frontends.js';

export default async function setup(): Promise<() => Promise<void>> {
  for (const name of ['update-page', 'vite-plugin']) {
    if (existsSync(`${REPOSITORY}web/packages/${name}/dist`)) continue;
    throw new Error(`web/packages/${name} is not built: run \`npm run build\` in web/ first`);
  }
  const folder = await mkdtemp(join(tmpdir(), 'faceplate-e2e-images-'));
  process.env[FOLDER] = folder;
  await buildAll(folder);
  return () => rm(folder, { recursive: true, force: true });
}
