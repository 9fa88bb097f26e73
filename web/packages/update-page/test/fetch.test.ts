// @vitest-environment jsdom
// The firmware's own routes, with a password and without.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { FaceplatePage } from '../src/global.js';

const refusal = (kind: string, status: number) =>
  Response.json({ type: `/problems/${kind}`, title: kind, status }, { status });
const answers = vi.fn<typeof fetch>();
const signed = vi.fn(async () => new Response('signed'));

async function page(base?: string) {
  vi.resetModules();
  if (base !== undefined) window.faceplate = { base } as FaceplatePage;
  vi.doMock(`${base ?? ''}/api/ota/login.js`, () => ({ fetch: signed }));
  return import('../src/fetch.js');
}

beforeEach(() => {
  vi.stubGlobal('fetch', answers);
  answers.mockReset();
  signed.mockClear();
});
afterEach(() => {
  vi.unstubAllGlobals();
  delete window.faceplate;
});

test.each([
  [undefined, '/api/lamp', '/api/lamp'],
  ['/kitchen', '/api/lamp', '/kitchen/api/lamp'],
  ['/kitchen', 'http://other/x', 'http://other/x'],
])('a device at "%s" without a password sees no more than fetch: %s', async (base, path, url) => {
  const { deviceFetch } = await page(base);
  const init = { method: 'PUT', body: '1' };
  answers.mockResolvedValue(new Response('done'));
  expect(await (await deviceFetch(path, init)).text()).toBe('done');
  expect(answers.mock.calls).toEqual([[url, init]]);
  expect(signed).not.toHaveBeenCalled();
});

test.each([
  ['unauthorized', 401],
  ['forbidden', 403],
  ['not-found', 404],
])('%s is the answer', async (kind, status) => {
  const { deviceFetch } = await page();
  answers.mockResolvedValue(refusal(kind, status));
  const answer = await deviceFetch('/api/lamp');
  expect(answer.status).toBe(status);
  expect(await answer.json()).toMatchObject({ title: kind });
  expect(signed).not.toHaveBeenCalled();
});

test('an answer to HEAD has no words, and is known by its header', async () => {
  const { deviceFetch } = await page();
  const headers = { 'WWW-Authenticate': 'Faceplate' };
  answers.mockResolvedValue(new Response(null, { status: 401, headers }));
  expect(await (await deviceFetch('/api/lamp', { method: 'HEAD' })).text()).toBe('signed');
});

test.each([
  ['password-needed', 401],
  ['session-over', 401],
  ['password-unset', 403],
])('%s is left to the script of the device, as is all that follows', async (kind, status) => {
  const { deviceFetch } = await page('/kitchen');
  answers.mockResolvedValue(refusal(kind, status));
  const init = { method: 'PUT' };
  expect(await (await deviceFetch('/api/lamp', init)).text()).toBe('signed');
  await deviceFetch('/api/lamp', { quiet: true });
  expect(answers).toHaveBeenCalledTimes(1);
  expect(signed.mock.calls).toEqual([
    ['/kitchen/api/lamp', init],
    ['/kitchen/api/lamp', { quiet: true }],
  ]);
});
