// The page as it is served, and its script.
import { readFileSync } from 'node:fs';

export const source = readFileSync(new URL('../recovery.html', import.meta.url));
export const html = source.toString('utf8');

const found = /<script>([^]*?)<\/script>/.exec(html);
if (!found?.[1]) throw new Error('recovery.html has no <script>');
export const script = found[1];
