// @vitest-environment jsdom
// What the updater does and knows, with a device in memory and a clock that the tests turn.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Device, Problem, Unreachable } from '../src/device.js';
import type { FrameReport } from '../src/frame.js';
import type { FaceplatePage } from '../src/global.js';
import { leaveSending } from '../src/note.js';
import type { State } from '../src/state.js';
import { isWanted } from '../src/rest-view.js';
import { Updater, updaterFor } from '../src/updater.js';
import { view } from '../src/view.js';
import { en } from '../src/words/en.js';
import { listOf } from './images.js';
import { MemoryDevice, NEW, NotingBrowser, OLD, imageFile } from './memory.js';

let device: MemoryDevice;
let browser: NotingBrowser;
let updater: Updater;
let states: State[];
let stop: () => void;

const begin = (options = {}) => {
  updater = new Updater(device.client, options, browser);
  states = [];
  stop = updater.subscribe((state) => states.push(state));
};

beforeEach(async () => {
  vi.useFakeTimers();
  sessionStorage.clear();
  device = new MemoryDevice();
  browser = new NotingBrowser();
  begin();
  await pass(0);
});

afterEach(async () => {
  stop();
  await vi.advanceTimersByTimeAsync(600_000);
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const pass = (seconds: number) => vi.advanceTimersByTimeAsync(seconds * 1000);
const { state } = { state: () => updater.state };
/** Reading a file takes turns that no clock counts. */
const choose = async (file = imageFile()) => {
  await updater.choose(file);
  return file;
};
const install = async (file = imageFile()) => {
  await choose(file);
  void updater.install();
  await vi.waitFor(() => expect(device.sent).not.toBeNull());
  await pass(1);
};
/** Up to where the new frontend is on trial. */
const installNew = async () => {
  await install();
  device.take();
  await pass(1);
  device.restartNew();
  await pass(1);
};
const report = (more: Partial<FrameReport> = {}): FrameReport => ({
  build: NEW.build,
  failure: null,
  outcome: null,
  ...more,
});
const THREW = report({ failure: { text: 'oops', place: 'main.js:1:1' }, outcome: 'failed' });

describe('a copy of what runs', () => {
  test('is given to the browser under the name of the device and of the version', async () => {
    await updater.backup();
    expect(browser.saved).toEqual([[`kitchen-${OLD.version}.bin`, 16_384]]);
    expect(state()).toMatchObject({ busy: false, end: null });
  });

  test('that cannot be had is told in words', async () => {
    device.down = true;
    await updater.backup();
    expect(browser.saved).toEqual([]);
    const failure = { kind: 'unreachable', why: 'silent' };
    expect(state()).toMatchObject({ busy: false, end: { kind: 'failed', failure } });
  });
});

describe('an update', () => {
  test('ends with the page of the new frontend, which has 300 s to prove itself', async () => {
    await installNew();
    expect(state().run?.meter.phase).toBe('confirming');
    expect(device.asked).toEqual(['upload within 300']);
    expect(browser.opened).toBe(1);
    browser.inside = report({ outcome: 'confirmed' });
    device.settle();
    await pass(1);
    expect(state()).toMatchObject({ leaving: true, holding: false });
    expect(browser.left).toEqual([undefined]);
  });

  test('holds page and screen until the verdict', async () => {
    expect(browser.held).toBe(0);
    await install();
    expect(state().holding).toBe(true);
    expect(browser.held).toBe(1);
    device.take();
    device.restartNew();
    await pass(2);
    expect(browser.held).toBe(1);
    browser.inside = report({ outcome: 'confirmed' });
    device.settle();
    await pass(1);
    expect(browser.held).toBe(0);
  });

  test('has one bar that never runs back', async () => {
    await install();
    for (const written of [4096, 8192, 6000, 16_384]) {
      device.progress('writing', written);
      await pass(0.5);
    }
    device.progress('checking', 16_384);
    await pass(2);
    device.take();
    device.down = true;
    await pass(3);
    device.down = false;
    device.restartNew();
    await pass(5);
    device.settle();
    await pass(1);
    const values = states.flatMap(({ run }) => (run ? [run.meter.value] : []));
    expect(values.length).toBeGreaterThan(20);
    expect(values).toEqual([...values].sort((a, b) => a - b));
    expect(new Set(values).size).toBeGreaterThan(15);
    expect(values.at(-1)).toBeGreaterThan(0.9);
  });

  test('that was lost can be tried again at once, and stood where it was', async () => {
    await install();
    device.progress('writing', 8192);
    await pass(1);
    const { value } = state().run?.meter ?? {};
    device.down = true;
    device.answer(new Unreachable('silent'));
    await pass(10);
    expect(state().run?.meter.value).toBe(value);
    await pass(15);
    expect(state().end).toEqual({ kind: 'failed', failure: { kind: 'unreachable', why: 'gone' } });
    expect(state().file).toMatchObject({ version: NEW.version });
    device.down = false;
    device.now = { ...device.now, upload: null };
    device.sent = null;
    void updater.tryAgain();
    await vi.waitFor(() => expect(device.sent).not.toBeNull());
  });

  test('sends what differs, says how much that is, and nothing of the kind where all is to be sent', async () => {
    const file = imageFile();
    device.list = await listOf(new Uint8Array(await file.arrayBuffer()));
    await install(file);
    const { sent, meter } = state().run ?? {};
    expect(device.sent?.size).toBeLessThan(100);
    expect(sent).toEqual({ bytes: device.sent?.size, total: 16_384, how: 'patch' });
    expect(meter?.total).toBe(16_384);
    device.answer(new Problem('rejected', 422));
    await pass(1);
    device.now = { ...device.now, upload: null };
    device.sent = null;
    updater.options = { full: true };
    void updater.tryAgain();
    await vi.waitFor(() => expect(device.sent?.size).toBe(16_384));
    expect(state().run?.sent?.how).toBe('asked');
  });

  test('whose connection breaks goes on by itself when the device is there again', async () => {
    const file = imageFile();
    device.list = await listOf(new Uint8Array(await file.arrayBuffer()));
    await install(file);
    device.progress('writing', 8192);
    await pass(1);
    device.down = true;
    device.answer(new Unreachable('silent'));
    await pass(40);
    expect(state().run).toMatchObject({ meter: { phase: 'reconnecting', written: 8192 } });
    expect(state()).toMatchObject({ end: null, holding: true });
    device.sent = null;
    device.down = false;
    device.now = { ...device.now, upload: null };
    await pass(1);
    await vi.waitFor(() => expect(device.sent).not.toBeNull());
    await pass(1);
    expect(state().run).toMatchObject({ meter: { phase: 'sending' }, sent: { how: 'rest' } });
    device.take();
    await pass(1);
    device.restartNew();
    await pass(1);
    expect(state().run?.meter.phase).toBe('confirming');
  });

  test('whose connection broke can be cancelled before that', async () => {
    const file = imageFile();
    device.list = await listOf(new Uint8Array(await file.arrayBuffer()));
    await install(file);
    device.progress('writing', 8192);
    await pass(1);
    device.down = true;
    device.answer(new Unreachable('silent'));
    await pass(5);
    expect(state().run?.meter.phase).toBe('reconnecting');
    updater.cancel();
    await pass(1);
    expect(state().run?.stopping).toBe(true);
    device.down = false;
    device.now = { ...device.now, upload: null };
    await pass(1);
    expect(state()).toMatchObject({ run: null, end: { kind: 'cancelled', late: false } });
  });

  test('outlives its page: whoever comes back finds it as it is', async () => {
    await install();
    const same = updater;
    stop();
    // The tab must not be moved from under it, either.
    expect(browser.stayed).toBe(1);
    device.progress('writing', 8192);
    await pass(2);
    const seen: State[] = [];
    stop = same.subscribe((state) => seen.push(state));
    expect(seen[0]?.run).toMatchObject({ what: 'update', meter: { written: 8192 } });
    same.cancel();
    expect(seen.at(-1)?.run?.stopping).toBe(true);
  });

  test('that nobody confirms is told with what the frame told', async () => {
    await installNew();
    browser.inside = THREW;
    await pass(1);
    expect(state().report).toEqual(THREW);
    // The next try has not come so far.
    browser.inside = report();
    await pass(1);
    expect(state().report).toEqual(THREW);
    device.fallBack();
    await pass(1);
    expect(state().end).toEqual({
      kind: 'went_back',
      from: { version: NEW.version, build: NEW.build },
      to: { version: OLD.version, build: OLD.build },
      reason: 'not_confirmed',
      report: THREW,
    });
    // The same file would fail again.
    expect(state()).toMatchObject({ file: null, run: null, report: null });
    expect(browser.left).toEqual([]);
  });

  test('is not told with the error of another build, such as a service worker’s', async () => {
    await installNew();
    const other = report({ build: OLD.build, outcome: 'other-build' });
    browser.inside = { ...THREW, build: OLD.build };
    await pass(1);
    expect(state().report).toEqual(other);
    browser.inside = report({ build: OLD.build });
    await pass(1);
    expect(state().report).toEqual(other);
    // Nor is its own, where the device has gone back meanwhile.
    browser.inside = THREW;
    device.fallBack();
    await pass(1);
    expect(state().end).toMatchObject({ kind: 'went_back', report: THREW });
  });

  test('keeps telling that another page answers while that is loaded once more', async () => {
    await installNew();
    const other = report({ build: null, outcome: 'other-build' });
    browser.inside = other;
    await pass(1);
    for (const outcome of [null, 'silent'] as const) {
      browser.inside = report({ outcome });
      await pass(1);
      expect(state().report).toEqual(other);
    }
    browser.inside = report({ outcome: 'confirmed' });
    await pass(1);
    expect(state().report).toEqual(browser.inside);
  });

  test('of a page that tells nothing at all is not taken for another build', async () => {
    await installNew();
    for (const outcome of [null, 'silent'] as const) {
      browser.inside = report({ outcome });
      await pass(1);
      expect(state().report).toEqual(browser.inside);
    }
    device.fallBack();
    await pass(1);
    // It was loaded, and never said a word: the same file would do the same.
    expect(state()).toMatchObject({ file: null, end: { report: { outcome: 'silent' } } });
  });

  test('in whose place a proxy answers keeps the file for another try', async () => {
    await installNew();
    browser.inside = report({ build: null, outcome: 'silent' });
    await pass(1);
    expect(state().report).toBeNull();
    device.fallBack();
    await pass(1);
    expect(state().end).toMatchObject({ kind: 'went_back', report: null });
    expect(state().file).toMatchObject({ version: NEW.version });
  });

  test('that nobody could load keeps the file for another try', async () => {
    await installNew();
    device.fallBack();
    await pass(1);
    expect(state().end).toMatchObject({ kind: 'went_back', report: null });
    expect(state().file).toMatchObject({ version: NEW.version });
  });

  test('of a phone that sleeps for four minutes still succeeds', async () => {
    await install();
    device.take();
    device.down = true;
    await pass(240);
    expect(state().run?.meter.phase).toBe('restarting');
    device.down = false;
    device.restartNew();
    await pass(1);
    expect(browser.opened).toBe(1);
    browser.inside = report({ outcome: 'confirmed' });
    device.settle();
    await pass(1);
    expect(browser.left).toEqual([undefined]);
  });

  test('that is kept since there is nothing to go back to does not replace a page that works', async () => {
    await installNew();
    device.restart(1, { outcome: 'kept', reason: 'no_way_back', from: 1, to: 1 }, null);
    await pass(1);
    expect(state()).toMatchObject({ end: { kind: 'updated', kept: true }, leaving: false });
    expect(browser.left).toEqual([]);
  });

  test('that somebody replaced meanwhile is told so', async () => {
    await installNew();
    device.restart(0, { outcome: 'updated', reason: null, from: 1, to: 0 }, null);
    await pass(1);
    expect(state().end).toMatchObject({ kind: 'went_back', reason: 'replaced' });
  });

  test('is refused in the words of the device, and keeps the file', async () => {
    await install();
    device.answer(new Problem('flash-fault', 500, 'sector 7'));
    await pass(1);
    expect(state().end).toMatchObject({
      failure: { kind: 'problem', type: 'flash-fault', detail: 'sector 7' },
    });
    expect(state().file).not.toBeNull();
  });

  test('that the firmware does not want now is sent once more when it does', async () => {
    await choose();
    void updater.install();
    await vi.waitFor(() => expect(device.sent).not.toBeNull());
    // Before anything of it is taken.
    device.now = { ...device.now, upload: null };
    device.answer(new Problem('not-now', 409, 'the gate is moving'));
    await pass(1);
    expect(state().end).toMatchObject({ failure: { type: 'not-now' } });
    expect(view(state(), en, Date.now()).notice).toEqual({
      tone: 'info',
      title: 'The device wants no update now',
      text: 'The gate is moving. The device still runs what it ran.',
      next: 'Try again when that is over.',
      link: null,
    });
    // Not by itself, and not forgotten.
    device.sent = null;
    await pass(60);
    expect(device.sent).toBeNull();
    void updater.tryAgain();
    await vi.waitFor(() => expect(device.sent).not.toBeNull());
    await pass(1);
    device.take();
    await pass(1);
    device.restartNew();
    await pass(1);
    expect(state().run?.meter.phase).toBe('confirming');
  });
});

describe('a device that was lost and answers again', () => {
  const lose = async () => {
    await install();
    device.progress('writing', 16_384);
    await pass(1);
    device.down = true;
    device.answer(new Unreachable('silent'));
    await pass(22);
    expect(state().end).toMatchObject({ failure: { why: 'gone' } });
    device.down = false;
  };

  test.each([
    ['lost', () => void (device.now = { ...device.now, upload: null })],
    ['restarted', () => device.restart(0, null, null)],
  ])('is not told as gone any more, but as %s', async (why, back) => {
    await lose();
    back();
    await pass(5);
    expect(state().end).toMatchObject({ failure: { why } });
    expect(state().file).not.toBeNull();
  });

  test('with the new frontend on trial has it proved, and its page loaded', async () => {
    await lose();
    device.take();
    device.restartNew();
    await pass(5);
    expect(state()).toMatchObject({ end: null, file: null });
    expect(browser.opened).toBe(1);
    device.settle();
    await pass(3);
    expect(browser.left).toEqual([undefined]);
  });

  test('after it has gone back by itself says so', async () => {
    await install();
    device.take();
    device.down = true;
    await pass(400);
    expect(state().end).toMatchObject({ failure: { why: 'not_back' } });
    device.down = false;
    device.fallBack();
    await pass(5);
    expect(state().end).toMatchObject({ kind: 'went_back', reason: 'not_confirmed', report: null });
  });
});

describe('what was told and is not so any more', () => {
  const title = () => view(state(), en, Date.now()).notice?.title;
  const actions = () => view(state(), en, Date.now()).controls.map(({ id, label }) => id + label);
  /** Another phone updates from here on. */
  const others = async () => {
    device.progress('writing', 4096);
    await pass(3);
    device.take();
    device.restartNew();
    await pass(3);
  };
  /** Nothing that was told of the old frontend stands beside the new one. */
  const gone = async () => {
    expect(state().end).toBeNull();
    device.settle();
    await pass(3);
    expect(state().end).toBeNull();
  };

  // The other one's may be the very same file.
  test.each([16_384, 20_480])('%i bytes of somebody else end when they do', async (total) => {
    await choose(imageFile('1.3.5'));
    vi.spyOn(device, 'upload').mockImplementation(() => {
      device.progress('writing', 4096, total);
      return Promise.reject(new Problem('busy', 409));
    });
    void updater.install();
    await vi.waitFor(() => expect(state().end).not.toBeNull());
    await pass(4);
    expect(title()).toBe('Another update is running');
    expect(state().status?.upload?.total).toBe(total);
    device.take();
    device.restartNew();
    await pass(3);
    await gone();
    expect(title()).toBe('The device runs another frontend now');
    expect(view(state(), en, Date.now()).task).toMatchObject({
      title: '1.5.0 → 1.3.5, older than what runs',
    });
    expect(actions()).toContain('installInstall 1.3.5');
  });

  test('is that another update runs: it ends also where it leads to nothing', async () => {
    await choose();
    vi.spyOn(device, 'upload').mockRejectedValue(new Problem('busy', 409));
    device.progress('writing', 4096, 20_480);
    await updater.install();
    await pass(3);
    expect(title()).toBe('Another update is running');
    device.now = { ...device.now, upload: null };
    await pass(3);
    expect(state()).toMatchObject({ end: null, file: { version: NEW.version } });
    expect(actions()).toContain('installInstall 1.5.0');
  });

  test('is what a cancelled update has left', async () => {
    await install();
    updater.cancel();
    device.now = { ...device.now, upload: null };
    await pass(2);
    expect(state().end).toMatchObject({ kind: 'cancelled' });
    // Long after it.
    await pass(120);
    expect(state().end).toMatchObject({ kind: 'cancelled' });
    await others();
    await gone();
  });

  test('is that it was too late to cancel, when somebody has decided', async () => {
    await install();
    device.take();
    updater.cancel();
    device.restartNew();
    await pass(2);
    expect(title()).toBe('It was too late to cancel');
    await updater.keep();
    await pass(3);
    expect(title()).toBe('The device runs another frontend now');
  });

  test.each([
    ['an upload that broke', new Unreachable('silent')],
    ['a refusal', new Problem('flash-fault', 500, 'sector 7')],
  ])('is that the device runs what it ran, after %s', async (_, why) => {
    await install();
    device.now = { ...device.now, upload: null };
    device.answer(why);
    await pass(3);
    expect(state().end).toMatchObject({ kind: 'failed' });
    await others();
    await gone();
    // Nothing of it was taken.
    expect(state().file).not.toBeNull();
  });

  test('is how an update ended, where a page that was put away looks again', async () => {
    await installNew();
    browser.inside = THREW;
    await pass(1);
    device.fallBack();
    await pass(1);
    expect(title()).toBe('1.5.0 failed: the device went back to 1.4.0');
    stop();
    device.restart(1, { outcome: 'updated', reason: null, from: 0, to: 1 }, null);
    await pass(3600);
    stop = updater.subscribe((state) => states.push(state));
    await pass(1);
    expect(state().end).toBeNull();
    expect(browser.left).toEqual([undefined]);
  });

  test('is that the frontend is on trial', async () => {
    device.restartNew('device');
    await pass(3);
    vi.spyOn(device, 'rollback').mockRejectedValue(new Problem('on-trial', 409));
    await updater.goBack();
    expect(title()).toBe('The running frontend is on trial');
    device.settle();
    await pass(3);
    expect(state().end).toBeNull();
  });

  test('is not told of what ran before a refusal', async () => {
    await choose();
    vi.spyOn(device, 'upload').mockImplementation(() => {
      device.take();
      device.restartNew('device');
      return Promise.reject(new Problem('on-trial', 409));
    });
    await updater.install();
    expect(state()).toMatchObject({ end: { kind: 'failed' }, status: { active: 1 } });
    await pass(5);
    expect(state().end).not.toBeNull();
  });

  test('is that the device does not answer, also where nothing was changed', async () => {
    await installNew();
    device.down = true;
    await pass(400);
    expect(state().end).toMatchObject({ failure: { why: 'not_back' } });
    device.down = false;
    await pass(3);
    expect(state()).toMatchObject({ end: null, file: null });
    device.settle();
    await pass(3);
    expect(browser.left).toEqual([undefined]);
  });
});

describe('cancelling', () => {
  test('says that it stops until the device has let go, and then what is on it', async () => {
    await install();
    device.progress('writing', 8192);
    await pass(1);
    updater.cancel();
    expect(state().run?.stopping).toBe(true);
    // It goes on with what was on its way.
    device.progress('writing', 12_288);
    await pass(3);
    expect(state().run?.stopping).toBe(true);
    const [first, other] = device.now.slots;
    if (!first || !other) throw new Error('there are two');
    const slots = [first, { ...other, valid: false, problem: 'cut off' }];
    device.now = { ...device.now, upload: null, slots };
    await pass(1);
    expect(state()).toMatchObject({ run: null, end: { kind: 'cancelled', late: false } });
    expect(state().status?.slots[1]?.valid).toBe(false);
    expect(state().file).not.toBeNull();
  });

  test('is never told as an update of somebody else', async () => {
    await install();
    device.progress('writing', 8192);
    await pass(1);
    updater.cancel();
    await pass(19);
    // It still is busy with it.
    expect(state().run).toBeNull();
    expect(state().end).toMatchObject({ kind: 'cancelled' });
    const alone = states.filter(({ run, status }) => !run && status?.upload);
    expect(alone).toEqual([]);
  });

  test('that comes too late says so, and does not confirm what was not wanted', async () => {
    await install();
    device.take();
    updater.cancel();
    device.restartNew();
    await pass(2);
    expect(state().end).toMatchObject({ kind: 'cancelled', late: true });
    await pass(30);
    expect(browser.opened).toBe(0);
  });

  test('of a device that is lost does not claim anything', async () => {
    await install();
    device.down = true;
    updater.cancel();
    await pass(20);
    expect(state().end).toMatchObject({ failure: { why: 'gone' } });
    // Back again, it has nothing of what was cancelled.
    device.down = false;
    device.restart(0, null, null);
    await pass(5);
    expect(state().end).toMatchObject({ kind: 'cancelled', late: false });
    expect(state().file).not.toBeNull();
  });

  test('of a device that is lost and has taken all of it comes too late', async () => {
    await install();
    device.down = true;
    updater.cancel();
    await pass(20);
    device.take();
    device.down = false;
    device.restartNew();
    await pass(5);
    expect(state().end).toMatchObject({ kind: 'cancelled', late: true });
    await pass(30);
    expect(browser.opened).toBe(0);
  });
});

describe('a file', () => {
  test('is read once more before it is sent: what has changed is shown, not sent', async () => {
    const file = await choose();
    const longer = new Blob([imageFile('1.6.0'), new Uint8Array(4096)]);
    const changed = new Uint8Array(await longer.arrayBuffer());
    vi.spyOn(file, 'arrayBuffer').mockResolvedValue(changed.buffer);
    await updater.install();
    expect(device.asked).toEqual([]);
    expect(state()).toMatchObject({ changed: true, file: { version: '1.6.0' }, run: null });
    void updater.install();
    await vi.waitFor(() => expect(device.sent).not.toBeNull());
    expect(new Uint8Array(await (device.sent as unknown as Blob).arrayBuffer())).toEqual(changed);
  });

  test('that has changed and has its old length has to be chosen again: it may be cut off', async () => {
    const file = await choose();
    const changed = await imageFile(NEW.version, 'x').arrayBuffer();
    expect(changed.byteLength).toBe(file.size);
    vi.spyOn(file, 'arrayBuffer').mockResolvedValue(changed);
    await updater.install();
    expect(state()).toMatchObject({
      changed: false,
      file: null,
      end: { failure: { why: 'gone' } },
    });
    expect(device.asked).toEqual([]);
  });

  test.each([
    ['NotFoundError', 'beginning'],
    ['NotFoundError', 'rest'],
    ['NotReadableError', 'beginning'],
    ['NotReadableError', 'rest'],
  ])('that is gone (%s when its %s is read) has to be chosen again', async (name, part) => {
    const file = await choose();
    const reading = vi.fn().mockRejectedValue(new DOMException('gone', name));
    const beginning = Object.assign(new Blob(), { arrayBuffer: reading });
    if (part === 'rest') file.arrayBuffer = reading;
    else vi.spyOn(file, 'slice').mockReturnValue(beginning);
    await updater.install();
    expect(reading).toHaveBeenCalled();
    expect(state().end).toEqual({
      kind: 'failed',
      failure: { kind: 'file', why: 'gone', value: '' },
    });
    expect(state()).toMatchObject({ file: null, run: null, busy: false });
    expect(device.asked).toEqual([]);
  });

  test('that is none is told at once', async () => {
    await updater.choose(new File(['holiday'], 'holiday.gif'));
    expect(state()).toMatchObject({
      file: null,
      end: { failure: { kind: 'file', why: 'other' } },
    });
  });

  test('tells its facts, with a hash of all of it', async () => {
    await choose();
    expect(state().file).toMatchObject({
      name: 'www.bin',
      bytes: 16_384,
      version: NEW.version,
      build: NEW.build,
    });
    expect(state().file?.sha256).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe('a person', () => {
  test('keeps the very build that is shown', async () => {
    await installNew();
    await updater.keep();
    expect(device.asked).toContain(`confirm ${NEW.build}`);
    await pass(1);
    expect(browser.left).toEqual([undefined]);
  });

  test('who keeps one that says nothing is told that it was only said, and it stays doubtful', async () => {
    await installNew();
    await updater.keep();
    await pass(3);
    expect(state().failed).toEqual({ [NEW.build]: 'said' });
    begin();
    expect(state().end).toMatchObject({ kind: 'updated', how: 'said' });
    expect(state().end).not.toHaveProperty('error');
  });

  test('who keeps one that threw is told the error, which is not forgotten', async () => {
    await installNew();
    browser.inside = THREW;
    await pass(1);
    await updater.keep();
    await pass(3);
    expect(state().failed).toEqual({ [NEW.build]: 'threw' });
    begin();
    expect(state().end).toMatchObject({ kind: 'updated', how: 'said', error: 'oops' });
  });

  test('who keeps one that has proved itself by then adds nothing to that', async () => {
    await installNew();
    browser.inside = report({ outcome: 'confirmed' });
    await pass(1);
    await updater.keep();
    expect(state().failed[NEW.build] ?? '').toBe('');
  });

  test('whose word the device did not take has said nothing', async () => {
    await installNew();
    const confirm = vi.spyOn(device, 'confirm').mockRejectedValue(new Unreachable('silent'));
    await updater.keep();
    expect(confirm).toHaveBeenCalledOnce();
    expect(state()).toMatchObject({ busy: false, failed: {} });
    browser.inside = report({ outcome: 'confirmed' });
    device.settle();
    await pass(1);
    begin();
    expect(state().end).toMatchObject({ kind: 'updated', how: 'proved' });
  });

  test('is told where another build runs than the one that was shown', async () => {
    device.restartNew();
    await pass(3);
    vi.spyOn(device, 'confirm').mockRejectedValue(new Problem('other-build', 409));
    await updater.keep();
    expect(state().end).toMatchObject({ failure: { type: 'other-build' } });
  });

  test('goes back from a trial, and stays on the page that runs again', async () => {
    await installNew();
    await updater.goBack();
    await pass(1);
    expect(device.asked).toContain('rollback');
    expect(state()).toMatchObject({ run: null, end: { kind: 'rolled_back', to: OLD_NAME } });
    expect(browser.left).toEqual([]);
  });

  test('who goes back from a frontend that threw is not led forward to it', async () => {
    await installNew();
    browser.inside = THREW;
    await pass(1);
    await updater.goBack();
    await pass(1);
    expect(state().end).toEqual({ kind: 'rolled_back', to: OLD_NAME });
    device.settle();
    await pass(3);
    const warned = () =>
      expect(view(state(), en, Date.now()).back?.text).toBe(
        '1.5.0 is still there, but reported an error.',
      );
    warned();
    updater.dismiss();
    await updater.choose(new File(['holiday'], 'holiday.gif'));
    warned();
    // Also the next page in this tab knows.
    stop();
    begin();
    await pass(3);
    expect(isWanted(state())).toBe(true);
    warned();
  });

  test('who goes back from the frontend of somebody else that threw is warned, too', async () => {
    browser.inside = THREW;
    device.take();
    device.restartNew();
    await pass(4);
    expect(state()).toMatchObject({ run: null, report: THREW });
    void updater.goBack();
    await pass(2);
    expect(state().failed).toEqual({ [NEW.build]: 'threw' });
  });

  test('is not warned of a frontend that has proved itself since', async () => {
    await installNew();
    device.fallBack();
    await pass(1);
    expect(state().failed).toEqual({ [NEW.build]: 'not_confirmed' });
    await installNew();
    browser.inside = report({ outcome: 'confirmed' });
    device.settle();
    await pass(1);
    expect(state().failed).toEqual({ [NEW.build]: '' });
  });

  test('is told why the firmware does not want to go back now, and may later', async () => {
    await choose();
    vi.spyOn(device, 'rollback').mockRejectedValueOnce(new Problem('not-now', 409, 'it is hot'));
    await updater.goBack();
    expect(state()).toMatchObject({
      end: { kind: 'failed', failure: { type: 'not-now', detail: 'it is hot' }, back: true },
      run: null,
    });
    expect(state().file).not.toBeNull();
    await updater.goBack();
    expect(state().leaving || browser.left.length > 0).toBe(true);
  });

  test('goes back to the other frontend, whose page is loaded', async () => {
    void updater.goBack();
    await pass(2);
    expect(device.asked).toEqual(['rollback']);
    expect(browser.left).toEqual([undefined]);
    expect(browser.held).toBe(0);
    begin();
    expect(state().end).toMatchObject({ kind: 'rolled_back', to: { version: '1.3.0' } });
  });

  describe('who goes forward again to what was never confirmed', () => {
    const goForward = async () => {
      const [first, other] = device.now.slots;
      if (!first || !other) throw new Error('there are two');
      device.now = { ...device.now, slots: [first, { ...other, ...NEW }] };
      vi.spyOn(device, 'rollback').mockImplementation(async () => {
        const last = { outcome: 'rolled_back', reason: null, from: 0, to: 1 } as const;
        device.restart(1, last, { confirm: 'client', seconds_left: 240, boots_left: 2 });
        return { slot: 1, reboot_ms: 500 };
      });
      await pass(3);
      void updater.goBack();
      await pass(2);
      expect(state().run).toMatchObject({ what: 'back', meter: { phase: 'confirming' } });
      expect(browser.opened).toBe(1);
    };

    test('sees it prove itself, as after an update', async () => {
      await goForward();
      browser.inside = report({ outcome: 'confirmed' });
      device.settle();
      await pass(2);
      expect(browser.left).toEqual([undefined]);
      begin();
      const to = { version: NEW.version, build: NEW.build };
      expect(state().end).toMatchObject({ kind: 'updated', to, how: 'proved' });
    });

    test('is told with what error it went back', async () => {
      await goForward();
      browser.inside = THREW;
      await pass(1);
      device.fallBack();
      await pass(2);
      expect(state().end).toMatchObject({
        ...{ kind: 'went_back', to: OLD_NAME, reason: 'not_confirmed', report: THREW },
        from: { version: NEW.version },
      });
      expect(browser.left).toEqual([]);
    });

    test('may keep it, or end it', async () => {
      await goForward();
      await updater.keep();
      expect(device.asked).toEqual([`confirm ${NEW.build}`]);
      await pass(2);
      begin();
      expect(state().end).toMatchObject({ kind: 'updated', how: 'said' });
    });
  });

  test('dismisses what was told', async () => {
    await updater.choose(new File(['holiday'], 'holiday.gif'));
    updater.dismiss();
    expect(state().end).toBeNull();
  });
});

const OLD_NAME = { version: OLD.version, build: OLD.build };

describe('a reload', () => {
  /** Another page in the same tab. */
  const reload = async () => {
    stop();
    // What the page before did is gone with it.
    await pass(0);
    browser = new NotingBrowser();
    begin();
    await pass(1);
  };

  test('goes on with an update that the device has taken', async () => {
    await installNew();
    await reload();
    expect(state().run).toMatchObject({ what: 'update', to: { version: NEW.version } });
    expect(browser.opened).toBe(1);
    expect(browser.held).toBe(1);
    device.fallBack();
    await pass(1);
    expect(state().end).toMatchObject({ kind: 'went_back', from: { version: NEW.version } });
  });

  test('does not forget what the frontend on trial has told', async () => {
    await installNew();
    browser.inside = THREW;
    await pass(1);
    await reload();
    expect(state()).toMatchObject({ run: { what: 'update' }, report: THREW });
    device.fallBack();
    await pass(1);
    expect(state().end).toMatchObject({ kind: 'went_back', report: THREW });
  });

  const sending = {
    bootId: 'boot-0',
    active: 0,
    last: null,
    total: 16_384,
    within: 300,
    from: OLD_NAME,
    to: { version: NEW.version, build: NEW.build },
  };

  test('while it sent is told, and the rest of the upload is nobody else', async () => {
    leaveSending(sending);
    device.progress('writing', 8192);
    await reload();
    expect(state().status?.upload).toBeNull();
    device.now = { ...device.now, upload: null };
    await pass(3);
    expect(state().end).toEqual({ kind: 'interrupted' });
    // It is told once.
    await reload();
    expect(state().end).toBeNull();
  });

  test('after the last byte finds the trial of its own update', async () => {
    leaveSending(sending);
    device.take();
    device.restartNew();
    await reload();
    await pass(1);
    expect(state().run).toMatchObject({ to: { version: NEW.version } });
    expect(browser.opened).toBe(1);
  });

  test('tells how the update ended, unless something else runs by now', async () => {
    await installNew();
    device.settle();
    await pass(1);
    await reload();
    expect(state().end).toMatchObject({ kind: 'updated', to: { version: NEW.version } });
    // And another one whose end is late.
    sessionStorage.setItem(
      'faceplate-outcome',
      JSON.stringify({ kind: 'updated', to: OLD_NAME, kept: false }),
    );
    await reload();
    expect(state().end).toBeNull();
  });
});

describe('the update of somebody else', () => {
  const foreign = async () => {
    device.take();
    device.restartNew();
    await pass(3);
  };

  test('is proved by an idle page, which then goes to the new frontend', async () => {
    await foreign();
    expect(browser.opened).toBe(1);
    expect(state().run).toBeNull();
    await pass(5);
    expect(browser.opened).toBe(2);
    device.settle();
    await pass(3);
    expect(browser.left).toEqual([undefined]);
  });

  test('does not take a file away that waits', async () => {
    await choose();
    await foreign();
    device.settle();
    await pass(3);
    expect(browser.left).toEqual([]);
    expect(state().stale).toBe(true);
    updater.reload();
    expect(browser.left).toEqual([undefined]);
  });

  test('that the device confirms itself is left to it', async () => {
    device.take();
    device.restartNew('device');
    await pass(3);
    expect(browser.opened).toBe(0);
    device.settle();
    await pass(3);
    expect(browser.left).toEqual([undefined]);
  });

  test('that is taken back leaves the page where it is', async () => {
    await foreign();
    device.fallBack();
    await pass(3);
    const { opened } = browser;
    await pass(60);
    expect(browser.opened).toBe(opened);
    expect(state()).toMatchObject({ stale: false, end: null, report: null });
    expect(browser.left).toEqual([]);
  });

  test('that threw is remembered so, however it ends, also by the next page', async () => {
    browser.inside = THREW;
    await foreign();
    await pass(1);
    browser.inside = null;
    device.fallBack();
    await pass(3);
    const before = () => {
      const { back, controls } = view(state(), en, Date.now());
      const { text } = controls.find(({ id }) => id === 'goBack')?.ask ?? {};
      return [back?.text, text];
    };
    const told = [
      '1.5.0 is still there, but reported an error.',
      expect.stringMatching(/^Last time, 1\.5\.0 reported an error\./),
    ];
    expect(before()).toEqual(told);
    stop();
    begin();
    await pass(3);
    expect(before()).toEqual(told);
  });

  test('that threw at first and then proved itself is not remembered so', async () => {
    browser.inside = THREW;
    await foreign();
    await pass(1);
    expect(state().failed).toEqual({ [NEW.build]: 'threw' });
    browser.inside = report({ outcome: 'confirmed' });
    await pass(1);
    expect(state().failed).toEqual({ [NEW.build]: '' });
  });

  test('is told with what its page tells', async () => {
    browser.inside = THREW;
    await foreign();
    await pass(1);
    expect(state().report).toEqual(THREW);
  });
});

describe('a page that went to the new frontend by itself and failed there', () => {
  afterEach(() => void delete window.faceplate);
  const failedHere = (outcome: FrameReport['outcome'], build = NEW.build) => {
    const { failure } = THREW;
    window.faceplate = { build, failure, outcome } as unknown as FaceplatePage;
    browser.hasFailed = outcome === 'failed';
    stop();
    device.take();
    device.restartNew();
    begin();
  };

  test('tells its error while it is to be decided, and afterwards', async () => {
    failedHere('failed');
    await pass(3);
    expect(state()).toMatchObject({ run: null, stale: false, report: THREW });
    // As long as anyone looks.
    await pass(10);
    expect(state().report).toEqual(THREW);
    expect(browser.opened).toBe(0);
    device.settle();
    await pass(3);
    expect(state().report).toBeNull();
    const { runs } = view(state(), en, Date.now());
    expect(runs.text).toMatch(/^Running for .*, but it reported an error$/);
  });

  test('tells it also where it is looked at only when all is decided', async () => {
    failedHere('failed');
    device.settle();
    await pass(3);
    expect(state().failed).toEqual({ [NEW.build]: 'threw' });
  });

  test.each([
    ['nobody waited for its word', 'not-asked', NEW.build],
    ['it is of another build', 'failed', OLD.build],
  ] as const)('says nothing against what runs where %s', async (_, outcome, build) => {
    failedHere(outcome, build);
    await pass(3);
    expect(state()).toMatchObject({ report: null, failed: {} });
  });
});

describe('watching', () => {
  test('says since when nothing is heard, and nothing of it when it is heard again', async () => {
    const from = Date.now();
    device.down = true;
    await pass(10);
    expect(state().silent).toBeLessThanOrEqual(from + 2000);
    expect(state().status).not.toBeNull();
    device.down = false;
    await pass(3);
    expect(state().silent).toBeNull();
  });

  test('takes what a page has slept through for no silence', async () => {
    device.down = true;
    await pass(10);
    browser.see();
    expect(state().silent).toBe(Date.now());
    device.down = false;
    await pass(3);
    browser.see();
    expect(state().silent).toBeNull();
  });

  test('knows a device that answers only to whom it knows', async () => {
    const status = vi.spyOn(device, 'status');
    status.mockRejectedValue(new Problem('unauthorized', 401));
    await pass(30);
    // That is no silence.
    expect(state()).toMatchObject({ denied: true, foreign: false, silent: null });
    status.mockRejectedValue(new Unreachable('silent'));
    await pass(3);
    expect(state().denied).toBe(false);
    expect(state().silent).not.toBeNull();
    status.mockRestore();
    await pass(3);
    expect(state()).toMatchObject({ denied: false, silent: null });
  });

  test('asks for the password of a device that tells nothing without it, when it is told to', async () => {
    const status = vi.spyOn(device, 'status');
    status.mockRejectedValue(new Problem('password-needed', 401));
    await pass(3);
    expect(state()).toMatchObject({ denied: true, locked: true, silent: null });
    expect(device.asked).toEqual([]);
    await updater.tryAgain();
    expect(device.asked).toEqual(['ready']);
    status.mockRestore();
    await pass(3);
    expect(state()).toMatchObject({ denied: false, locked: false });
  });

  test('sends nothing to a device whose password is not entered, and keeps the file', async () => {
    device.enters = false;
    await choose();
    await updater.install();
    expect(state()).toMatchObject({ end: { kind: 'failed' }, run: null });
    expect(device.sent).toBeNull();
    device.enters = true;
    void updater.tryAgain();
    await vi.waitFor(() => expect(device.sent).not.toBeNull());
  });

  test('knows what is no device', async () => {
    vi.spyOn(device, 'status').mockRejectedValue(new Unreachable('foreign'));
    await pass(3);
    expect(state().foreign).toBe(true);
  });

  test('ends when nobody looks any more', async () => {
    await updater.load();
    expect(browser.stayed).toBe(1);
    stop();
    expect(browser.stayed).toBe(0);
    const { heard } = state();
    await pass(30);
    expect(state().heard).toBe(heard);
  });

  test('is left to the page around the hidden frame', async () => {
    stop();
    browser.isUnseen = true;
    const ask = vi.spyOn(device, 'status');
    begin();
    await pass(10);
    expect(ask).not.toHaveBeenCalled();
    expect(state().status).toBeNull();
  });
});

test('there is one updater for each device', () => {
  const one = updaterFor(new Device('/kitchen'), { within: 60 });
  expect(updaterFor(new Device('/kitchen/'))).toBe(one);
  expect(updaterFor(new Device('/hall'))).not.toBe(one);
  expect(updaterFor(new Device('/kitchen'), { home: '/k/' }).options.home).toBe('/k/');
});
