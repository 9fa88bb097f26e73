// @vitest-environment jsdom
// The new frontend, opened unseen again and again; and what the updater asks of a browser.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { browser } from '../src/browser.js';
import { hold } from '../src/hold.js';
import { hiddenFrame, keepOpening, type FrameReport } from '../src/frame.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
  document.body.replaceChildren();
});

const report = (more: Partial<FrameReport> = {}): FrameReport => ({
  build: 'b'.repeat(16),
  failure: null,
  outcome: null,
  ...more,
});

describe('the frontend', () => {
  let inside: FrameReport | null;
  let opened: number[];
  const frame = {
    open: () => void opened.push(Date.now() - begun),
    close: vi.fn(),
    report: () => inside,
    loading: () => loading,
  };
  let loading: boolean;
  let begun: number;
  let told: FrameReport[];
  let stop: () => void;
  beforeEach(() => {
    inside = null;
    loading = false;
    opened = [];
    told = [];
    begun = Date.now();
    frame.close.mockReset();
    stop = keepOpening(frame, (report) => told.push(report));
  });
  afterEach(() => stop());
  const seconds = (count: number) => vi.advanceTimersByTimeAsync(count * 1000);

  test('is opened again after 5, 10, 20, 30 and 30 seconds, until that is ended', async () => {
    await seconds(100);
    expect(opened.map((ms) => ms / 1000)).toEqual([0, 5, 15, 35, 65, 95]);
    stop();
    await seconds(300);
    expect(opened.length).toBe(6);
    expect(frame.close).toHaveBeenCalledOnce();
  });

  test('is opened again where one of its files was lost', async () => {
    inside = report({ failure: { text: 'a file did not load', place: '' }, outcome: 'failed' });
    await seconds(5);
    expect(opened.length).toBe(2);
  });

  test('is opened again where its confirming script was lost', async () => {
    inside = report({ outcome: 'silent' });
    await seconds(5);
    expect(opened.length).toBe(2);
  });

  test('is left alone while it loads, unless that takes too long', async () => {
    loading = true;
    await seconds(90);
    expect(opened.length).toBe(1);
    await seconds(10);
    expect(opened.map((ms) => ms / 1000)).toEqual([0, 95]);
    loading = false;
    await seconds(30);
    expect(opened.length).toBe(3);
  });

  test('is not opened again where no frame may be', async () => {
    inside = report({ build: null, outcome: 'forbidden' });
    await seconds(60);
    expect(opened.length).toBe(1);
    expect(told).toEqual([inside]);
  });

  test('is left alone while it proves itself, and when it has', async () => {
    inside = report();
    await seconds(5);
    expect(opened.length).toBe(1);
    inside = report({ outcome: 'confirmed' });
    await seconds(60);
    expect(opened.length).toBe(1);
  });

  test('is asked what it tells, which is passed on once', async () => {
    await seconds(2);
    expect(told).toEqual([]);
    inside = report();
    await seconds(2);
    inside = report({ outcome: 'no-answer' });
    await seconds(2);
    expect(told.map(({ outcome }) => outcome)).toEqual([null, 'no-answer']);
  });

  test('is asked once more at the end', () => {
    inside = report({ outcome: 'confirmed' });
    stop();
    expect(told).toEqual([inside]);
  });
});

describe('the hidden frame', () => {
  const frame = hiddenFrame();
  const iframe = () => document.querySelector('iframe');
  const setInside = (inside: unknown) =>
    Object.defineProperty(iframe(), 'contentWindow', { configurable: true, value: inside });
  afterEach(() => frame.close());

  test('is nothing that one sees, hears of or gets into, and there is one at a time', () => {
    frame.home = '/kitchen/';
    frame.open();
    frame.open();
    expect(document.querySelectorAll('iframe').length).toBe(1);
    expect(iframe()?.getAttribute('src')).toBe('/kitchen/');
    expect(iframe()?.inert).toBe(true);
    expect(iframe()?.style.visibility).toBe('hidden');
    frame.close();
    expect(iframe()).toBeNull();
  });

  const { host } = globalThis.location;
  const document_ = { readyState: 'complete', querySelector: () => null };
  const location = { host: 'provider.local' };

  test('says what its page tells of itself, also where that tells nothing', () => {
    expect(frame.report()).toBeNull();
    frame.open();
    const faceplate = { ...report({ outcome: 'failed' }), failure: { text: 'oops', place: 'a:1' } };
    setInside({ location, document: document_, faceplate });
    expect(frame.report()).toEqual({
      build: 'b'.repeat(16),
      failure: { text: 'oops', place: 'a:1' },
      outcome: 'failed',
    });
    setInside({ location, document: document_ });
    expect(frame.report()).toEqual({ build: null, failure: null, outcome: 'silent' });
    const stamped = { ...document_, querySelector: () => ({ content: 'b'.repeat(16) }) };
    setInside({ location, document: stamped });
    expect(frame.report()).toEqual(report({ outcome: 'silent' }));
  });

  test('says nothing of a page that has not come, is not whole, or is the browser’s own', () => {
    frame.open();
    setInside({ location: { host: '' }, document: document_ });
    expect(frame.report()).toBeNull();
    expect(frame.loading()).toBe(false);
    setInside({ location, document: { ...document_, readyState: 'loading' } });
    expect(frame.report()).toBeNull();
    expect(frame.loading()).toBe(true);
    setInside({
      get location() {
        throw new DOMException('blocked', 'SecurityError');
      },
    });
    expect(frame.report()).toBeNull();
    expect(frame.loading()).toBe(false);
  });

  const SELF = "frame-ancestors 'self'";
  test.each<[boolean, string, Record<string, string>]>([
    [true, 'a policy of a proxy', { 'Content-Security-Policy': "frame-ancestors 'none'" }],
    [
      true,
      'the policy of a proxy besides the device’s',
      {
        'Content-Security-Policy': `${SELF}, default-src 'self';frame-ancestors https://a.example`,
      },
    ],
    [true, 'the header from before there were policies', { 'X-Frame-Options': 'DENY' }],
    [false, 'nothing', {}],
    [false, 'the device', { 'Content-Security-Policy': SELF }],
    [
      false,
      'a policy that names this host',
      { 'Content-Security-Policy': `script-src 'self'; frame-ancestors http://${host}` },
    ],
    [false, 'a header that lets this host', { 'X-Frame-Options': 'SAMEORIGIN' }],
  ])('is forbidden (%s) by %s where nothing comes', async (is, _, headers) => {
    const ask = vi.fn<typeof fetch>(() => Promise.resolve(new Response('', { headers })));
    vi.stubGlobal('fetch', ask);
    frame.home = '/kitchen/';
    frame.open();
    setInside({ location: { host: '' } });
    iframe()?.dispatchEvent(new Event('load'));
    await vi.advanceTimersByTimeAsync(0);
    expect(ask.mock.calls[0]?.[0]).toBe(`${globalThis.location.origin}/kitchen/`);
    expect(frame.report()).toEqual(is ? report({ build: null, outcome: 'forbidden' }) : null);
    // The next one may come.
    frame.open();
    expect(frame.report()).toBeNull();
  });

  test('is not forbidden where nobody answers, nor when its page has come', async () => {
    const ask = vi.fn(() => Promise.reject(new TypeError('no network')));
    vi.stubGlobal('fetch', ask);
    frame.open();
    setInside({ location: { host: '' } });
    iframe()?.dispatchEvent(new Event('load'));
    await vi.advanceTimersByTimeAsync(0);
    expect(frame.report()).toBeNull();
    expect(ask).toHaveBeenCalledOnce();
    setInside({ location, document: document_ });
    iframe()?.dispatchEvent(new Event('load'));
    expect(ask).toHaveBeenCalledOnce();
  });

  test('says what its page has told before that is whole', () => {
    frame.open();
    const loading = { ...document_, readyState: 'interactive' };
    setInside({ location, document: loading, faceplate: report() });
    expect(frame.report()).toBeNull();
    setInside({ location, document: loading, faceplate: report({ outcome: 'confirmed' }) });
    expect(frame.report()).toEqual(report({ outcome: 'confirmed' }));
    const failure = { text: 'oops', place: '' };
    setInside({ location, document: loading, faceplate: report({ failure }) });
    expect(frame.report()).toEqual(report({ failure }));
  });
});

describe('a browser', () => {
  const leaving = () => {
    const event = new Event('beforeunload', { cancelable: true });
    dispatchEvent(event);
    return event.defaultPrevented;
  };
  const see = (hidden: boolean) => {
    vi.spyOn(document, 'hidden', 'get').mockReturnValue(hidden);
    document.dispatchEvent(new Event('visibilitychange'));
  };

  test('asks before the page is left, as long as it is held', () => {
    expect(leaving()).toBe(false);
    const release = hold();
    expect(leaving()).toBe(true);
    release();
    expect(leaving()).toBe(false);
  });

  test('keeps its screen on where it can, also after the page was hidden', async () => {
    const letGo = vi.fn(() => Promise.resolve());
    const request = vi.fn(() => Promise.resolve({ release: letGo }));
    vi.stubGlobal('navigator', { wakeLock: { request } });
    const release = hold();
    expect(request).toHaveBeenCalledExactlyOnceWith('screen');
    see(true);
    expect(request).toHaveBeenCalledTimes(1);
    see(false);
    expect(request).toHaveBeenCalledTimes(2);
    release();
    await vi.advanceTimersByTimeAsync(0);
    expect(letGo).toHaveBeenCalledOnce();
    see(false);
    expect(request).toHaveBeenCalledTimes(2);
  });

  test('that refuses its screen, or has no such thing, is no error', async () => {
    vi.stubGlobal('navigator', { wakeLock: { request: () => Promise.reject(new Error('no')) } });
    hold()();
    vi.stubGlobal('navigator', {});
    hold()();
    await vi.advanceTimersByTimeAsync(0);
  });

  test('keeps the tab where it is, where the page’s script would move it', () => {
    expect(() => browser.stay()()).not.toThrow();
    const letGo = vi.fn();
    vi.stubGlobal('faceplate', { hold: () => letGo });
    browser.stay()();
    expect(letGo).toHaveBeenCalledOnce();
  });
});
