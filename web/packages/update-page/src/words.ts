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

const words = (title: string, text: string, next: string): Words => ({ title, text, next });

const SAME = 'The device still runs what it ran.';
const AGAIN = 'Try again.';
const CLOSER = 'Go closer to the device or its Wi-Fi and try again.';
const CHECK = 'See to its power and your Wi-Fi, then reload this page.';
const POWER = 'Switch it off and on.';
const DIRECTLY = 'Connect to the device without a proxy.';
const REPORT = 'Reload this page. If it stays, page and firmware do not fit together.';

/** What became of a request that should not have been made: the device's own words say more. */
const ODD = 'The device did not understand this page.';

type Row = readonly [title: string, text?: string, next?: string];

/** Words for each `type` of docs/http-api.md. */
const PROBLEMS: Record<string, Row> = {
  'bad-request': ['Request not understood'],
  'bad-path': ['Path not understood'],
  'bad-query': ['Options not understood'],
  'bad-body': ['Command not understood'],
  'bad-digest': ['Checksum not understood'],
  'not-found': ['Not on this device'],
  method: ['Wrong kind of request'],
  'media-type': ['Wrong kind of data'],
  'target-too-long': ['Address too long'],
  'length-required': ['Length missing', ODD, DIRECTLY],
  expectation: ['Request with a condition', ODD, DIRECTLY],
  'http-version': ['Wrong version of HTTP', ODD, DIRECTLY],
  'headers-too-large': ['Too many cookies', ODD, 'Delete those of this address.'],
  'ended-early': ['The upload ended too early', 'Not all of the image arrived.', CLOSER],
  stalled: ['The upload stood still', 'Nothing reached the device any more.', CLOSER],
  'too-slow': ['The connection is too slow', 'The device gave up waiting.', CLOSER],
  'digest-mismatch': ['The image changed on the way', 'Other bytes arrived than were sent.', AGAIN],
  'foreign-host': [
    'Wrong name for the device',
    'It does not know the name in the address bar.',
    'Open it by its IP address or its own name.',
  ],
  'foreign-origin': [
    'Page from another site',
    'The device takes changes only from its own pages.',
    'Open its own Update page.',
  ],
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
  'not-on-trial': [
    'Nothing to confirm',
    'It is confirmed already, or the device went back.',
    'Reload this page.',
  ],
  'no-way-back': [
    'No way back',
    'The other slot holds no whole frontend.',
    'Install an image instead.',
  ],
  'too-large': [
    'The image is too large',
    'It does not fit into a slot.',
    'Make the frontend smaller: its build names the largest files.',
  ],
  'bad-length': ['The image is not whole', 'No image is that long.', 'Download or build it again.'],
  'not-an-image': [
    'Not an image for this device',
    'Nothing was erased.',
    'Choose the www.bin that was built for it.',
  ],
  'other-firmware': [
    'Made for other firmware',
    'The frontend does not fit the firmware.',
    'Update the firmware, or choose another frontend.',
  ],
  rejected: [
    'The image failed the check',
    'What is on flash has a fault.',
    'Build it again and choose the new file.',
  ],
  'flash-fault': [
    'The flash failed',
    'The image could not be stored.',
    'Try again. If it stays, the flash is worn out.',
  ],
  'nvs-fault': [
    'The settings store failed',
    'The device cannot note which frontend to start.',
    `${POWER} If it stays, erase its settings over USB.`,
  ],
  'no-slots': [
    'No place for a frontend',
    'The partition table has no pair of slots.',
    'Flash the device over USB.',
  ],
  'no-frontend': [
    'The device has no frontend',
    'Neither slot holds one.',
    'Open /recovery and install an image.',
  ],
};

const UNREACHABLE: Record<UnreachableKind, Words> = {
  silent: words(
    'The device does not answer',
    'Nothing was changed. It may be off, or in another network than you.',
    CHECK,
  ),
  foreign: words(
    'This is not the device',
    'Something else answers here, such as a login page of the network.',
    'Check address and network, then reload this page.',
  ),
  lost: words('The connection broke', `The image did not arrive whole. ${SAME}`, CLOSER),
  gone: words(
    'The device is gone',
    'It starts with what it ran, or with the whole new frontend on trial.',
    CHECK,
  ),
  not_back: words(
    'The device does not answer after the restart',
    'It took the image. If nobody confirms the new frontend, it goes back by itself.',
    `Look for its network, and whether it has another address now. ${POWER}`,
  ),
  not_restarted: words(
    'The device does not restart',
    'It took the image, but still runs the old frontend.',
    POWER,
  ),
};

/** Where our own words say all that the device's do. */
const TOLD = [403, 408, 409, 413];

/** Words for anything that `update`, `readImage` or a `Device` throws. */
export function explain(error: unknown): Words {
  if (error instanceof Unreachable) return UNREACHABLE[error.kind];
  if (error instanceof Problem) {
    const { kind, status, slotSize } = error;
    // Anything has the properties of its prototype, such as `constructor`.
    const row: Row = (Object.hasOwn(PROBLEMS, kind) && PROBLEMS[kind]) || [error.title || kind];
    const [title, text = ODD, next = REPORT] = row;
    const detail = TOLD.includes(status) ? '' : sentence(error.detail);
    const room = slotSize ? `It has ${size(slotSize)}.` : '';
    return words(title, [text, room, detail, SAME].filter(Boolean).join(' '), next);
  }
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  if (error instanceof NotAnImage) {
    return words('This is not a frontend image', message, 'Choose the www.bin that was built.');
  }
  if (name === 'AbortError') {
    return words('Cancelled', `The upload was broken off. ${SAME}`, 'Start again when you like.');
  }
  return words('Something went wrong here', sentence(message || name), 'Reload this page.');
}

const sentence = (text: string) =>
  text && `${text[0]?.toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`;

/** Words for the last change of slot, such as "went back to 1.4 because 1.5 was not confirmed in time". */
export function describeLast({ last, slots, state }: Status): Words | null {
  if (!last) return null;
  const { outcome, reason } = last;
  // What is damaged has no version any more.
  const name = (slot: number) => slots[slot]?.version ?? `the frontend in slot ${letter(slot)}`;
  const [from, to] = [name(last.from), name(last.to)];
  const nothing = 'There is nothing to do.';
  const back = (why: string, next: string) =>
    words(`Went back to ${to}`, `The device went back to ${to} because ${why}.`, next);
  switch (outcome) {
    case 'updated':
      return state === 'trial'
        ? words(
            `${to} is on trial`,
            'The device goes back if it is not confirmed in time.',
            'Keep it if it works, or go back.',
          )
        : words(`Updated to ${to}`, `It replaced ${from}.`, nothing);
    case 'rolled_back':
      return back('somebody asked for it', nothing);
    case 'kept':
      return words(
        `Kept ${to}`,
        'It was not confirmed in time, but there is nothing to go back to.',
        'If it does not work, install another image.',
      );
    case 'fell_back':
      return reason === 'did_not_mount'
        ? back(
            `${from} could not be read from the flash`,
            'Install it again. If it stays, the flash is worn out.',
          )
        : back(`${from} ${WHY[reason ?? ''] ?? 'did not work'}`, 'Mend and install it again.');
    default:
      // A newer device may know outcomes that this page does not.
      return null;
  }
}

const WHY: Record<string, string> = {
  not_confirmed: 'was not confirmed in time',
  kept_restarting: 'kept restarting the device',
};
