// What people are told: one place for every message of the page. Short, since a page has 20 kB.
import { Problem, Unreachable, type UnreachableKind } from './device.js';
import { letter, size } from './format.js';
import { NotAnImage } from './image.js';
import type { Status } from './status.js';

/** A message with a next step. */
export interface Words {
  /** A few words. */
  readonly title: string;
  /** One or two sentences: what happened, and what is still true (such as: the old frontend still runs). */
  readonly text: string;
  /** What to do next. */
  readonly next: string;
}

type Row = readonly [title: string, text?: string, next?: string | undefined];

const SAME = 'The device still runs what it ran.';
const CLOSER = 'Go closer to the device or its Wi-Fi and try again.';
const POWER = 'Switch it off and on.';
const REBUILD = 'Build it again.';
const RELOAD = 'Reload this page.';

/**
 * Words for each `type` of docs/http-api.md that the page of a working frontend can meet. For any
 * other the device's own title and detail are told, and the next step is to load the page anew.
 */
const PROBLEMS: Record<string, Row> = {
  stalled: ['The upload stood still', 'Nothing came any more.', CLOSER],
  'too-slow': ['The connection is too slow', 'The device gave up waiting.', CLOSER],
  busy: [
    'Another update is running',
    'Somebody else updates the device.',
    'Wait until it is over.',
  ],
  'on-trial': [
    'The running frontend is on trial',
    'Until that is over, the other slot is the way back.',
    'Keep it or go back, then try again.',
  ],
  restarting: ['The device is restarting', 'It takes nothing now.', 'Try again in a few seconds.'],
  'no-way-back': ['No way back', '', 'Install an image instead.'],
  'too-large': [
    'The image is too large',
    'It does not fit into a slot.',
    'Make the frontend smaller.',
  ],
  'bad-length': ['The image is not whole', '', REBUILD],
  'not-an-image': ['Not an image for this device', '', 'Choose the www.bin that was built for it.'],
  'other-firmware': [
    'Made for other firmware',
    '',
    'Update the firmware, or choose another image.',
  ],
  rejected: ['The image failed the check', '', REBUILD],
  'flash-fault': ['The flash failed', '', 'Try again. If it stays, the flash is worn out.'],
  'nvs-fault': [
    'The settings store failed',
    '',
    `${POWER} If it stays, erase its settings over USB.`,
  ],
  'no-slots': ['No place for a frontend', '', 'Flash the device over USB.'],
};

const UNREACHABLE: Record<UnreachableKind, Row> = {
  silent: [
    'The device does not answer',
    'Nothing was changed.',
    'See to its power and your Wi-Fi, then try again.',
  ],
  foreign: [
    'This is not the device',
    'Something else answers here, such as a login page of the network.',
    'Check address and network.',
  ],
  lost: ['The connection broke', `The image did not arrive whole. ${SAME}`, CLOSER],
  gone: [
    'The device is gone',
    'It starts with what it ran, or with the whole new frontend on trial.',
    'See to its power and your Wi-Fi, then reload this page.',
  ],
  not_back: [
    'The device does not answer after the restart',
    'It took the image. If nobody confirms the new frontend, it goes back by itself.',
    `Look for its network and address. ${POWER}`,
  ],
  not_restarted: [
    'The device does not restart',
    'It took the image, but still runs the old frontend.',
    POWER,
  ],
};

const words = ([title, text = '', next = RELOAD]: Row): Words => ({ title, text, next });

/** Words for anything that `update`, `readImage` or a `Device` throws. */
export function explain(error: unknown): Words {
  if (error instanceof Unreachable) return words(UNREACHABLE[error.kind]);
  if (error instanceof Problem) {
    const { kind, slotSize, detail } = error;
    // Anything has the properties of its prototype, such as `constructor`.
    const row: Row = (Object.hasOwn(PROBLEMS, kind) && PROBLEMS[kind]) || [error.title];
    const text = row[1] || sentence(detail || error.title);
    return words([
      row[0],
      `${text} ${slotSize ? `It has ${size(slotSize)}. ` : ''}${SAME}`,
      row[2],
    ]);
  }
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  return words(
    error instanceof NotAnImage
      ? ['This is not a frontend image', message, 'Choose the www.bin that was built.']
      : name === 'AbortError'
        ? ['Cancelled', `The upload was broken off. ${SAME}`, 'Start again when you like.']
        : ['Something went wrong here', sentence(message || name)],
  );
}

const sentence = (text: string) =>
  `${text.slice(0, 1).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`;

const WHY: Record<string, string> = {
  not_confirmed: 'was not confirmed in time',
  kept_restarting: 'kept restarting the device',
  did_not_mount: 'could not be read from the flash',
};

/** Words for the last change of slot, such as "went back to 1.4 because 1.5 was not confirmed in time". */
export function describeLast({ last, slots, state }: Status): Words | null {
  if (!last) return null;
  // What is damaged has no version any more.
  const name = (slot: number) => slots[slot]?.version ?? `the frontend in slot ${letter(slot)}`;
  const [from, to] = [name(last.from), name(last.to)];
  const back = `The device went back to ${to} because`;
  const rows: Record<typeof last.outcome, Row> = {
    updated:
      state === 'trial'
        ? [`${to} is on trial`, 'Not confirmed in time, it is taken back.', 'Keep it or go back.']
        : [`Updated to ${to}`, `It replaced ${from}.`, ''],
    rolled_back: [`Went back to ${to}`, `${back} somebody asked for it.`, ''],
    kept: [
      `Kept ${to}`,
      'It was not confirmed in time, but there is nothing to go back to.',
      'If it does not work, install another image.',
    ],
    fell_back: [
      `Went back to ${to}`,
      `${back} ${from} ${WHY[last.reason ?? ''] ?? 'did not work'}.`,
      'Mend it and install it again.',
    ],
  };
  // A newer device may know outcomes that this page does not.
  const row = rows[last.outcome] as Row | undefined;
  return row ? words(row) : null;
}
