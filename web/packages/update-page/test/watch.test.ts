// @vitest-environment jsdom
// How often a page looks at its device.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Device, Unreachable } from '../src/device.js';
import type { Status } from '../src/status.js';
import { watch } from '../src/watch.js';
import { settled } from './fake.js';

const status = vi.fn<Device['status']>();
const device = { status } as unknown as Device;
const callback = vi.fn<(status: Status | null, error?: unknown) => void>();
let stop = () => {};

function hide(hidden: boolean): void {
  vi.spyOn(document, 'hidden', 'get').mockReturnValue(hidden);
  document.dispatchEvent(new Event('visibilitychange'));
}

beforeEach(() => {
  vi.useFakeTimers();
  status.mockImplementation(() => Promise.resolve(settled()));
});
afterEach(() => {
  stop();
  vi.useRealTimers();
  vi.restoreAllMocks();
  status.mockReset();
  callback.mockReset();
});

test('looks at once and then from time to time', async () => {
  stop = watch(device, callback, { everyMs: 1000 });
  await vi.advanceTimersByTimeAsync(0);
  expect(callback).toHaveBeenLastCalledWith(settled(), undefined);
  await vi.advanceTimersByTimeAsync(3000);
  expect(callback).toHaveBeenCalledTimes(4);
});

test('a device that does not answer is asked on, as often as before', async () => {
  const error = new Unreachable('silent');
  status.mockImplementation(() => Promise.reject(error));
  stop = watch(device, callback, { everyMs: 1000 });
  await vi.advanceTimersByTimeAsync(999);
  expect(callback.mock.calls).toEqual([[null, error]]);
  status.mockImplementation(() => Promise.resolve(settled()));
  await vi.advanceTimersByTimeAsync(1);
  expect(callback).toHaveBeenLastCalledWith(settled(), undefined);
  await vi.advanceTimersByTimeAsync(1000);
  expect(callback).toHaveBeenCalledTimes(3);
});

test.each<[string, () => Promise<Status>]>([
  ['is silent', () => Promise.reject(new Unreachable('silent'))],
  ['has something on trial', () => Promise.resolve({ ...settled(), state: 'trial' })],
  ['has nothing to show', () => Promise.resolve({ ...settled(), state: 'recovery' })],
  [
    'is being updated',
    () => {
      const upload = { phase: 'writing', received: 1, written: 0, total: 2 } as const;
      return Promise.resolve({ ...settled(), upload });
    },
  ],
])('a device that %s is looked at each second, until that is over', async (_, answer) => {
  status.mockImplementation(answer);
  stop = watch(device, callback, { everyMs: 5000 });
  await vi.advanceTimersByTimeAsync(3000);
  expect(status).toHaveBeenCalledTimes(4);
  status.mockImplementation(() => Promise.resolve(settled()));
  await vi.advanceTimersByTimeAsync(1000);
  expect(callback).toHaveBeenLastCalledWith(settled(), undefined);
  await vi.advanceTimersByTimeAsync(4999);
  expect(status).toHaveBeenCalledTimes(5);
});

test('a hidden page does not look, and one that is seen again looks at once', async () => {
  stop = watch(device, callback, { everyMs: 1000 });
  await vi.advanceTimersByTimeAsync(0);
  hide(true);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(status).toHaveBeenCalledTimes(1);
  hide(false);
  expect(status).toHaveBeenCalledTimes(2);
  await vi.advanceTimersByTimeAsync(1000);
  expect(status).toHaveBeenCalledTimes(3);
});

test('a look out of turn takes the place of the next one', async () => {
  stop = watch(device, callback, { everyMs: 1000 });
  await vi.advanceTimersByTimeAsync(500);
  hide(false);
  await vi.advanceTimersByTimeAsync(900);
  expect(status).toHaveBeenCalledTimes(2);
});

test('a page that is opened in the background begins when it is seen', async () => {
  hide(true);
  stop = watch(device, callback, { everyMs: 1000 });
  await vi.advanceTimersByTimeAsync(5000);
  expect(status).not.toHaveBeenCalled();
  hide(false);
  await vi.advanceTimersByTimeAsync(0);
  expect(callback).toHaveBeenCalledOnce();
});

test('there is never more than one look at a time', async () => {
  let answer: (status: Status) => void = () => {};
  status.mockImplementation(() => new Promise((resolve) => (answer = resolve)));
  stop = watch(device, callback, { everyMs: 1000 });
  hide(true);
  hide(false);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(status).toHaveBeenCalledOnce();
  answer(settled());
  await vi.advanceTimersByTimeAsync(1000);
  expect(status).toHaveBeenCalledTimes(2);
});

test('a callback that throws ends nothing, and is not told as a device that is lost', async () => {
  const seen: (Status | null)[] = [];
  const report = vi.spyOn(console, 'error').mockImplementation(() => {});
  stop = watch(
    device,
    (status) => {
      seen.push(status);
      throw new Error('a bug in the page');
    },
    { everyMs: 1000 },
  );
  await vi.advanceTimersByTimeAsync(1000);
  expect(seen).toEqual([settled(), settled()]);
  expect(report).toHaveBeenCalledTimes(2);
});

test('what was ended stays silent, even where an answer is on its way', async () => {
  let answer: (status: Status) => void = () => {};
  status.mockImplementation(() => new Promise((resolve) => (answer = resolve)));
  stop = watch(device, callback, { everyMs: 1000 });
  stop();
  expect(status.mock.calls[0]?.[0]?.signal?.aborted).toBe(true);
  answer(settled());
  await vi.advanceTimersByTimeAsync(5000);
  hide(false);
  await vi.advanceTimersByTimeAsync(5000);
  expect(callback).not.toHaveBeenCalled();
  expect(status).toHaveBeenCalledOnce();
});
