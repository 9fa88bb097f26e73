// What the page is told to show, in the states that look different; for tests of what is drawn of it.
import type { Control, ControlId, Notice, Progress, View } from '../src/view.js';

/** A control of the task, that can be pressed at once. */
export function control(id: ControlId, label: string, more: Partial<Control> = {}): Control {
  return {
    ...{ id, label, rank: 'secondary', place: 'task', disabled: false, href: null, ask: null },
    ...more,
  };
}

export const GO_BACK = control('goBack', 'Go back to 1.3.2', {
  place: 'back',
  ask: {
    title: 'Go back to 1.3.2?',
    text: 'The device restarts.',
    yes: 'Go back to 1.3.2',
    no: 'Stay',
  },
});

export const IDLE: View = {
  title: 'kitchen',
  runs: { name: '1.4.0', text: 'Running for 3 h', tone: 'good' },
  notice: null,
  task: { kind: 'choose', hint: 'or drop it here' },
  controls: [control('choose', 'Choose an update file'), GO_BACK],
  back: { text: '1.3.2 is kept as the way back.', warning: false },
  details: {
    heading: 'Technical details',
    sections: [
      {
        heading: 'Device',
        rows: [
          ['Chip', 'esp32s3'],
          ['Running for', '3 h'],
        ],
      },
      { heading: 'www_0 (runs)', rows: [['SHA-256', 'a'.repeat(64)]] },
    ],
    wifi: 'Wi-Fi setup',
    backup: null,
  },
  spoken: '',
};

export const ASKING: View = {
  ...IDLE,
  title: 'Update',
  runs: { name: '', text: 'Looking for the device …', tone: 'info' },
  task: { kind: 'none', text: '' },
  controls: [],
  back: null,
  details: { heading: 'Technical details', sections: [], wifi: '', backup: null },
};

export const CHOSEN: View = {
  ...IDLE,
  task: {
    kind: 'chosen',
    title: '1.4.0 → 1.5.0, newer',
    file: 'www.bin · 548 KiB',
    text: 'This overwrites 1.3.2.',
  },
  controls: [
    control('install', 'Install 1.5.0', { rank: 'primary' }),
    control('choose', 'Choose another file'),
    GO_BACK,
  ],
};

/** An update at this part of 1. */
export function writing(value: number, more: Partial<Progress> = {}): View {
  const task: Progress = {
    ...{ kind: 'progress', title: 'Writing', value, percent: `${Math.floor(value * 100)} %` },
    ...{ figures: '248 KiB of 548 KiB', text: 'Keep this page open.', frozen: false },
    ...more,
  };
  return {
    ...IDLE,
    task,
    controls: [control('cancel', 'Cancel')],
    back: null,
    spoken: task.title,
  };
}

/** The new frontend is on trial; `bad`: it has told of an error. */
export function verdict(bad = false): View {
  const { task } = writing(0.9, { kind: 'verdict', title: 'Trying it' });
  return {
    ...IDLE,
    notice: bad ? notice('bad', '1.5.0 reports an error') : null,
    task,
    controls: [
      control('look', 'Look at it first', { href: '/', rank: bad ? 'secondary' : 'primary' }),
      control('goBack', 'Go back now', { rank: bad ? 'primary' : 'secondary' }),
      control('keep', 'Keep it'),
    ],
    back: null,
  };
}

export function notice(tone: Notice['tone'], title: string, more: Partial<Notice> = {}): Notice {
  return { tone, title, text: 'What happened.', next: 'What to do next.', link: null, ...more };
}

/** An upload that was lost, and can be tried again. */
export const FAILED: View = {
  ...CHOSEN,
  notice: notice('bad', 'The connection broke'),
  controls: [
    control('tryAgain', 'Try again', { rank: 'primary', place: 'notice' }),
    control('choose', 'Choose another file'),
    control('dismiss', 'Close', { place: 'notice' }),
  ],
};

/** The page came with another frontend than the one that runs. */
export const STALE: View = {
  ...IDLE,
  notice: notice('info', 'The device runs another frontend now'),
  controls: [...IDLE.controls, control('reload', 'Load it', { place: 'notice' })],
};
