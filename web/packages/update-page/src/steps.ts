// The steps of an update as people see them.
import type { UpdateState } from './update.js';

export const STEPS = ['Sending', 'Writing', 'Checking', 'Restarting', 'Confirming', 'Done'];

/** Index in `STEPS`. Switching is one write to the settings store, shown as the end of the check. */
const AT = {
  sending: 0,
  writing: 1,
  checking: 2,
  switching: 2,
  restarting: 3,
  confirming: 4,
  done: 5,
};

/** What the client reports, and the end of it. */
export type Shown = UpdateState | { readonly phase: 'done' };

export const stepOf = (shown: Shown): number => AT[shown.phase];
