// The module as a page loads it from a device: each time anew, with nothing in its memory.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export type Login = typeof import('../login.js');

export const source = readFileSync(join(import.meta.dirname, '../login.js'));

let loads = 0;

/** `base`: the address of the device. */
export function load(base: string): Promise<Login> {
  const address = JSON.stringify(`${base}/api/ota/login.js`);
  const code = source.toString('utf8').replaceAll('import.meta.url', address);
  const data = Buffer.from(`${code}\n//${loads++}`).toString('base64');
  return import(/* @vite-ignore */ `data:text/javascript;base64,${data}`) as Promise<Login>;
}
