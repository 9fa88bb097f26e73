// Builds what the tests start as a user would: the command from its package.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

export async function setup(): Promise<void> {
  if (!existsSync(new URL('../dist/faceplate.wasm', import.meta.url))) {
    throw new Error('dist/faceplate.wasm is not there; run `npm run build:wasm`');
  }
  const root = fileURLToPath(new URL('..', import.meta.url));
  await build({ root, logLevel: 'warn' });
}
