// Fails the build when the pages grow: what a browser loads for them, as it is sent.
import { readFileSync } from 'node:fs';
import { posix, join } from 'node:path';
import { gzipSync } from 'node:zlib';

/**
 * Bytes that show Update at rest, and of Home the device's name and how it answers, with the script that confirms:
 * the time that one waits for.
 */
const AT_REST = 25_000;
/** Bytes with what is loaded once somebody updates. */
const UPDATING = 44_122;
/** Bytes that Home loads after it is there: lamp, chart, log, and what the device is. */
const LIVE = 5_870;

const DIST = join(import.meta.dirname, 'dist');
/** What a page or a module loads by itself, and what it may load later. */
const STATIC =
  /(?:\bsrc=|<link\b[^>]*\bhref=|\bfrom\s*|\bimport\s*)["'`]([^"'`]+\.(?:js|css))["'`]/g;
const DYNAMIC = /(?:\bimport\(\s*|\bnew URL\(\s*)["'`]([^"'`]+\.(?:js|css))["'`]/g;
/** What Home loads later; all else that is loaded later is for an update. */
const HOME = /\/live-[^/]+$/;

/**
 * Adds what is loaded by these files to them, and what by that.
 *
 * @param {string[]} from Paths in `dist`.
 * @param {RegExp[]} how
 */
function loaded(from, ...how) {
  const all = new Set(from);
  for (const path of all) {
    if (path.endsWith('.css')) continue;
    const code = readFileSync(join(DIST, path), 'utf8');
    for (const [, to] of how.flatMap((one) => [...code.matchAll(one)])) {
      all.add(posix.join('/', to?.startsWith('/') ? '' : posix.dirname(path), to ?? '').slice(1));
    }
  }
  return all;
}

/** @param {Set<string>} paths */
function weigh(paths) {
  let total = 0;
  for (const path of paths) {
    // update.html is the same page under another address: a browser loads one of the two.
    if (path === 'update.html') continue;
    const bytes = gzipSync(readFileSync(join(DIST, path)), { level: 9 }).length;
    console.log(`${String(bytes).padStart(8)} B  ${path}`);
    total += bytes;
  }
  return total;
}

/** @type {(what: string, total: number, budget: number) => void} */
function compare(what, total, budget) {
  console.log(`${String(total).padStart(8)} B  ${what}, gzip; the budget is ${budget} B`);
  if (total <= budget) return;
  console.error(`That is ${total - budget} B too much: what was added last?`);
  process.exitCode = 1;
}

const pages = ['index.html', 'update.html'];
const atRest = loaded(pages, STATIC);
const rest = weigh(atRest);
compare('Home and Update at rest', rest, AT_REST);
const later = [...loaded(pages, STATIC, DYNAMIC)].filter((path) => !atRest.has(path));
const home = later.filter((path) => HOME.test(path));
const update = later.filter((path) => !HOME.test(path));
// Each has its scripts, and Home its styles: a name that does not fit any more is no budget kept.
if (home.length !== 2 || update.length !== 1) {
  throw new Error(`other parts than are known here: ${later.join(', ')}`);
}
compare('with what an update takes', rest + weigh(new Set(update)), UPDATING);
compare('that Home loads later', weigh(new Set(home)), LIVE);
