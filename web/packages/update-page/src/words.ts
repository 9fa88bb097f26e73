// What people are told: one place for every message of the page.
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

type Row = readonly [title: string, text: string, next: string];

const SAME = 'The device still runs the frontend that it ran.';
const AGAIN = 'Try again.';
const SOON = 'Wait a few seconds, then try again.';
const RELOAD = 'Reload this page, then try again.';
const REPORT =
  'Reload this page and try again. If it stays, this page and the firmware do not fit together.';
const BUILD = 'Build the image again and choose the new file.';
const ADDRESS = 'Open the device by its IP address or its own name.';

/** Words for each `type` of docs/http-api.md. */
const PROBLEMS: Record<string, Row> = {
  'bad-request': [
    'Request not understood',
    `The device could not read the request. ${SAME}`,
    REPORT,
  ],
  'bad-path': ['Address not understood', `The device could not read the path. ${SAME}`, REPORT],
  'bad-query': [
    'Options not understood',
    `The device does not know what was asked of it. ${SAME}`,
    REPORT,
  ],
  'bad-body': ['Command not understood', `The device could not read the command. ${SAME}`, REPORT],
  'bad-digest': [
    'Checksum not understood',
    `The device could not read the checksum. ${SAME}`,
    REPORT,
  ],
  'ended-early': [
    'The upload ended too early',
    `Not all of the image arrived. ${SAME}`,
    'Stay close to the device or its Wi-Fi and try again.',
  ],
  'digest-mismatch': [
    'The image changed on the way',
    `What the device wrote is not what was sent. ${SAME}`,
    AGAIN,
  ],
  'foreign-host': [
    'Wrong name for the device',
    `The device does not answer to the name in the address bar. ${SAME}`,
    ADDRESS,
  ],
  'foreign-origin': [
    'Page from another site',
    `The device takes changes only from its own pages. ${SAME}`,
    ADDRESS,
  ],
  'not-found': ['Not there', `This device does not have what was asked for. ${SAME}`, REPORT],
  method: [
    'Wrong kind of request',
    `The device does not take such a request here. ${SAME}`,
    REPORT,
  ],
  stalled: [
    'The upload stood still',
    `Nothing reached the device for some seconds. ${SAME}`,
    'Stay close to the device or its Wi-Fi and try again.',
  ],
  'too-slow': [
    'The connection is too slow',
    `The image came too slowly and the device gave up. ${SAME}`,
    'Go closer to the device or its Wi-Fi and try again.',
  ],
  busy: [
    'Another update is running',
    `Somebody else is updating this device right now. ${SAME}`,
    'Wait until that is over, then try again.',
  ],
  'on-trial': [
    'The running frontend is on trial',
    'Until it is confirmed, the other slot is the way back and cannot be overwritten.',
    'Keep the running frontend or go back, then try again.',
  ],
  restarting: [
    'The device is restarting',
    'It changes its frontend just now and takes nothing else.',
    SOON,
  ],
  'not-on-trial': [
    'Nothing to confirm',
    'The running frontend is confirmed already, or the device has gone back.',
    'Reload this page to see what runs.',
  ],
  'no-way-back': [
    'No way back',
    `The other slot holds no whole frontend. ${SAME}`,
    'Install a frontend image instead.',
  ],
  'length-required': [
    'Length missing',
    `The device must know how long the image is before it begins. ${SAME}`,
    'If a proxy is in between, connect to the device directly.',
  ],
  'too-large': [
    'The image is too large',
    `It does not fit into a slot of this device. ${SAME}`,
    'Make the frontend smaller: the build report names the largest files.',
  ],
  'target-too-long': ['Address too long', `The device takes no address that long. ${SAME}`, REPORT],
  'media-type': [
    'Wrong kind of data',
    `The device did not take the data for an image. ${SAME}`,
    REPORT,
  ],
  expectation: [
    'Request with a condition',
    `Something in between asks what the device cannot promise. ${SAME}`,
    'Connect to the device directly, without a proxy.',
  ],
  'bad-length': [
    'The image is not whole',
    `No image has this length. ${SAME}`,
    'Download or build the image again.',
  ],
  'not-an-image': [
    'Not an image for this device',
    `Nothing was erased. ${SAME}`,
    'Choose the www.bin that the build made for this device.',
  ],
  'other-firmware': [
    'Made for other firmware',
    `This frontend does not fit the firmware of this device. ${SAME}`,
    'Update the firmware, or choose the frontend that was made for it.',
  ],
  rejected: [
    'The image failed the check',
    `The device read everything back and found a fault. ${SAME}`,
    BUILD,
  ],
  'headers-too-large': [
    'Request too large',
    `The browser sent more cookies than the device can take. ${SAME}`,
    'Delete the cookies of this address, then try again.',
  ],
  'flash-fault': [
    'The flash failed',
    `The device could not store the image. ${SAME}`,
    'Try again. If it fails again, the flash chip is worn out or damaged.',
  ],
  'nvs-fault': [
    'The settings store failed',
    'The device cannot note which frontend to start, so it changes nothing.',
    'Switch the device off and on. If it stays, its settings store needs a repair over USB.',
  ],
  'no-slots': [
    'No place for a frontend',
    'The partition table of this device has no usable pair of slots.',
    'Flash the device over USB with a right partition table.',
  ],
  'no-frontend': [
    'The device has no frontend',
    'Neither slot holds one, so only the recovery page works.',
    'Open /recovery on the device and install an image.',
  ],
  'http-version': [
    'Wrong version of HTTP',
    `The device speaks HTTP/1.1. ${SAME}`,
    'Connect to the device directly, without a proxy.',
  ],
};

const UNREACHABLE: Record<UnreachableKind, Row> = {
  silent: [
    'The device does not answer',
    'Nothing was changed. It may be switched off, or this computer or phone may be in another network.',
    'See to its power and your Wi-Fi, then try again.',
  ],
  foreign: [
    'This is not the device',
    'Something else answers at this address, such as a login page of the network.',
    'Check the address and your network, then reload this page.',
  ],
  lost: [
    'The connection broke',
    `The image did not arrive whole, so nothing was switched. ${SAME}`,
    'Stay close to the device or its Wi-Fi and try again.',
  ],
  gone: [
    'The device is gone',
    'It does not answer since the upload broke off. It starts with the frontend that it ran, or with the whole new one on trial: never with half of one.',
    'See to its power and your Wi-Fi, then reload this page.',
  ],
  not_back: [
    'The device does not answer after the restart',
    'It took the image and restarted. If nobody confirms the new frontend, it goes back by itself.',
    'See whether you are in its network and whether it has another address now, then reload this page. Else switch it off and on.',
  ],
  not_restarted: [
    'The device does not restart',
    'It took and checked the image, but still runs the old frontend.',
    'Switch it off and on: then it starts the new one.',
  ],
};

const toWords = ([title, text, next]: Row): Words => ({ title, text, next });

/** Words for anything that `update`, `readImage` or a `Device` throws. */
export function explain(error: unknown): Words {
  if (error instanceof NotAnImage) {
    return toWords([
      'This is not a frontend image',
      `${error.message} Nothing was sent.`,
      'Choose the www.bin that the build made.',
    ]);
  }
  if (error instanceof Unreachable) return toWords(UNREACHABLE[error.kind]);
  if (error instanceof Problem) {
    const { kind, slotSize, detail } = error;
    // By the prototype anything would have a word, such as `constructor`.
    const row = Object.hasOwn(PROBLEMS, kind) ? PROBLEMS[kind] : undefined;
    const [title, text, next] = row ?? [error.title, SAME, REPORT];
    const said =
      kind === 'too-large' && slotSize
        ? `A slot has ${size(slotSize)}.`
        : row && !TELLING.includes(kind)
          ? ''
          : sentence(detail);
    return toWords([title, said ? `${text} ${said}` : text, next]);
  }
  if (error instanceof Error && error.name === 'AbortError') {
    return toWords([
      'Cancelled',
      `The upload was broken off. ${SAME}`,
      'Start again whenever you like.',
    ]);
  }
  const what = error instanceof Error ? error.message : String(error);
  return toWords(['Something went wrong here', sentence(what) || 'This page failed.', RELOAD]);
}

/** Problems whose detail says what our words cannot know. */
const TELLING = [
  'rejected',
  'not-an-image',
  'other-firmware',
  'no-way-back',
  'flash-fault',
  'nvs-fault',
  'no-slots',
  'bad-length',
];

function sentence(text: string): string {
  const [first = '', ...rest] = text.trim();
  return first && `${first.toUpperCase()}${rest.join('')}${/[.!?]$/.test(text) ? '' : '.'}`;
}

/** Words for the last change of slot, such as "went back to 1.4 because 1.5 was not confirmed in time". */
export function describeLast(status: Status): Words | null {
  const { last, slots } = status;
  if (!last) return null;
  // What is damaged has no version any more.
  const name = (slot: number) => slots[slot]?.version ?? `the frontend in slot ${letter(slot)}`;
  const [from, to] = [name(last.from), name(last.to)];
  switch (last.outcome) {
    case 'updated':
      return status.state === 'trial'
        ? toWords([
            `${to} is on trial`,
            `It came after ${from}. The device goes back if it is not confirmed in time.`,
            'Keep it if it works, or go back.',
          ])
        : toWords([`Updated to ${to}`, `It replaced ${from}.`, 'There is nothing to do.']);
    case 'rolled_back':
      return toWords([
        `Went back to ${to}`,
        `The device went back to ${to} because somebody asked for it.`,
        'There is nothing to do.',
      ]);
    case 'kept':
      return toWords([
        `Kept ${to}`,
        `${to} was not confirmed in time, and stays because there is nothing to go back to.`,
        'See whether it works. If not, install another image.',
      ]);
    case 'fell_back':
      return toWords([
        `Went back to ${to}`,
        `The device went back to ${to} because ${from} ${why(last.reason)}.`,
        last.reason === 'did_not_mount'
          ? 'Install the image once more. If it happens again, the flash may be worn out.'
          : 'Mend the new frontend, build it and install it again.',
      ]);
    default:
      // A newer device may know outcomes that this page does not.
      return null;
  }
}

function why(reason: string | null): string {
  switch (reason) {
    case 'kept_restarting':
      return 'kept restarting the device';
    case 'did_not_mount':
      return 'could not be read from the flash';
    case 'no_way_back':
    case 'not_confirmed':
      return 'was not confirmed in time';
    default:
      return 'did not work';
  }
}
