// Builds what the tests start as a user would: both packages, and the command.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

export async function setup(): Promise<void> {
  if (!existsSync(new URL('../../pack/dist/faceplate.wasm', import.meta.url))) {
    throw new Error('dist/faceplate.wasm is not there; run `npm run build:wasm`');
  }
  for (const one of ['../../pack', '..']) {
    const root = fileURLToPath(new URL(one, import.meta.url));
    await build({ root, logLevel: 'warn' });
  }
}
