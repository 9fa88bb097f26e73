// What people read on the Update page: the tests of all engines look for it here.
import { VERSIONS, type Frontend } from './frontends.js';

/** Controls, by their names. */
export const CONTROLS = {
  install: /^Install/,
  tryAgain: 'Try again',
  cancel: 'Cancel',
  keep: 'Keep it',
  goBackNow: 'Go back now',
  /** Opens the question, and is one of its answers. */
  goBackTo: /^Go back to/,
  /** The other answer. */
  stay: 'Stay',
  reload: 'Load it',
  look: 'Look at it first',
  another: 'Choose another file',
} as const;

/** The whole page, as it tells of outcomes. */
export const SAYS = {
  updated: (to: Frontend) => `Updated to ${VERSIONS[to]}`,
  wentBack: (to: Frontend) =>
    new RegExp(`went back to ${VERSIONS[to]}`.replaceAll('.', '\\.'), 'i'),
  cancelled: /^Cancelled/m,
  goesOn: /goes on by itself/i,
  changed: /file has changed since you chose it/i,
} as const;
