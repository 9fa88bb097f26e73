// @vitest-environment jsdom
// What an open tab does when the files of its frontend are gone.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Device } from '../src/device.js';
import { settled } from './fake.js';

const silent = () => Promise.reject(new Unreachable('silent'));
const reload = vi.fn();
const device = { status: vi.fn<Device['status']>() };

/** A page as it is when it has just been loaded. */
const arrive = () => import('../src/arrive.js');

let Unreachable: typeof import('../src/device.js').Unreachable;

beforeEach(async () => {
  vi.resetModules();
  ({ Unreachable } = await import('../src/device.js'));
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'], shouldAdvanceTime: true });
  vi.stubGlobal('location', { reload, origin: location.origin });
  device.status.mockImplementation(() => Promise.resolve(settled()));
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
  for (const mock of [reload, device.status]) mock.mockReset();
  sessionStorage.clear();
});

const gone = () => {
  const event = new Event('vite:preloadError', { cancelable: true });
  dispatchEvent(event);
  return event.defaultPrevented;
};

test('a tab whose hashed files are gone is loaded anew, but not again and again', async () => {
  const now = vi.spyOn(Date, 'now').mockReturnValue(1_000_000);
  const { reloadWhenStale } = await arrive();
  const watch = () => reloadWhenStale(device as unknown as Device);
  let stop = watch();
  expect(gone()).toBe(true);
  await vi.waitFor(() => expect(reload).toHaveBeenCalledOnce());
  stop();
  stop = watch(); // in the page that was loaded
  now.mockReturnValue(1_005_000);
  expect(gone()).toBe(false);
  now.mockReturnValue(1_020_000);
  expect(gone()).toBe(true);
  await vi.waitFor(() => expect(reload).toHaveBeenCalledTimes(2));
  stop();
  now.mockReturnValue(1_050_000);
  expect(gone()).toBe(false);
});

test('a tab that misses files because the device is away stays until it answers', async () => {
  const { reloadWhenStale } = await arrive();
  device.status.mockImplementationOnce(silent).mockImplementationOnce(silent);
  const stop = reloadWhenStale(device as unknown as Device);
  expect(gone()).toBe(true);
  await vi.advanceTimersByTimeAsync(400);
  expect(reload).not.toHaveBeenCalled();
  expect(gone()).toBe(true);
  await vi.advanceTimersByTimeAsync(700);
  expect(device.status).toHaveBeenCalledTimes(3);
  expect(reload).toHaveBeenCalledOnce();
  stop();
});

test('a tab without a memory is not loaded anew', async () => {
  vi.stubGlobal('sessionStorage', undefined);
  const { reloadWhenStale } = await arrive();
  const stop = reloadWhenStale(device as unknown as Device);
  expect(gone()).toBe(false);
  await vi.advanceTimersByTimeAsync(1000);
  expect(reload).not.toHaveBeenCalled();
  stop();
});
