// What a deployment has come to, from what the device says at its end.
import type { LastChange, Outcome } from 'faceplate-update-page/ota';
import type { Inspected } from 'faceplate-pack';
import { Failure } from './failure.js';
import type { By } from './seen.js';

/** Who says that the new frontend works. */
export const CONFIRM = ['page', 'load', 'device'] as const;
export type Confirm = (typeof CONFIRM)[number];

/** What was asked for, and what is known besides the outcome. */
export interface Facts {
  /** What the frontend is called that was sent. */
  readonly name: string;
  /** Where a person opens it. */
  readonly url: string;
  readonly confirm: Confirm;
  /** Seconds that there were for confirming it. */
  readonly within: number;
  /** What in the image may confirm it. */
  readonly means: Inspected['confirms'];
  /** Its build id; null where its pages say of no build that it works. */
  readonly build: Inspected['build'];
  /** What we found wrong with it, if anything. */
  readonly broken: string | null;
  /** What the device says of its last change of slot. */
  readonly last: string | null;
}

/** Why an outcome is not a success; `null` when it is one. */
export function failure(outcome: Outcome, facts: Facts): Failure | null {
  const { name, broken, last } = facts;
  switch (outcome.result) {
    case 'went_back': {
      const why = broken ?? nobody(outcome.last, facts) ?? last;
      const to = outcome.version ?? 'the frontend before';
      return new Failure('went-back', `went back to ${to}, not ${name}${why ? `: ${why}` : ''}`);
    }
    case 'recovery':
      return new Failure(
        'recovery',
        'came back with its recovery page: neither slot holds a whole frontend; deploy again',
      );
    case 'updated': {
      if (!outcome.kept) return null;
      const why = broken ? `: ${broken}` : '';
      return new Failure(
        'not-confirmed',
        `runs ${name}, which nobody confirmed; it stays since there is nothing to go back to${why}`,
      );
    }
  }
}

/** Nothing confirmed that was waited for. */
function nobody(
  last: LastChange | null,
  { confirm, url, within, means, build }: Facts,
): string | null {
  // Somebody who goes back before it is confirmed has the same reason.
  const late = last?.outcome === 'fell_back' && last.reason === 'not_confirmed';
  if (confirm !== 'page' || !late) return null;
  if (!means) {
    return (
      `nobody confirmed it within ${within} s, and no page of it seems to: ${MUTE}. ` +
      'Build it with vite-plugin-faceplate, pack it with `faceplate pack --stamp`, or use --confirm load'
    );
  }
  let own = '';
  if (means === 'app') {
    own = build
      ? ', or its own code did not confirm it: without faceplate-confirm.js it has to call `confirmOnLoad()`'
      : ', or nothing in it confirms, as it has no build id (`faceplate pack --stamp` gives it one)';
  }
  return (
    `no page of it confirmed within ${within} s. Either nobody opened ${url}, or it failed there${own}; ` +
    'then the console of the browser says why'
  );
}

const MUTE = 'faceplate-confirm.js is not in the image, nor code that asks the device';

/** What is to be warned of before a page is waited for. */
export function waitsInVain({ confirms, build }: Inspected): string | null {
  if (!confirms) {
    return (
      `no page of this image seems to confirm itself: ${MUTE}. vite-plugin-faceplate and ` +
      '`faceplate pack --stamp` put that script into each page; --confirm load does not wait for a page'
    );
  }
  if (build) return null;
  return (
    'the image has no build id, so none of its pages can prove to be of this build; pack it with ' +
    'vite-plugin-faceplate or `faceplate pack --stamp`, or use --confirm load'
  );
}

/** What is to be done to have it confirmed. */
export function invitation(means: Inspected['confirms'], url: string, left: number): string {
  const inTime = `within ${left} s, the device goes back`;
  return means
    ? `open ${url} in a browser: the new frontend confirms itself there. If no page of it does ${inTime}`
    : `open ${url} in a browser and see whether it works: no page of it confirms that. If nobody keeps ` +
        `it ${inTime}; \`faceplate confirm\` keeps it, and so does an Update page`;
}

/** What is said at the end of a success. */
export function confirmed(confirm: Confirm, by: By): string {
  if (confirm === 'load') {
    return 'confirmed because it loads; that its scripts run, nobody has seen';
  }
  switch (by) {
    case 'client':
      return 'confirmed';
    case 'device':
      return confirm === 'page'
        ? 'confirmed by the device'
        : 'confirmed by the device, which serves it; that its scripts run, nobody has seen';
    case 'other':
      return 'confirmed by somebody, before the device did';
  }
}

/** What is to be warned of at the end of a success; a page was waited for, and confirmed nothing. */
export const doubt = (confirm: Confirm, by: By): string | null =>
  confirm === 'page' && by !== 'client' ? `${confirmed(confirm, by)}; no page said so` : null;
