// English, for a page at rest: what it says before anybody does anything.
import type { RestWords } from './words.js';

export const rest: RestWords = {
  lang: 'en',
  point: '.',
  units: ['d', 'h', 'min', 's'],
  heading: 'Update',
  asking: 'Looking for the device …',
  unnamed: 'frontend without a version',
  nothing: 'No frontend',
  runs: {
    settled: (time) => `Running for ${time}`,
    kept: (time) => `Running for ${time}; nobody has confirmed that it works`,
    silent: (time) => `The device has not answered for ${time}`,
    recovery: 'Only the recovery page works',
    loading: 'Loading it …',
  },
  task: {
    chooseHint: 'or drop it here',
  },
  controls: {
    choose: 'Choose an update file',
    tryAgain: 'Try again',
    goBack: (name) => `Go back to ${name}`,
    goForward: (name) => `Go to ${name} again`,
    reload: 'Load it',
    dismiss: 'Close',
  },
  back: {
    kept: (name) => `${name} is kept as the way back.`,
    newer: (name) => `${name}, which is newer, is kept beside it.`,
    same: (here, there) => `Another ${here} is kept as the way back: ${there}.`,
    identical: 'The way back is the very same frontend.',
    none: 'There is no way back: no other frontend is on the device.',
    build: (build, size) => `build ${build}, ${size}`,
  },
  notices: {
    missing: [
      'A part of this page is missing',
      'The device did not send it. Nothing was changed.',
      'Try again, or load this page anew.',
    ],
    silent: [
      'The device does not answer',
      'It cannot be reached from here.',
      'See to its power and your Wi-Fi. This page goes on looking.',
    ],
    locked: ['This needs the device’s password'],
    denied: ['The device wants to know you', '', 'Log in to it, then load this page anew.'],
    recovery: [
      'The device has no frontend to show',
      'What it has cannot be read.',
      'Install an update file.',
    ],
    stale: ['The device runs another frontend now', 'This page came with the one before.'],
    updated: (to) => [`Updated to ${to}`, 'The new frontend has proved that it works.'],
    rolledBack: (to) => [`Went back to ${to}`, 'The device was told to.'],
  },
  unreachable: {
    foreign: [
      'This is not the device',
      'Something else answers here, such as a login page of the network.',
      'Check address and network.',
    ],
  },
  details: {
    heading: 'Technical details',
    recovery: 'Recovery page',
  },
};
