// The pages as they are served, and their scripts.
import { readFileSync } from 'node:fs';

export interface Source {
  readonly name: string;
  readonly bytes: Buffer;
  readonly html: string;
  readonly script: string;
}

function read(name: string): Source {
  const bytes = readFileSync(new URL(`../${name}`, import.meta.url));
  const html = bytes.toString('utf8');
  const script = /<script>([^]*?)<\/script>/.exec(html)?.[1];
  if (!script) throw new Error(`${name} has no <script>`);
  return { name, bytes, html, script };
}

export const recovery = read('recovery.html');
export const wifi = read('wifi.html');
