// Fails the build when the pages grow: everything that a browser loads for them, as it is sent.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

/**
 * Bytes for both pages together, with the script that confirms: two seconds on a slow radio, and 4 % of a slot.
 * Of the 35 kB that they have, Svelte takes 11, the client with its words 17, the confirming script 2.6.
 */
const BUDGET = 36_500;

const DIST = join(import.meta.dirname, 'dist');

let total = 0;
for (const path of readdirSync(DIST, { recursive: true, encoding: 'utf8' })) {
  // update.html is the same page under another address: a browser loads one of the two.
  if (!/\.(html|js|css)$/.test(path) || path === 'update.html') continue;
  const bytes = gzipSync(readFileSync(join(DIST, path)), { level: 9 }).length;
  console.log(`${String(bytes).padStart(8)} B  ${path}`);
  total += bytes;
}
console.log(
  `${String(total).padStart(8)} B  Home and Update together, gzip; the budget is ${BUDGET} B`,
);
if (total > BUDGET) {
  console.error(`The pages are ${total - BUDGET} B too large: what was added last?`);
  process.exitCode = 1;
}
