// Whether a device has a route: asked until it answers, and not a moment longer than wanted.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { has } from '../src/live/has.js';

const answer = vi.fn<() => Promise<Response>>();
beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('fetch', answer);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  answer.mockReset();
});
const status = (code: number) => Promise.resolve(new Response(null, { status: code }));

test.each([
  [200, true],
  [404, false],
])('%i: %s', async (code, there) => {
  answer.mockImplementation(() => status(code));
  expect(await has('api/lamp', new AbortController().signal)).toBe(there);
  expect(answer.mock.calls).toEqual([
    ['api/lamp', { method: 'HEAD', cache: 'no-store', signal: expect.any(AbortSignal) }],
  ]);
});

test('a device that is lost, busy, or behind a proxy that is, is asked again', async () => {
  answer
    .mockRejectedValueOnce(new TypeError('lost'))
    .mockImplementationOnce(() => status(503))
    .mockImplementationOnce(() => status(502))
    .mockImplementation(() => status(200));
  const there = has('api/lamp', new AbortController().signal);
  await vi.advanceTimersByTimeAsync(1000 + 2000 + 4000);
  expect(await there).toBe(true);
  expect(answer).toHaveBeenCalledTimes(4);
});

test('whoever goes away asks no more', async () => {
  answer.mockImplementation(() => status(500));
  const stop = new AbortController();
  const there = has('api/lamp', stop.signal).catch((error: unknown) => error);
  await vi.advanceTimersByTimeAsync(100);
  stop.abort(new Error('gone'));
  await vi.advanceTimersByTimeAsync(60_000);
  expect(await there).toMatchObject({ message: 'gone' });
  expect(answer).toHaveBeenCalledTimes(1);
});
