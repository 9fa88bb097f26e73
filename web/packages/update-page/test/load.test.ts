// @vitest-environment jsdom
// When the part that updates is loaded, and what there is where it cannot be had.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Problem } from '../src/device.js';
import { leaveNote, leavePending } from '../src/note.js';
import { restView } from '../src/rest-view.js';
import { Updater } from '../src/updater.js';
import { rest } from '../src/words/rest.js';
import { MemoryDevice, NEW, NotingBrowser, OLD, imageFile } from './memory.js';

let device: MemoryDevice;
let browser: NotingBrowser;
let updater: Updater;
let stop: () => void;

const pass = (seconds: number) => vi.advanceTimersByTimeAsync(seconds * 1000);
const begin = async (gone = false) => {
  browser.gone = gone;
  updater = new Updater(device.client, {}, browser);
  stop = updater.subscribe(() => undefined);
  await pass(0);
};
const told = () => {
  const { notice, controls } = restView(updater.state, rest, Date.now());
  return { notice: notice?.title, controls: controls.map(({ id }) => id) };
};
/** An update that an earlier page began. */
const pending = () =>
  leavePending({ bootId: 'boot-0', slot: 1, sha256: NEW.sha256, version: null, within: 300 });

beforeEach(() => {
  vi.useFakeTimers();
  sessionStorage.clear();
  device = new MemoryDevice();
  browser = new NotingBrowser();
});
afterEach(async () => {
  stop();
  device.answer(new Problem('rejected', 422));
  await vi.advanceTimersByTimeAsync(600_000);
  vi.useRealTimers();
});

describe('a page at rest', () => {
  test('loads nothing more, however long it is open', async () => {
    await begin();
    await pass(600);
    expect(browser.loads).toBe(0);
    expect(told()).toEqual({ notice: undefined, controls: ['choose', 'goBack'] });
  });

  test('loads nothing to tell that an update has gone well', async () => {
    device.now = { ...device.now, active: 1, slots: [...device.now.slots].reverse() };
    leaveNote({
      kind: 'updated',
      to: { version: '1.4.0', build: OLD.build },
      kept: false,
      how: 'proved',
    });
    await begin();
    expect(told()).toMatchObject({ notice: 'Updated to 1.4.0' });
    expect(browser.loads).toBe(0);
  });

  test.each([
    ['somebody sends an update', () => device.progress('writing', 4096)],
    ['a frontend is on trial', () => device.restartNew('device')],
    ['the device went back', () => device.fallBack()],
    ['the store of settings is broken', () => (device.now = { ...device.now, fault: 'page 2' })],
  ])('loads the rest as soon as %s', async (_, happens) => {
    await begin();
    happens();
    await pass(3);
    expect(browser.loads).toBe(1);
    expect(updater.more).not.toBeNull();
  });

  test('takes part in a trial that it sees only when it can load its part', async () => {
    await begin(true);
    device.progress('writing', 4096);
    await pass(5);
    expect(browser.loads).toBeGreaterThan(1);
    browser.gone = false;
    await pass(2);
    device.restartNew();
    await pass(2);
    expect(browser.opened).toBe(1);
  });

  test('is moved to another build by its own script as long as it could not prove that build itself', async () => {
    await begin();
    expect(browser.stayed).toBe(0);
    device.progress('writing', 4096);
    await pass(3);
    expect(browser.stayed).toBe(1);
  });

  test('offers to load what runs where its part is gone, and goes there once that is settled', async () => {
    await begin(true);
    device.restartNew();
    await pass(5);
    expect(told()).toEqual({
      notice: 'The device runs another frontend now',
      controls: ['reload'],
    });
    expect(browser.left).toEqual([]);
    device.settle();
    // So long the page waits for what its frame has to tell.
    await pass(4);
    expect(browser.left).toEqual([undefined]);
  });
});

describe('whoever chooses a file', () => {
  test('has all of the page before anything is sent, and nothing is loaded after that', async () => {
    await begin();
    await updater.choose(imageFile());
    expect(browser.loads).toBe(1);
    browser.gone = true;
    void updater.install();
    await vi.waitFor(() => expect(device.sent).not.toBeNull());
    await pass(1);
    device.take();
    device.restartNew();
    await pass(3);
    browser.inside = { build: NEW.build, failure: null, outcome: 'confirmed' };
    device.settle();
    await pass(2);
    expect(browser.left).toEqual([undefined]);
    expect(browser.loads).toBe(1);
  });

  test('is told when the page is not whole, and can try again with the same file', async () => {
    await begin(true);
    await updater.choose(imageFile());
    expect(updater.state).toMatchObject({ missing: true, busy: false, file: null });
    expect(told()).toEqual({
      notice: 'A part of this page is missing',
      controls: ['choose', 'tryAgain', 'goBack'],
    });
    browser.gone = false;
    await updater.tryAgain();
    expect(updater.state).toMatchObject({ missing: false, busy: false });
    expect(updater.state.file).toMatchObject({ version: NEW.version });
    expect(device.asked).toEqual([]);
  });
});

describe('whoever goes back', () => {
  test('is asked only when all of the page is there', async () => {
    await begin(true);
    expect(await updater.load()).toBe(false);
    expect(told().notice).toBe('A part of this page is missing');
    browser.gone = false;
    expect(await updater.load()).toBe(true);
    expect(updater.state.missing).toBe(false);
  });

  test('sends nothing without it', async () => {
    await begin(true);
    await updater.goBack();
    expect(device.asked).toEqual([]);
    browser.gone = false;
    void updater.tryAgain();
    await pass(1);
    expect(device.asked).toEqual(['rollback']);
  });
});

describe('a page that was loaded anew in an update', () => {
  test('loads all of itself at once', async () => {
    pending();
    await begin();
    expect(browser.loads).toBe(1);
    expect(updater.state.run?.meter.phase).toBe('restarting');
  });

  test('tries that again while the device restarts, until it answers', async () => {
    pending();
    device.down = true;
    await begin(true);
    await pass(10);
    expect(updater.state.run).toBeNull();
    device.down = false;
    device.take();
    device.restartNew();
    browser.gone = false;
    await pass(4);
    expect(updater.state.run?.meter.phase).toBe('confirming');
  });

  test('loads itself once more for each start of the device, where a browser remembers the failure', async () => {
    pending();
    await begin(true);
    await pass(30);
    expect(browser.left).toEqual([undefined]);
    stop();
    await begin(true);
    await pass(30);
    expect(browser.left).toHaveLength(1);
    expect(browser.loads).toBeGreaterThan(10);
    device.restartNew();
    await pass(30);
    expect(browser.left).toHaveLength(2);
  });
});
