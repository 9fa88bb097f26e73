// English, for everything else: choosing a file, updating, and what can go wrong.
import type { MoreWords } from './words.js';

const SAME = 'The device still runs what it ran.';
const CLOSER = 'Go closer to the device or its Wi-Fi and try again.';
const POWER = 'Switch it off and on.';
const REBUILD = 'Build the file again, or ask whoever made it.';
const FILE = 'Choose the update file that was made for this device (often named www.bin).';
const BUILD = 'Whoever made it has to mend it. Then install it again.';
const UNFRAMED =
  'A policy forbids loading it unseen (frame-src, frame-ancestors or X-Frame-Options).';

export const more: MoreWords = {
  runs: {
    onTrial: 'On trial',
    doubtful: (time, why) => `Running for ${time}, but it ${why}`,
    settling: (time) => `New, on trial: the device keeps it in ${time}`,
    backAgain: (time) => `Runs again; the device makes sure of it for ${time}`,
    restarting: 'The device restarts',
  },
  bar: {
    phases: {
      sending: 'Sending',
      writing: 'Writing',
      checking: 'Checking',
      switching: 'Checking',
      restarting: 'Restarting',
      confirming: 'Trying it',
      done: 'Done',
    },
    meaning: {
      sending: 'The file is on its way. Keep this page open.',
      writing: 'The device writes the new frontend beside the one that runs. Keep this page open.',
      checking: 'The device checks everything that it wrote.',
      switching: 'The device checks everything that it wrote.',
      restarting: 'The device restarts. Keep this page open.',
      confirming: 'The new frontend is loaded to see whether it works. Keep this page open.',
      done: 'It is confirmed. Loading it …',
    },
    goingBack: 'Going back',
    goingTo: (name) => `Going to ${name}`,
    goingBackText: 'The device checks the other frontend and restarts with it.',
    stopping: 'Stopping …',
    stoppingText: 'What is on its way is let go.',
    others: 'Somebody else updates the device',
    bytes: (done, total) => `${done} of ${total}`,
    speed: (size) => `${size}/s`,
    left: (time) => `about ${time} left`,
    waiting: (time) => `waiting for the device … (${time})`,
    undecided: (time) => `the device goes back in ${time} unless it proves to work`,
  },
  task: {
    newer: (to, from) => `${from} → ${to}, newer`,
    older: (to, from) => `${from} → ${to}, older than what runs`,
    same: (to) => `${to}: the same version as what runs, with other content`,
    other: (to, from) => `${from} → ${to}`,
    identical: (to) => `${to} already runs: nothing to do`,
    overwrites: (other) =>
      `This overwrites ${other}, which is kept beside what runs. What runs stays as the way back.`,
    isThere:
      'The device has this very file beside what runs; it is sent again. What runs stays as the way back.',
    overwritesNothing: 'Nothing that is needed is overwritten. What runs stays as the way back.',
    deciding: (name) => `Does ${name} work?`,
    decidingText: (time) => `If nobody says so, the device goes back in ${time}.`,
    settling: 'Until the device is sure of what runs, nothing can be installed.',
    none: 'Nothing can be installed now.',
  },
  controls: {
    another: 'Choose another file',
    install: (name) => `Install ${name}`,
    cancel: 'Cancel',
    keep: 'Keep it',
    look: 'Look at it first',
    goBackNow: 'Go back now',
    anyway: (name) => `Run ${name} anyway`,
  },
  back: {
    failed: (name, why) => `${name} is still there, but ${why}.`,
    notYet: 'There is no way back yet.',
    writing: 'The new frontend is written beside the one that runs, which stays as the way back.',
    forward: (name) => `${name}, which ran before, is kept beside it.`,
  },
  ask: {
    text: (name, runs) =>
      `The device restarts with ${name}. ${runs} is kept, so that you can return.`,
    warning: (name, why) => `Last time, ${name} ${why}.`,
    no: 'Stay',
  },
  notices: {
    changed: [
      'The file has changed since you chose it',
      'Below is what is in it now. Nothing was sent.',
      'Install it, or choose another one.',
    ],
    kept: (to) => [
      `${to} runs, and nobody knows whether it works`,
      'It was not confirmed in time, but there is nothing to go back to.',
      'If it does not work, install another update file.',
    ],
    cancelled: (runs, back) => [
      'Cancelled',
      `${runs} still runs. ${back}`.trim(),
      'Start again when you like.',
    ],
    stillBack: (name) => `${name} is still the way back.`,
    overwritten: (name) => `${name}, the way back, was being overwritten and is gone.`,
    confirmed: (to) => [`Updated to ${to}`, 'It was confirmed, though not before this page.'],
    said: (to) => [`Kept ${to}: you said so`, 'It has not said itself that it works.'],
    saidDespite: (to, error) => [`Kept ${to}: you said so`, `It had reported an error: ${error}`],
    wentTo: (to) => [`Went to ${to}`, 'The device was told to.'],
    interrupted: (runs) => [
      'The update was broken off',
      `The page was left while it sent. ${runs} still runs.`,
      'Choose the file again.',
    ],
    tooLate: (to) => [
      'It was too late to cancel',
      `The device had all of ${to} already and runs it on trial.`,
      'Go back, or look at it before you keep it.',
    ],
    replaced: (runs) => [
      `The device runs ${runs}`,
      'Somebody else has changed it meanwhile.',
      'Look whether that is right.',
    ],
    throws: (name, error) => [`${name} reports an error`, error],
    threw: (to, from, error) => [`${from} failed: the device went back to ${to}`, error, BUILD],
    neverConfirmed: (to, from) => [
      `${from} never said that it works: the device went back to ${to}`,
      'Its page was loaded, but did not confirm itself.',
      'Whoever made it has to let it confirm itself.',
    ],
    nobodyLoaded: (to, from) => [
      `${from} was not loaded in time: the device went back to ${to}`,
      'This page could not load it, so nobody knows whether it works.',
      'Keep this page open and in view, and try again.',
    ],
    wentBack: (to, from, why) => [
      `The device went back to ${to}`,
      `${from} ${why}.`,
      'Whoever made it has to mend it.',
    ],
    otherBuild: [
      'Another page answers in place of the new frontend',
      'A service worker or a preview server gives this browser an older page, which proves nothing.',
      'Look at the device in a private window, then keep it or go back.',
    ],
    openIt: (name) => [
      `Look at ${name} to finish the update`,
      UNFRAMED,
      'Look at it: in its own tab it confirms itself, if it works.',
    ],
    notOpened: (to, from) => [
      `Nobody looked at ${from} in time: the device went back to ${to}`,
      UNFRAMED,
      'Try again, and look at it while it is on trial.',
    ],
    how: 'How a frontend confirms itself',
  },
  why: {
    not_confirmed: 'was not confirmed in time',
    kept_restarting: 'kept restarting the device',
    did_not_mount: 'could not be read from the flash',
  },
  whyUnknown: 'did not work',
  whyThrew: 'reported an error',
  whySaid: 'never said itself that it works',
  whyTaken: 'was taken back before it had proved that it works',
  problems: {
    stalled: ['The upload stood still', 'Nothing came any more.', CLOSER],
    'too-slow': ['The connection is too slow', 'The device gave up waiting.', CLOSER],
    busy: [
      'Another update is running',
      'Somebody else updates the device.',
      'Wait until it is over.',
    ],
    'on-trial': [
      'The running frontend is on trial',
      'Until that is over, nothing else can be installed.',
      'Keep it or go back, then try again.',
    ],
    restarting: [
      'The device is restarting',
      'It takes nothing now.',
      'Try again in a few seconds.',
    ],
    'not-now': ['The device wants no update now', '', 'Try again when that is over.'],
    unauthorized: ['The device does not know you', '', 'Log in to it, then try again.'],
    forbidden: ['You may not do this', '', 'Log in as somebody who may, then try again.'],
    'no-way-back': ['No way back', '', 'Install an update file instead.'],
    'other-build': [
      'The device runs another frontend now',
      'It is not the one that you saw.',
      'Look at it first, then keep it or go back.',
    ],
    'not-on-trial': ['It is decided already', 'Nothing waits to be kept.', 'Load this page anew.'],
    'too-large': [
      'The update file is too large',
      'It does not fit into this device.',
      'The frontend has to be made smaller.',
    ],
    'proxy-limit': [
      'A proxy refuses the update file',
      'It takes no body of this length, as nginx does by client_max_body_size.',
      'Have that raised, or open this page at the device’s own address.',
    ],
    'bad-length': ['The file is not whole', '', REBUILD],
    truncated: ['The end of the file is missing', '', 'Copy or download it again.'],
    'not-an-image': ['Not made for this device', '', FILE],
    'other-firmware': [
      'Made for other firmware',
      '',
      'Update the firmware, or choose another file.',
    ],
    rejected: ['The file failed the check', '', REBUILD],
    'flash-fault': ['The memory failed', '', 'Try again. If it stays, the flash is worn out.'],
    'nvs-fault': [
      'The settings store failed',
      '',
      `${POWER} If it stays, erase its settings over USB.`,
    ],
    'no-slots': ['No place for a frontend', '', 'The firmware has to be installed anew over USB.'],
  },
  holds: (size) => `It has room for ${size}.`,
  stillRuns: SAME,
  unreachable: {
    silent: [
      'No answer from the device',
      'Nothing was changed.',
      'See to its power and your Wi-Fi, then try again.',
    ],
    lost: ['The connection broke', `The file did not arrive whole. ${SAME}`, CLOSER],
    restarted: [
      'The device has restarted',
      `It lost its power, or was reset, before it had all of the file. ${SAME}`,
      'See to its power, then try again.',
    ],
    gone: [
      'The device is gone',
      'It starts with what it ran, or with the whole new frontend on trial.',
      'See to its power and your Wi-Fi, then try again.',
    ],
    not_back: [
      'The device does not answer after the restart',
      'It took the file. If nobody confirms the new frontend, it goes back by itself.',
      `Look for its network and address. ${POWER}`,
    ],
    not_restarted: [
      'The device does not restart',
      'It took the file, but still runs the old frontend.',
      POWER,
    ],
  },
  files: {
    gone: () => [
      'The file was changed or moved',
      'It is not the one that you chose any more. Nothing was sent.',
      'Choose it again.',
    ],
    unreadable: () => ['The file cannot be read', 'Nothing was sent.', 'Choose it again.'],
    firmware: () => [
      'This is no update file',
      'It is firmware for the chip; the frontend is another file.',
      FILE,
    ],
    other: () => ['This is no update file', 'It is some other kind of file.', FILE],
    version: (value) => ['This update file is of another kind', `It is LittleFS ${value}.`, FILE],
    blocks: (value) => [
      'This update file is for other devices',
      `It has blocks of ${value} bytes, not of 4096.`,
      FILE,
    ],
    'cut-off': () => ['The update file is cut off', 'It ends too early.', REBUILD],
  },
  aborted: ['Cancelled', `The upload was broken off. ${SAME}`, 'Start again when you like.'],
  broken: 'Something went wrong here',
  loadAnew: 'Load this page anew.',
  details: {
    device: 'Device',
    name: 'Name',
    chip: 'Chip',
    firmware: 'Firmware',
    api: 'API',
    uptime: 'Running for',
    boot: 'Boot',
    fault: 'Fault',
    last: 'Last change',
    boots: 'Restarts left on trial',
    file: 'File',
    active: 'runs',
    inactive: 'the other',
    version: 'Version',
    build: 'Build',
    size: 'Size',
    of: (used, size) => `${used} of ${size}`,
    hash: 'SHA-256',
    problem: 'Problem',
  },
};
