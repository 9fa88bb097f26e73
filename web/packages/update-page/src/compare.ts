// What a new frontend is to the one that runs.
import type { Named } from './state.js';

/** Numbers count as numbers, everything else as text. */
function natural(a: string, b: string): number {
  const parts = (text: string) => text.match(/\d+|[a-z]+/gi) ?? [];
  const [left, right] = [parts(a), parts(b)];
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const [x, y] = [left[i], right[i]];
    if (x === undefined || y === undefined) return x === undefined ? -1 : 1;
    const [m, n] = [Number(x), Number(y)];
    // A number comes before a word, as in SemVer.
    if (isNaN(m) !== isNaN(n)) return isNaN(m) ? 1 : -1;
    const order = isNaN(m) ? Number(x > y) - Number(x < y) : Math.sign(m - n);
    if (order) return order;
  }
  return 0;
}

/**
 * Below 0 where `a` is older than `b`, above 0 where it is newer, 0 where it is the same; null where
 * nobody can tell, such as for two commit hashes.
 */
export function compareVersions(a: string, b: string): number | null {
  if (a === b) return 0;
  const parse = (text: string) => /^v?(\d+(?:\.\d+)*)(-[^+]+)?(?:\+.*)?$/i.exec(text.trim());
  const [x, y] = [parse(a), parse(b)];
  // A number alone may be a commit, but `7` and `8` are versions.
  if (!x || !y) return null;
  const zeros = /(\.0+)+$/;
  const order = natural((x[1] ?? '').replace(zeros, ''), (y[1] ?? '').replace(zeros, ''));
  return order || stage(x[2]) - stage(y[2]) || natural(x[2] ?? '', y[2] ?? '');
}

/** Before a release, the release, or commits after it as `git describe` counts them. */
const stage = (suffix: string | undefined) =>
  !suffix ? 0 : /^-\d+-g[0-9a-f]+/.test(suffix) ? 1 : -1;

/** Whether going to one from the other is going forward. */
export const isForward = (from: Named | null, to: Named | null): boolean =>
  !!from?.version && !!to?.version && (compareVersions(to.version, from.version) ?? 0) > 0;

/** What tells two frontends apart. */
export interface Content extends Named {
  readonly sha256: string | null;
}

/**
 * `identical`: the very same; `same`: the same version with other content; `other`: nobody can tell
 * which is newer.
 */
export type Relation = 'identical' | 'same' | 'newer' | 'older' | 'other';

export function relation(to: Content, from: Content): Relation {
  if (to.sha256 && to.sha256 === from.sha256) return 'identical';
  if (to.build && to.build === from.build && to.version === from.version) return 'identical';
  const order =
    to.version !== null && from.version !== null ? compareVersions(to.version, from.version) : null;
  if (order === null) return 'other';
  return order > 0 ? 'newer' : order < 0 ? 'older' : 'same';
}
