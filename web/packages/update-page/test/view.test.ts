// What is shown, as a table: a state in, words and controls out.
import { describe, expect, test } from 'vitest';
import type { FrameReport } from '../src/frame.js';
import { advance, startMeter } from '../src/progress.js';
import { isWanted, restView } from '../src/rest-view.js';
import { START, type ImageFile, type Run, type State } from '../src/state.js';
import type { LastChange, Slot, Status, Trial } from '../src/status.js';
import type { UpdateState } from '../src/update.js';
import { view, type Task, type View } from '../src/view.js';
import { de } from '../src/words/de.js';
import { en } from '../src/words/en.js';
import { rest } from '../src/words/rest.js';

const NOW = 1_800_000_000_000;
const SECOND = 1000;
const OLD = { version: '2.4.0', build: '0123456789abcdef' };
const NEW = { version: '2.5.0', build: 'fedcba9876543210' };
const OLDER = { version: '2.3.0', build: 'aaaaaaaaaaaaaaaa' };

const slot = (index: number, { version, build }: typeof OLD, more: Partial<Slot> = {}): Slot => ({
  label: `www_${index}`,
  size: 1 << 20,
  used: 303_104,
  valid: true,
  version,
  build,
  sha256: (build ?? '').repeat(4),
  problem: null,
  ...more,
});

const device: Status['device'] = {
  name: 'kitchen',
  firmware: '0.1.0',
  api: 1,
  chip: 'esp32s3',
  boot_id: 'boot-0',
  uptime_ms: 3_900_000,
};

const SETTLED: Status = {
  device,
  active: 0,
  state: 'settled',
  trial: null,
  last: null,
  slots: [slot(0, OLD), slot(1, OLDER)],
  upload: null,
  fault: null,
};
const change = (outcome: LastChange['outcome'], reason: LastChange['reason'], from: number) =>
  ({ outcome, reason, from, to: 1 - from }) as LastChange;
const on = (confirm: Trial['confirm'], seconds_left = 40): Partial<Status> => ({
  state: 'trial',
  trial: { confirm, seconds_left, boots_left: 2 },
});
/** The new frontend runs in slot 1. */
const NEXT: Partial<Status> = { active: 1, slots: [slot(0, OLD), slot(1, NEW)] };
const ON_TRIAL = { ...NEXT, ...on('client'), last: change('updated', null, 0) };
const FELL = {
  slots: [slot(0, OLD), slot(1, NEW)],
  last: change('fell_back', 'not_confirmed', 1),
};

const KEY = 'd75a980182b10ab7';
/** Takes what this key has signed, and no step back. */
const SIGNED: Partial<Status> = { signed_by: [KEY, 'ffffffffffffffff'], lowest_sequence: 7 };

const FILE: ImageFile = {
  name: 'www.bin',
  bytes: 614_400,
  sha256: 'f'.repeat(64),
  api: { min: 1, max: 1 },
  sequence: 0,
  signer: null,
  madeFor: 1 << 20,
  ...NEW,
};

const status = (change: Partial<Status> = {}, more: Partial<State> = {}): State => ({
  ...START,
  status: { ...SETTLED, ...change },
  heard: NOW,
  ...more,
});
const silentFor = (seconds: number, more: Partial<State> = {}): Partial<State> => ({
  silent: NOW - seconds * SECOND,
  heard: NOW - seconds * SECOND,
  ...more,
});
const running = (at: UpdateState, more: Partial<Run> = {}): Partial<State> => ({
  file: FILE,
  holding: true,
  run: {
    what: 'update',
    from: OLD,
    to: NEW,
    stopping: false,
    sent: null,
    meter: advance(startMeter('sending', 614_400, NOW - 4 * SECOND), at, NOW),
    ...more,
  },
});
const WRITING = { phase: 'writing', received: 311_296, written: 307_200, total: 614_400 } as const;
const BROKEN = { phase: 'reconnecting', total: 614_400 } as const;
const CONFIRMING = { phase: 'confirming', secondsLeft: 290 } as const;
const report = (more: Partial<FrameReport>): FrameReport => ({
  build: NEW.build,
  failure: null,
  outcome: null,
  ...more,
});
const THREW = report({
  failure: { text: 'Error: oops', place: 'assets/index-1a2b.js:1:15' },
  outcome: 'failed',
});
const refused = (type: string, detail = '', more: { back?: true } = {}): Partial<State> => ({
  end: {
    kind: 'failed',
    failure: { kind: 'problem', type, title: type, detail, slotSize: null },
    ...more,
  },
});
const wentBack = (reason: string | null, report: FrameReport | null): Partial<State> => ({
  end: { kind: 'went_back', from: NEW, to: OLD, reason, report },
});

const KEPT = '2.5.0 | Running for 1 h 5 min; nobody has confirmed that it works';

/** One look in short: what a test compares. */
const short = ({ notice, task, controls, back, runs }: View) => ({
  runs: `${runs.name} | ${runs.text}`,
  notice: notice && `${notice.tone}: ${notice.title}`,
  task: task.kind + ('title' in task ? `: ${task.title}` : ''),
  controls: controls
    .map(({ id, rank, disabled }) => {
      const mark = { primary: '*', danger: '!', secondary: '' }[rank];
      return `${mark}${id}${disabled ? '-' : ''}`;
    })
    .join(' '),
  back: back && `${back.warning ? 'warning: ' : ''}${back.text}`,
});

type Short = ReturnType<typeof short>;

/** Name, state, and what is to be seen of it. */
const TABLE: [string, State, Partial<Short>][] = [
  [
    'nothing is known yet',
    START,
    { runs: ' | Looking for the device …', notice: null, task: 'none', controls: '', back: null },
  ],
  [
    'a settled device',
    status(),
    {
      runs: '2.4.0 | Running for 1 h 5 min',
      notice: null,
      task: 'choose',
      controls: '*choose goBack',
      back: '2.3.0 is kept as the way back.',
    },
  ],
  [
    'a page that could not load what updates',
    status({}, { missing: true }),
    { notice: 'bad: A part of this page is missing', controls: '*choose tryAgain goBack' },
  ],
  [
    'no other frontend',
    status({ slots: [slot(0, OLD), slot(1, OLD, { valid: false, problem: 'empty' })] }),
    {
      controls: '*choose',
      back: 'warning: There is no way back: no other frontend is on the device.',
    },
  ],
  [
    'a device in recovery',
    status({ state: 'recovery' }),
    {
      runs: 'No frontend | Only the recovery page works',
      notice: 'bad: The device has no frontend to show',
      task: 'choose',
      controls: '*choose',
      back: null,
    },
  ],
  [
    'a device whose settings store is broken',
    status({ fault: 'the store is full' }),
    { notice: 'warning: The settings store failed', task: 'none', controls: '' },
  ],

  // Silence: one lost answer is no news, a restart is none, only after a fair time it is told.
  [
    'an answer that was lost',
    status({}, silentFor(4)),
    { notice: null, controls: '*choose goBack' },
  ],
  [
    'silence for more than a fair time',
    status({}, silentFor(12)),
    {
      runs: '2.4.0 | The device has not answered for 12 s',
      notice: 'bad: The device does not answer',
    },
  ],
  ['a device that never answered, so far', { ...START, silent: NOW - 3000 }, { notice: null }],
  [
    'a device that never answered',
    { ...START, silent: NOW - 9000 },
    { notice: 'bad: The device does not answer', controls: '' },
  ],
  [
    'something else that answers',
    status({}, silentFor(9, { foreign: true })),
    { notice: 'bad: This is not the device' },
  ],
  [
    'the restart of a second tab: the update of another one',
    status(
      { upload: { phase: 'restarting', received: 8192, written: 8192, total: 8192 } },
      silentFor(20),
    ),
    {
      runs: '2.4.0 | The device restarts',
      notice: null,
      task: 'progress: Restarting',
      controls: '',
      back: null,
    },
  ],
  [
    'the restart of a fallback, in any tab',
    status({ ...ON_TRIAL, ...on('client', 1) }, silentFor(20)),
    { runs: '2.5.0 | The device restarts', notice: null, task: 'progress: Restarting' },
  ],
  [
    'a restart that lasts too long',
    status({ ...ON_TRIAL, ...on('client', 1) }, silentFor(70)),
    { notice: 'bad: The device does not answer' },
  ],
  [
    'a trial that is far from its end is no reason for silence',
    status({ ...ON_TRIAL, ...on('client', 200) }, silentFor(20)),
    { notice: 'bad: The device does not answer' },
  ],

  // A file
  [
    'the first one beside what runs: that becomes the way back',
    status(
      { slots: [slot(0, OLD), slot(1, OLD, { valid: false, problem: 'empty' })] },
      { file: FILE },
    ),
    { task: 'chosen: 2.4.0 → 2.5.0, newer', back: 'There is no way back yet.' },
  ],
  [
    'a newer file',
    status({}, { file: FILE }),
    {
      notice: null,
      task: 'chosen: 2.4.0 → 2.5.0, newer',
      controls: '*install choose goBack',
    },
  ],
  [
    'an older file',
    status({}, { file: { ...FILE, version: '2.3.9' } }),
    { task: 'chosen: 2.4.0 → 2.3.9, older than what runs', controls: '*install choose goBack' },
  ],
  [
    'the file that already runs',
    status({}, { file: { ...FILE, ...OLD } }),
    { task: 'chosen: 2.4.0 already runs: nothing to do', controls: 'choose goBack' },
  ],
  [
    'a file of the same version with other content',
    status({}, { file: { ...FILE, version: '2.4.0' } }),
    {
      task: 'chosen: 2.4.0: the same version as what runs, with other content',
      controls: '*install choose goBack',
    },
  ],
  [
    'a file without a version',
    status({}, { file: { ...FILE, version: null, build: null } }),
    { task: 'chosen: 2.4.0 → frontend without a version', controls: '*install choose goBack' },
  ],
  [
    'a file that is too large',
    status({}, { file: { ...FILE, bytes: 3 << 20 } }),
    { notice: 'bad: The update file is too large', controls: 'choose goBack' },
  ],
  [
    'a file for other firmware',
    status({ device: { ...device, api: 2 } }, { file: FILE }),
    { notice: 'bad: Made for other firmware', controls: 'choose goBack' },
  ],
  [
    'a file that is not signed, for a device that takes signed ones alone',
    status(SIGNED, { file: FILE }),
    { notice: 'bad: The file is not signed', controls: 'choose goBack' },
  ],
  [
    'a file that is signed by a key that the device does not know',
    status(SIGNED, { file: { ...FILE, signer: '0123456789abcdef' } }),
    { notice: 'bad: Signed by somebody else', controls: 'choose goBack' },
  ],
  [
    'a file that is signed, and a step back',
    status(SIGNED, { file: { ...FILE, signer: KEY, sequence: 6 } }),
    { notice: 'bad: Older than this device takes', controls: 'choose goBack' },
  ],
  [
    'a file that is signed, and as new as it has to be',
    status(SIGNED, { file: { ...FILE, signer: KEY, sequence: 7 } }),
    { notice: null, controls: '*install choose goBack' },
  ],
  [
    'no file yet, on a device that takes signed ones alone',
    status(SIGNED),
    { notice: null, task: 'choose', controls: '*choose goBack' },
  ],
  [
    'a file that was changed since it was shown',
    status({}, { file: FILE, changed: true }),
    {
      notice: 'warning: The file has changed since you chose it',
      controls: '*install choose goBack',
    },
  ],
  [
    'a file that is gone',
    status({}, { end: { kind: 'failed', failure: { kind: 'file', why: 'gone', value: '' } } }),
    {
      notice: 'bad: The file was changed or moved',
      task: 'choose',
      controls: '*choose dismiss goBack',
    },
  ],
  [
    'a chosen file while the device is lost',
    status({}, silentFor(12, { file: FILE })),
    { controls: '*install- choose goBack-' },
  ],

  // The update
  [
    'sending',
    status({}, running({ phase: 'sending', received: 60_000, total: 614_400 })),
    {
      runs: '2.4.0 | Running for 1 h 5 min',
      notice: null,
      task: 'progress: Sending',
      controls: 'cancel',
      back: 'The new frontend is written beside the one that runs, which stays as the way back.',
    },
  ],
  [
    'writing',
    status({ upload: WRITING }, running(WRITING)),
    { task: 'progress: Writing', controls: 'cancel', notice: null },
  ],
  [
    'a device that dies while it writes',
    status({ upload: WRITING }, { ...running(WRITING), ...silentFor(12) }),
    { notice: null, task: 'progress: Writing', controls: 'cancel' },
  ],
  [
    'a connection that broke: it goes on by itself, and can be cancelled',
    status({}, { ...running(BROKEN), ...silentFor(12) }),
    { notice: null, task: 'progress: Connection lost', controls: 'cancel' },
  ],
  [
    'the same while the device is busy with what broke off',
    status({ upload: WRITING }, running(BROKEN)),
    { notice: null, task: 'progress: Connection lost', controls: 'cancel' },
  ],
  [
    'the same, cancelled',
    status({}, { ...running(BROKEN, { stopping: true }), ...silentFor(12) }),
    { notice: null, task: 'progress: Stopping …', controls: 'cancel-' },
  ],
  [
    'cancelling',
    status({ upload: WRITING }, running(WRITING, { stopping: true })),
    { notice: null, task: 'progress: Stopping …', controls: 'cancel-' },
  ],
  [
    'restarting: the device still tells the old state',
    status(
      { slots: [slot(0, OLD), slot(1, NEW, { valid: false, problem: 'being written' })] },
      running({ phase: 'restarting' }),
    ),
    {
      runs: '2.4.0 → 2.5.0 | The device restarts',
      notice: null,
      task: 'progress: Restarting',
      controls: '',
      back: null,
    },
  ],
  [
    'confirming: the new frontend is what runs',
    status(ON_TRIAL, running(CONFIRMING)),
    {
      runs: '2.5.0 | On trial',
      notice: null,
      task: 'verdict: Trying it',
      controls: 'look goBack keep',
      back: '2.4.0 is kept as the way back.',
    },
  ],
  [
    'confirming a frontend that throws',
    status(ON_TRIAL, { ...running(CONFIRMING), report: THREW }),
    {
      notice: 'bad: 2.5.0 reports an error',
      task: 'verdict: Trying it',
      controls: '*goBack look keep',
    },
  ],
  [
    'the end of a trial, at which the device restarts',
    status(
      { ...ON_TRIAL, ...on('client', 1) },
      { ...running(CONFIRMING), ...silentFor(5), report: THREW },
    ),
    {
      runs: '2.5.0 | The device restarts',
      notice: null,
      task: 'progress: Restarting',
      controls: '',
      back: null,
    },
  ],
  [
    'another page that answers in the frame',
    status(ON_TRIAL, { ...running(CONFIRMING), report: report({ outcome: 'other-build' }) }),
    {
      notice: 'warning: Another page answers in place of the new frontend',
      controls: 'look goBack keep',
    },
  ],
  [
    'a page that may have no frame',
    status(ON_TRIAL, { ...running(CONFIRMING), report: report({ outcome: 'forbidden' }) }),
    { notice: 'warning: Look at 2.5.0 to finish the update', controls: '*look goBack keep' },
  ],
  [
    'confirmed, before the page has said so',
    status(NEXT, running(CONFIRMING)),
    {
      runs: '2.5.0 | Loading it …',
      notice: null,
      task: 'progress: Done',
      controls: '',
    },
  ],
  [
    'kept by the device, before the page has said so',
    status({ ...NEXT, last: change('kept', 'no_way_back', 1) }, running(CONFIRMING)),
    { runs: KEPT, notice: null, task: 'none', controls: '' },
  ],
  [
    'gone back, before the page has said so',
    status(FELL, { ...running(CONFIRMING), report: THREW }),
    { runs: '2.4.0 | Running for 1 h 5 min', notice: null, task: 'none', controls: '' },
  ],
  [
    'taken back by a person, before the page has said so',
    status(
      { slots: FELL.slots, ...on('device', 28), last: change('rolled_back', null, 1) },
      running(CONFIRMING),
    ),
    {
      runs: '2.4.0 | Runs again; the device makes sure of it for 28 s',
      task: 'none',
      controls: '',
    },
  ],
  [
    'done',
    status(NEXT, { ...running(CONFIRMING), leaving: true }),
    {
      runs: '2.5.0 | Loading it …',
      notice: null,
      task: 'progress: Done',
      controls: '',
      back: null,
    },
  ],

  // Its end
  [
    'updated',
    status(
      { ...NEXT, last: change('updated', null, 0) },
      { end: { kind: 'updated', to: NEW, kept: false } },
    ),
    {
      notice: 'good: Updated to 2.5.0',
      controls: '*choose dismiss goBack',
      back: '2.4.0 is kept as the way back.',
    },
  ],
  [
    'kept, since there is nothing to go back to',
    status(
      { ...NEXT, last: { outcome: 'kept', reason: 'no_way_back', from: 1, to: 1 } },
      { end: { kind: 'updated', to: NEW, kept: true }, stale: true },
    ),
    {
      runs: KEPT,
      notice: 'warning: 2.5.0 runs, and nobody knows whether it works',
      controls: '*choose reload dismiss goBack',
    },
  ],
  [
    'cancelled',
    status({}, { file: FILE, end: { kind: 'cancelled', late: false } }),
    {
      notice: 'info: Cancelled',
      task: 'chosen: 2.4.0 → 2.5.0, newer',
      controls: '*tryAgain choose dismiss goBack',
    },
  ],
  [
    'cancelled too late',
    status(ON_TRIAL, { file: FILE, end: { kind: 'cancelled', late: true } }),
    {
      notice: 'warning: It was too late to cancel',
      task: 'verdict: Does 2.5.0 work?',
      controls: '*look goBack keep',
    },
  ],
  [
    'an upload that was lost: one can try again at once, also while nothing answers',
    status(
      {},
      silentFor(12, {
        file: FILE,
        end: { kind: 'failed', failure: { kind: 'unreachable', why: 'gone' } },
      }),
    ),
    { notice: 'bad: The device is gone', controls: '*tryAgain choose dismiss goBack-' },
  ],
  [
    'broken off by a reload',
    status({}, { end: { kind: 'interrupted' } }),
    { notice: 'warning: The update was broken off', controls: '*choose dismiss goBack' },
  ],
  [
    'it threw',
    status(FELL, wentBack('not_confirmed', THREW)),
    {
      runs: '2.4.0 | Running for 1 h 5 min',
      notice: 'bad: 2.5.0 failed: the device went back to 2.4.0',
      task: 'choose',
      controls: '*choose dismiss !goBack',
      back: 'warning: 2.5.0 is still there, but was not confirmed in time.',
    },
  ],
  [
    'it loaded and never confirmed',
    status(FELL, wentBack('not_confirmed', report({}))),
    { notice: 'bad: 2.5.0 never said that it works: the device went back to 2.4.0' },
  ],
  [
    'nobody loaded it',
    status(FELL, { file: FILE, ...wentBack('not_confirmed', null) }),
    {
      notice: 'bad: 2.5.0 was not loaded in time: the device went back to 2.4.0',
      controls: '*tryAgain choose dismiss',
    },
  ],
  [
    'nobody looked at it, which may have no frame',
    status(FELL, {
      file: FILE,
      ...wentBack('not_confirmed', report({ build: null, outcome: 'forbidden' })),
    }),
    {
      notice: 'bad: Nobody looked at 2.5.0 in time: the device went back to 2.4.0',
      controls: '*tryAgain choose dismiss',
    },
  ],
  [
    'it kept restarting the device',
    status(FELL, wentBack('kept_restarting', null)),
    { notice: 'bad: The device went back to 2.4.0', controls: '*choose dismiss !goBack' },
  ],
  [
    'somebody else came between',
    status({}, wentBack('replaced', null)),
    { notice: 'warning: The device runs 2.4.0' },
  ],

  // Going back
  [
    'going back',
    status({}, running({ phase: 'restarting' }, { what: 'back', from: OLD, to: OLDER })),
    {
      runs: '2.4.0 → 2.3.0 | The device restarts',
      task: 'progress: Going back',
      controls: '',
      notice: null,
    },
  ],
  [
    'after going back: the way back is not offered, since it leads forward',
    status({
      ...on('device', 28),
      slots: [slot(0, OLD), slot(1, NEW)],
      last: change('rolled_back', null, 1),
    }),
    {
      runs: '2.4.0 | Runs again; the device makes sure of it for 28 s',
      notice: null,
      task: 'none',
      controls: '',
      back: '2.5.0, which ran before, is kept beside it.',
    },
  ],
  [
    'when that is settled',
    status({ slots: [slot(0, OLD), slot(1, NEW)], last: change('rolled_back', null, 1) }),
    {
      controls: '*choose goBack',
      back: '2.5.0, which is newer, is kept beside it.',
    },
  ],
  [
    'after going back from another build of the same version',
    status({
      slots: [slot(0, OLD), slot(1, { ...NEW, version: '2.4.0' })],
      last: change('rolled_back', null, 1),
    }),
    {
      controls: '*choose goBack',
      back: `Another 2.4.0 is kept as the way back: build ${NEW.build.slice(0, 8)}, 296 KiB.`,
    },
  ],
  [
    'after somebody took it back before it had proved itself: warned of in every tab',
    status({
      slots: [slot(0, OLD), slot(1, NEW)],
      last: change('rolled_back', 'not_confirmed', 1),
    }),
    {
      controls: '*choose !goBack',
      back: 'warning: 2.5.0 is still there, but was taken back before it had proved that it works.',
    },
  ],
  [
    'after somebody kept one that threw: not said to work',
    status(NEXT, {
      end: { kind: 'updated', to: NEW, kept: false, how: 'said', error: 'oops' },
      failed: { [NEW.build]: 'threw' },
    }),
    {
      runs: '2.5.0 | Running for 1 h 5 min, but it reported an error',
      notice: 'warning: Kept 2.5.0: you said so',
    },
  ],
  [
    'going forward is called so',
    status({}, running({ phase: 'restarting' }, { what: 'back', from: OLD, to: NEW })),
    { task: 'progress: Going to 2.5.0' },
  ],
  [
    'after going back and forth: what runs is what somebody returned to',
    status({ ...NEXT, last: change('rolled_back', null, 0) }),
    { back: '2.4.0 is kept as the way back.' },
  ],
  [
    'after going back from one that threw: it is still there, with a warning',
    status(
      { slots: [slot(0, OLD), slot(1, NEW)], last: change('rolled_back', null, 1) },
      { end: { kind: 'rolled_back', to: OLD }, failed: { [NEW.build]: 'threw' } },
    ),
    {
      notice: 'good: Went back to 2.4.0',
      controls: '*choose dismiss !goBack',
      back: 'warning: 2.5.0 is still there, but reported an error.',
    },
  ],
  [
    'after that was closed: the same',
    status(
      { slots: [slot(0, OLD), slot(1, NEW)], last: change('rolled_back', null, 1) },
      { failed: { [NEW.build]: 'threw' } },
    ),
    {
      controls: '*choose !goBack',
      back: 'warning: 2.5.0 is still there, but reported an error.',
    },
  ],
  [
    'an update that the device confirms',
    status({ ...NEXT, ...on('device', 28), last: change('updated', null, 0) }),
    {
      runs: '2.5.0 | New, on trial: the device keeps it in 28 s',
      task: 'none',
      controls: 'goBack',
    },
  ],
  [
    'after a fallback: the broken one is no primary control, and carries a warning',
    status(FELL),
    {
      notice: null,
      controls: '*choose !goBack',
      back: 'warning: 2.5.0 is still there, but was not confirmed in time.',
    },
  ],
  [
    'the same version on both sides',
    status({ slots: [slot(0, OLD), slot(1, { ...OLDER, version: '2.4.0' })] }),
    {
      controls: '*choose goBack',
      back: 'Another 2.4.0 is kept as the way back: build aaaaaaaa, 296 KiB.',
    },
  ],
  [
    'the very same on both sides',
    status({ slots: [slot(0, OLD), slot(1, OLD)] }),
    { controls: '*choose', back: 'The way back is the very same frontend.' },
  ],

  // Others
  [
    'the update of somebody else',
    status({ upload: WRITING }),
    {
      notice: null,
      task: 'progress: Somebody else updates the device',
      controls: '',
      back: 'The new frontend is written beside the one that runs, which stays as the way back.',
    },
  ],
  [
    'the end of it, before the device restarts',
    status({ upload: { ...WRITING, phase: 'restarting', received: 614_400, written: 614_400 } }),
    { task: 'progress: Somebody else updates the device', back: null },
  ],
  [
    'the trial of somebody else',
    status(ON_TRIAL, { stale: true }),
    { notice: null, task: 'verdict: Does 2.5.0 work?', controls: '*look goBack keep' },
  ],
  [
    'an update that the firmware does not want now: no alarm, and the file is kept',
    status({}, { file: FILE, ...refused('not-now', 'the gate is moving') }),
    {
      notice: 'info: The device wants no update now',
      task: 'chosen: 2.4.0 → 2.5.0, newer',
      controls: '*tryAgain choose dismiss goBack',
    },
  ],
  [
    'going back, which the firmware does not want now: what is tried again is no file',
    status({}, { file: FILE, ...refused('not-now', 'the gate is moving', { back: true }) }),
    {
      notice: 'info: The device wants no update now',
      controls: '*install choose dismiss goBack',
    },
  ],
  [
    'an update by somebody whom the device does not know',
    status({}, { file: FILE, ...refused('unauthorized') }),
    {
      notice: 'info: The device does not know you',
      controls: '*tryAgain choose dismiss goBack',
    },
  ],
  [
    'an update by somebody who may not',
    status({}, { file: FILE, ...refused('forbidden') }),
    {
      notice: 'info: You may not do this',
      controls: '*tryAgain choose dismiss goBack',
    },
  ],
  [
    'a refusal for which something is broken',
    status({}, { file: FILE, ...refused('flash-fault') }),
    { notice: 'bad: The memory failed', controls: '*tryAgain choose dismiss goBack' },
  ],
  [
    'a device that tells nothing to whom it does not know',
    { ...START, denied: true },
    {
      runs: ' | Looking for the device …',
      notice: 'warning: The device wants to know you',
      controls: '',
    },
  ],
  [
    'a device that tells nothing without its password',
    { ...START, denied: true, locked: true },
    {
      runs: ' | Looking for the device …',
      notice: 'warning: This needs the device’s password',
      controls: 'tryAgain',
    },
  ],
  [
    'the same, when it had told something before',
    status({}, { denied: true, locked: true }),
    {
      notice: 'warning: This needs the device’s password',
      controls: '*choose tryAgain goBack',
    },
  ],
  [
    'a password that was not entered for an update',
    status({}, { file: FILE, ...refused('password-needed') }),
    {
      notice: 'info: This needs the device’s password',
      controls: '*tryAgain choose dismiss goBack',
    },
  ],
  [
    'a first password that was not set',
    status({}, { file: FILE, ...refused('password-unset') }),
    {
      notice: 'info: The device needs a password first',
      controls: '*tryAgain choose dismiss goBack',
    },
  ],
  [
    'a login that has ended since',
    status({}, { denied: true }),
    { notice: 'warning: The device wants to know you', controls: '*choose goBack' },
  ],
  [
    'a login that has ended since, with a file',
    status({}, { denied: true, file: FILE }),
    { notice: 'warning: The device wants to know you', controls: '*install choose goBack' },
  ],
  [
    'the trial of somebody else, which throws',
    status(ON_TRIAL, { stale: true, report: THREW }),
    { notice: 'bad: 2.5.0 reports an error', controls: '*goBack look keep' },
  ],
  [
    'another frontend than this page came with, while a file waits',
    status(NEXT, { stale: true, file: { ...FILE, version: '2.6.0', build: null } }),
    {
      notice: 'info: The device runs another frontend now',
      controls: '*install choose reload goBack',
    },
  ],
];

describe('what is shown of', () => {
  test.each(TABLE)('%s', (_, state, expected) => {
    expect(short(view(state, en, NOW))).toMatchObject(expected);
  });
});

describe.each([en, de])('in every state, in $lang,', (words) => {
  const AT_REST = TABLE.filter(([, state]) => !isWanted(state) && !state.changed && !state.leaving);
  test('of a page at rest is more than a few of these', () => {
    expect(AT_REST.length).toBeGreaterThan(10);
  });
  test.each(AT_REST)('%s: the same without the part that updates', (_, state) => {
    expect(short(restView(state, rest, NOW))).toEqual(short(view(state, en, NOW)));
  });

  const WANTED = TABLE.filter(([, state]) => isWanted(state));
  test.each(WANTED)('%s: nothing to be done but to load it, where it is missing', (_, state) => {
    const { controls, task } = restView({ ...state, missing: true }, rest, NOW);
    expect(task).toEqual({ kind: 'none', text: '' });
    const ids = controls.map(({ id }) => id).filter((id) => id !== 'dismiss');
    expect([[], ['tryAgain'], ['reload']]).toContainEqual(ids);
    expect(ids.length).toBe(state.leaving ? 0 : 1);
  });

  test.each(TABLE)('%s: one main button at most, and nothing is left empty', (_, state) => {
    const shown = view(state, words, NOW);
    expect(shown.controls.filter(({ rank }) => rank === 'primary').length).toBeLessThan(2);
    const ids = shown.controls.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(JSON.stringify(shown)).not.toMatch(/undefined|NaN|\[object|=>|\$\{/);
    // Technical words belong to the details.
    const { details, ...rest } = shown;
    expect(JSON.stringify(rest)).not.toMatch(/\b(slots?|image|www_[01]|boot id)\b/i);
    expect(details.heading).not.toBe('');
    for (const { place } of shown.controls) {
      if (place === 'notice') expect(shown.notice).not.toBeNull();
      if (place === 'back') expect(shown.back).not.toBeNull();
    }
    const { task } = shown;
    if ('value' in task) {
      expect(task.value).toBeGreaterThanOrEqual(0);
      expect(task.value).toBeLessThanOrEqual(1);
      expect(task.percent).toBe(`${Math.floor(task.value * 100)} %`);
    }
  });
});

const progress = (state: State, now = NOW) =>
  view(state, en, now).task as Task & { kind: 'progress' };

test('the bar says bytes, speed and time left', () => {
  const { figures, frozen, percent } = progress(status({ upload: WRITING }, running(WRITING)));
  expect(figures).toBe('300 KiB of 600 KiB · 75 KiB/s · about 14 s left');
  expect(frozen).toBe(false);
  expect(percent).toBe('31 %');
});

test('a device that dies at 31 % stays at 31 %, and the bar says since when nothing is heard', () => {
  const alive = progress(status({ upload: WRITING }, running(WRITING)));
  const state = status({ upload: WRITING }, { ...running(WRITING), ...silentFor(12) });
  const dead = progress(state);
  expect(dead).toMatchObject({ value: alive.value, percent: '31 %', frozen: true });
  expect(dead.figures).toBe('waiting for the device … (12 s)');
  expect(progress(state, NOW + 5000)).toMatchObject({
    value: alive.value,
    figures: 'waiting for the device … (17 s)',
  });
});

test('the bar stands still while a connection is lost, and says what will happen', () => {
  const meter = advance(startMeter('sending', 614_400, NOW - 4 * SECOND), WRITING, NOW - SECOND);
  const broken = advance(meter, BROKEN, NOW);
  const state = status({}, running(BROKEN, { meter: broken }));
  expect(progress(state)).toMatchObject({ percent: '31 %', figures: '', frozen: true });
  expect(progress(state).text).toMatch(/goes on by itself/);
  const silent = { ...state, ...silentFor(5) };
  expect(progress(silent).figures).toBe('waiting for the device … (5 s)');
  expect(view(silent, de, NOW).spoken).toBe('Verbindung verloren');
  // And goes on from there.
  const again = advance(broken, { phase: 'sending', received: 0, total: 614_400 }, NOW + SECOND);
  expect(again).toMatchObject({ value: meter.value, written: 307_200, speed: null });
});

test('an answer that takes a second is no news', () => {
  const state = status({}, running(WRITING));
  expect(progress(state, NOW + 1500)).toMatchObject({ frozen: false });
  expect(progress(state, NOW + 1500).figures).not.toMatch(/waiting/);
  expect(progress(state, NOW + 2500).figures).toBe('waiting for the device … (2 s)');
});

test('what is overwritten is named before anything is sent', () => {
  const { task } = view(status({}, { file: FILE }), en, NOW);
  expect(task).toMatchObject({ file: 'www.bin · 600 KiB' });
  expect('text' in task && task.text).toMatch(/^This overwrites 2\.3\.0,.*way back\.$/);
  const other = slot(1, OLDER, { valid: false, problem: 'empty' });
  const empty = view(status({ slots: [slot(0, OLD), other] }, { file: FILE }), en, NOW).task;
  expect('text' in empty && empty.text).toMatch(/^Nothing that is needed is overwritten/);
});

test('what is on the device after a cancelled upload is told by its status', () => {
  const end = { kind: 'cancelled', late: false, had: OLDER } as const;
  const text = (slots: Slot[]) => view(status({ slots }, { end }), en, NOW).notice?.text;
  expect(text([slot(0, OLD), slot(1, OLDER)])).toBe(
    '2.4.0 still runs. 2.3.0 is still the way back.',
  );
  const cut = slot(1, OLDER, { valid: false, version: null, problem: 'cut off' });
  expect(text([slot(0, OLD), cut])).toBe(
    '2.4.0 still runs. 2.3.0, the way back, was being overwritten and is gone.',
  );
  const never = view(
    status({ slots: [slot(0, OLD), cut] }, { end: { ...end, had: null } }),
    en,
    NOW,
  );
  expect(never.notice?.text).toBe('2.4.0 still runs.');
});

test('an error is told with its text and place, and a page that never confirmed with how it can', () => {
  const threw = view(status(FELL, wentBack('not_confirmed', THREW)), en, NOW).notice;
  expect(threw?.text).toBe('Error: oops (assets/index-1a2b.js:1:15)');
  expect(threw?.link).toBeNull();
  const silent = view(status(FELL, wentBack('not_confirmed', report({}))), en, NOW).notice;
  expect(silent?.link?.href).toMatch(/#in-every-page-confirm$/);
});

test('of a long error the beginning is told, and the details have all of it', () => {
  const failure = {
    text: `Error: ${'long '.repeat(400)}`,
    place: `assets/${'x'.repeat(200)}.js:1:15`,
  };
  const whole = `${failure.text} (${failure.place})`;
  const told = report({ failure, outcome: 'failed' });
  const problem = (state: State, index: number) => {
    const { notice, details } = view(state, en, NOW);
    expect(notice?.text.length).toBeLessThan(220);
    expect(notice?.text).toMatch(/Error: long .*….*….*$/);
    const rows = details.sections[1 + index]?.rows ?? [];
    return rows.find(([name]) => name === 'Problem')?.[1];
  };
  expect(problem(status(ON_TRIAL, { ...running(CONFIRMING), report: told }), 1)).toBe(whole);
  expect(problem(status(ON_TRIAL, { stale: true, report: told }), 1)).toBe(whole);
  expect(problem(status(FELL, wentBack('not_confirmed', told)), 1)).toBe(whole);
  const short = view(status(FELL, wentBack('not_confirmed', told)), en, NOW).details.sections[1];
  expect(short?.rows.map(([name]) => name)).not.toContain('Problem');
  const said: State['end'] = { kind: 'updated', to: NEW, kept: false, how: 'said' };
  const despite = view(status(NEXT, { end: { ...said, error: failure.text } }), en, NOW).notice;
  expect(despite?.text.length).toBeLessThan(160);
});

test('going back asks once, says what stays, and warns of what did not work', () => {
  const ask = (change: Partial<Status>) =>
    view(status(change), en, NOW).controls.find(({ id }) => id === 'goBack');
  expect(ask({})).toMatchObject({
    label: 'Go back to 2.3.0',
    ask: {
      title: 'Go back to 2.3.0?',
      text: 'The device restarts with 2.3.0. 2.4.0 is kept, so that you can return.',
    },
  });
  expect(ask(FELL)?.label).toBe('Run 2.5.0 anyway');
  expect(ask(FELL)?.ask?.title).toBe('Run 2.5.0 anyway?');
  expect(ask({ slots: FELL.slots })?.ask?.title).toBe('Go to 2.5.0 again?');
  expect(ask(FELL)?.ask?.text).toMatch(/^Last time, 2\.5\.0 was not confirmed in time\. /);
  const left = (reason: LastChange['reason']) =>
    ask({ slots: FELL.slots, last: change('rolled_back', reason, 1) });
  expect(left(null)?.label).toBe('Go to 2.5.0 again');
  expect(left(null)?.ask?.text).toMatch(/^The device restarts/);
  expect(left('not_confirmed')?.label).toBe('Run 2.5.0 anyway');
  expect(left('not_confirmed')?.ask?.text).toMatch(
    /^Last time, 2\.5\.0 was taken back before it had proved that it works\. The device restarts/,
  );
  const same = { slots: [slot(0, OLD), slot(1, { ...OLDER, version: '2.4.0' })] };
  expect(ask(same)?.label).toBe('Go back to 2.4.0 (build aaaaaaaa, 296 KiB)');
});

test('once something speaks against a new frontend, it is not said to be tried only', () => {
  const text = (report: FrameReport | null) =>
    progress(status(ON_TRIAL, { ...running(CONFIRMING), report })).text;
  expect(text(report({}))).toMatch(/is loaded to see whether it works/);
  expect(text(THREW)).toBe('');
  expect(text(report({ outcome: 'other-build' }))).toBe('');
});

describe.each([en, de])('in $lang, while a new frontend is on trial,', (words) => {
  const TRIALS: [string, State][] = [
    ['is tried', status(ON_TRIAL, running(CONFIRMING))],
    ['throws', status(ON_TRIAL, { ...running(CONFIRMING), report: THREW })],
    ['throws, in a second tab', status(ON_TRIAL, { stale: true, report: THREW })],
    ['waits for a person', status(ON_TRIAL, { stale: true })],
    ['was to be cancelled', status(ON_TRIAL, { end: { kind: 'cancelled', late: true } })],
  ];
  test.each(TRIALS)('that %s, one sentence says when the device goes back', (_, state) => {
    const [, unit] = words.units.slice(-2);
    for (const ms of [0, 250, 999, 1000, 1750]) {
      const { runs, notice, task } = view(state, words, NOW + ms);
      const said = [runs.text, JSON.stringify(notice), JSON.stringify(task)].join('\n');
      const goes = words === en ? /goes back/g : /Gerät kehrt|kehrt das Gerät/g;
      expect(said.match(goes), said).toHaveLength(1);
      expect(said).toContain(`${40 - Math.floor(ms / SECOND)} ${unit}`);
    }
  });
});

test('one looks at a new frontend where it is', () => {
  const state = status(ON_TRIAL, { ...running(CONFIRMING), home: '/kitchen/' });
  const look = view(state, en, NOW).controls.find(({ id }) => id === 'look');
  expect(look?.href).toBe('/kitchen/');
});

test.each([
  [true, 'Wi-Fi setup'],
  [false, ''],
  // Firmware that does not tell.
  [undefined, ''],
] as const)(
  'where the device says %s of its Wi-Fi, the link to its setup is there: %j',
  (wifi, shown) => {
    const told = { device: { ...device, ...(wifi !== undefined && { wifi }) } };
    expect(view(status(told), en, NOW).details.wifi).toBe(shown);
  },
);

test('while no device is known, there is no link to its Wi-Fi setup', () => {
  expect(view({ ...status({}), status: null }, en, NOW).details.wifi).toBe('');
});

test('the details call everything as the device does', () => {
  const { details } = view(status(ON_TRIAL, { file: FILE }), en, NOW);
  expect(details.sections.map(({ heading }) => heading)).toEqual([
    'Device',
    'www_0 (the other)',
    'www_1 (runs)',
    'File',
  ]);
  const rows = details.sections.flatMap((section) => section.rows.map((row) => row.join(': ')));
  for (const row of [
    'Name: kitchen',
    'Chip: esp32s3',
    'Firmware: 0.1.0',
    'API: 1',
    'Boot: boot-0',
    'Restarts left on trial: 2',
    'Build: fedcba9876543210',
    'Size: 296 KiB of 1 MiB',
    `SHA-256: ${'f'.repeat(64)}`,
  ]) {
    expect(rows).toContain(row);
  }
  expect(rows.join()).not.toMatch(/null|undefined/);
});

test('the details tell how much of a file goes over the network, once that is known', () => {
  const sends = (more: Partial<Run>) => {
    const { details } = view(status({}, running(WRITING, more)), en, NOW);
    return details.sections.at(-1)?.rows.find(([name]) => name === 'Sends')?.[1];
  };
  const sent = { bytes: 12_288, total: 614_400, how: 'patch' } as const;
  expect(sends({ sent })).toBe('12 KiB of 600 KiB');
  expect(sends({ sent: null })).toBeUndefined();
});

test.each([
  ['a settled device', status(), 'backup'],
  ['a device on trial', status(ON_TRIAL), 'backup'],
  ['one that is busy with a command', status({}, { busy: true }), 'backup-'],
  ['one that does not answer', status({}, silentFor(12)), 'backup-'],
  ['an answer that was lost', status({}, silentFor(4)), 'backup'],
  ['an update', status({ upload: WRITING }, running(WRITING)), null],
  ['somebody else’s', status({ upload: WRITING }), null],
  ['recovery', status({ state: 'recovery' }), null],
  ['no device', START, null],
  ['a page that is about to be loaded', status({}, { leaving: true }), null],
])('a copy of what runs is offered by the details: %s', (_, state, want) => {
  const { backup } = view(state, en, NOW).details;
  expect(backup ? `${backup.id}${backup.disabled ? '-' : ''}` : null).toBe(want);
});

test('the details name the APIs, keys and sequences of device, slots and file', () => {
  const slots = [
    slot(0, OLD, { api: [1, 2], sequence: 7, signer: KEY }),
    slot(1, OLDER, { api: [1, 1], sequence: 0, signer: null }),
  ];
  const file = { ...FILE, api: { min: 2, max: 3 }, sequence: 8, signer: KEY };
  const rows = (state: State) =>
    view(state, en, NOW).details.sections.map(({ rows }) =>
      rows.filter(([name]) => /^(API|Key|Sequence)$/.test(name)).map((row) => row.join(': ')),
    );
  expect(rows(status({ ...SIGNED, slots }, { file }))).toEqual([
    ['API: 1', `Key: ${KEY}, ffffffffffffffff`, 'Sequence: ≥ 7'],
    ['API: 1–2', 'Sequence: 7', `Key: ${KEY}`],
    ['API: 1'],
    ['API: 2–3', 'Sequence: 8', `Key: ${KEY}`],
  ]);
  // Firmware from before there were any of these says nothing of them.
  expect(rows(status({}, { file: FILE }))).toEqual([['API: 1'], [], [], ['API: 1']]);
  expect(rows(status({ signed_by: null, lowest_sequence: null }))).toEqual([['API: 1'], [], []]);
});

test('times go on between two answers', () => {
  const later = view(status(ON_TRIAL), en, NOW + 10 * SECOND);
  expect('text' in later.task && later.task.text).toMatch(/goes back in 30 s/);
  expect(view(status(), en, NOW + 60 * SECOND).runs.text).toMatch(/for 1 h 6 min/);
});
