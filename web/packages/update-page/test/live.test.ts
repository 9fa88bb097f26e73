// @vitest-environment jsdom
// Live data: when a page connects, when it rests, and how it comes back.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { FaceplatePage, Login } from '../src/global.js';
import { events, socket, type Live, type LiveSocket, type LiveState } from '../src/live.js';

/** What both kinds of connections have in common here. */
class Fake extends EventTarget {
  static all: Fake[] = [];
  readonly CLOSED = 2;
  readyState = 0;
  onopen: (() => void) | null = null;
  onmessage: ((event: MessageEvent) => void) | null = null;
  onerror: ((event: Event) => void) | null = null;
  onclose: (() => void) | null = null;
  sent: unknown[] = [];

  constructor(readonly url: string) {
    super();
    Fake.all.push(this);
  }
  open(): void {
    this.readyState = 1;
    this.onopen?.();
  }
  close(): void {
    this.readyState = 2;
  }
  send(data: unknown): void {
    this.sent.push(data);
  }
  /** A message, of an event with a name or not. */
  message(data: string, name = 'message'): void {
    const event = new MessageEvent(name, { data });
    if (name === 'message') this.onmessage?.(event);
    if (name === 'error') this.onerror?.(event);
    this.dispatchEvent(event);
  }
}
class FakeSource extends Fake {
  /** `refused`: by a status, after which a browser does not try again. */
  lose(refused = false): void {
    if (refused) this.readyState = 2;
    this.onerror?.(new Event('error'));
  }
}
class FakeSocket extends Fake {
  static OPEN = 1;
  binaryType = 'blob';
  lose(): void {
    this.readyState = 3;
    this.onclose?.();
  }
}

const states: LiveState[] = [];
const onState = (state: LiveState) => void states.push(state);
const messages: unknown[] = [];
let live: Live | LiveSocket;
const last = () => Fake.all.at(-1) as FakeSource & FakeSocket;
const open = () => Fake.all.filter(({ readyState }) => readyState < 2).length;

function hide(hidden: boolean): void {
  vi.spyOn(document, 'hidden', 'get').mockReturnValue(hidden);
  document.dispatchEvent(new Event('visibilitychange'));
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('EventSource', FakeSource);
  vi.stubGlobal('WebSocket', FakeSocket);
  // The longest waits.
  vi.spyOn(Math, 'random').mockReturnValue(0);
  [Fake.all.length, states.length, messages.length] = [0, 0, 0];
});
afterEach(() => {
  live.close();
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  delete window.faceplate;
});

const hear = (data: unknown) => void messages.push(data);
const KINDS = [
  ['events', (more = {}) => events('/api/e', { tick: hear, message: hear }, { onState, ...more })],
  ['socket', (more = {}) => socket('/api/e', hear, { onState, ...more })],
] as const;

describe.each(KINDS)('%s', (kind, start) => {
  test('connects at once, and tells its state', () => {
    live = start();
    expect(states).toEqual(['waiting']);
    last().open();
    expect(states).toEqual(['waiting', 'open']);
    last().message('one');
    expect(messages).toEqual(['one']);
  });

  test('waits longer and longer, and not for ever', async () => {
    live = start();
    for (const [tries, ms] of [1000, 2000, 4000, 8000, 16_000, 16_000, 16_000].entries()) {
      last().lose();
      expect(open()).toBe(0);
      await vi.advanceTimersByTimeAsync(ms - 1);
      expect(Fake.all, `${ms} ms`).toHaveLength(tries + 1);
      await vi.advanceTimersByTimeAsync(1);
      expect(Fake.all, `${ms} ms`).toHaveLength(tries + 2);
    }
    expect(states).toEqual(['waiting']);
  });

  test('a wait is as much as halved by chance, so that not all come back at once', async () => {
    vi.mocked(Math.random).mockReturnValue(0.999);
    live = start();
    last().lose();
    await vi.advanceTimersByTimeAsync(502);
    expect(Fake.all).toHaveLength(2);
  });

  test.each([
    [9999, 2000],
    [10_000, 1000],
  ])('after %i ms without a break the next wait is %i ms', async (ms, wait) => {
    live = start();
    last().lose();
    await vi.advanceTimersByTimeAsync(1000);
    last().open();
    await vi.advanceTimersByTimeAsync(ms);
    last().lose();
    expect(states).toEqual(['waiting', 'open', 'waiting']);
    await vi.advanceTimersByTimeAsync(wait - 1);
    expect(Fake.all).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(1);
    expect(Fake.all).toHaveLength(3);
  });

  test('a device that never answers is given up and asked again', async () => {
    live = start();
    await vi.advanceTimersByTimeAsync(7999);
    expect(open()).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(open()).toBe(0);
    await vi.advanceTimersByTimeAsync(1000);
    expect(open()).toBe(1);
    last().open();
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(Fake.all, 'an open one may be silent').toHaveLength(2);
  });

  test('one that is silent for longer than it may be is taken for dead', async () => {
    live = start({ silentMs: 3000 });
    last().open();
    for (let n = 0; n < 5; n++) {
      await vi.advanceTimersByTimeAsync(2999);
      last().message(`${n}`);
    }
    expect(Fake.all).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(3000);
    expect(states).toEqual(['waiting', 'open', 'waiting']);
    expect(open()).toBe(0);
    // It had been open for long.
    await vi.advanceTimersByTimeAsync(1000);
    expect(open()).toBe(1);
  });

  test('lets go while the page is hidden, and is back at once when that is seen', async () => {
    live = start();
    last().open();
    hide(true);
    expect(open()).toBe(0);
    expect(states).toEqual(['waiting', 'open', 'waiting']);
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(Fake.all).toHaveLength(1);
    hide(false);
    expect(open()).toBe(1);
  });

  test('does not connect in a page that was opened in the background', async () => {
    hide(true);
    live = start();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(Fake.all).toHaveLength(0);
    hide(false);
    expect(Fake.all).toHaveLength(1);
  });

  test.each([
    ['the page is seen', () => (hide(true), hide(false))],
    ['the network is back', () => window.dispatchEvent(new Event('online'))],
    ['it is told to', () => live.renew()],
  ])('does not wait any longer when %s', async (_, happens) => {
    live = start();
    for (const ms of [1000, 2000, 4000, 8000]) {
      last().lose();
      await vi.advanceTimersByTimeAsync(ms);
    }
    last().lose();
    happens();
    expect(open()).toBe(1);
    // Nor the next time.
    last().lose();
    await vi.advanceTimersByTimeAsync(1000);
    expect(open()).toBe(1);
    expect(Fake.all).toHaveLength(7);
  });

  test('is ended once and for all', async () => {
    live = start();
    last().open();
    live.close();
    expect(open()).toBe(0);
    last().lose();
    live.renew();
    hide(true);
    hide(false);
    window.dispatchEvent(new Event('online'));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(Fake.all).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  test.each([
    ['/api/e', '', 'localhost:3000/api/e'],
    ['/api/e', '/kitchen', 'localhost:3000/kitchen/api/e'],
    ['http://192.168.4.1/x', '/kitchen', '192.168.4.1/x'],
    ['api/e?a=b', '/kitchen', 'localhost:3000/api/e?a=b'],
  ])('%s below "%s" is at %s', (url, base, address) => {
    window.faceplate = { base } as NonNullable<typeof window.faceplate>;
    live = kind === 'events' ? events(url, {}) : socket(url, hear);
    expect(last().url).toBe(`${kind === 'events' ? 'http' : 'ws'}://${address}`);
  });
});

describe('a device with a password', () => {
  const url = (name: string) => `${name}://localhost:3000/api/e`;
  /** What the page knows of it; `fetch` loads the script that signs. */
  const page = (loads = true) => {
    const sign = vi.fn(
      async (address: string | URL) => `${address}?auth=${sign.mock.calls.length}`,
    );
    const logins: Record<string, Login> = {};
    const ready = vi.fn(async () => true);
    const login = async () => (logins[''] ??= { ready, sign } as unknown as Login);
    const fetch = vi.fn(async () => {
      if (loads) await login();
      return new Response();
    });
    window.faceplate = { base: '', logins, login, fetch } as unknown as FaceplatePage;
    const asked = vi.fn(async () => new Response('', { status: loads ? 200 : 404 }));
    vi.stubGlobal('fetch', asked);
    return { asked, fetch, logins, ready, sign };
  };

  test.each([
    ['events', 'http', () => events('/api/e', {}), () => last().lose(true)],
    ['a socket', 'ws', () => socket('/api/e', hear), () => last().lose()],
  ] as const)(
    '%s that is refused asks for it, and comes back signed',
    async (_, name, start, lose) => {
      const { asked, fetch, ready, sign } = page();
      // Whether it has one is asked, unless the refusal tells.
      const knocks = name === 'ws' ? asked : fetch;
      live = start();
      expect(last().url).toBe(url(name));
      lose();
      if (name === 'ws') expect(asked).toHaveBeenCalledWith('/api/ota/login');
      else expect(fetch).toHaveBeenCalledWith(url('http'), expect.anything());
      await vi.advanceTimersByTimeAsync(0);
      expect(ready.mock.calls).toEqual(name === 'ws' ? [[{ once: true }]] : []);
      expect(last().url).toBe(`${url(name)}?auth=1`);
      expect(sign).toHaveBeenCalledTimes(1);
      last().open();
      // Each address is good once.
      last().lose();
      expect(knocks).toHaveBeenCalledTimes(1);
      await vi.advanceTimersByTimeAsync(1000);
      expect(last().url).toBe(`${url(name)}?auth=2`);
      // Refused in spite of that, as after a restart: asked again, and not at once.
      lose();
      await vi.advanceTimersByTimeAsync(0);
      expect(knocks).toHaveBeenCalledTimes(2);
      expect(Fake.all).toHaveLength(3);
    },
  );

  test('a socket of a device without one loads nothing for it', async () => {
    const { asked, logins } = page(false);
    live = socket('/api/e', hear);
    last().lose();
    await vi.advanceTimersByTimeAsync(0);
    expect(asked).toHaveBeenCalledTimes(1);
    expect(logins).toEqual({});
    asked.mockRejectedValue(new TypeError('Failed to fetch'));
    await vi.advanceTimersByTimeAsync(1000);
    last().lose();
    await vi.advanceTimersByTimeAsync(2000);
    expect(Fake.all).toHaveLength(3);
  });

  test('is asked by one at a time, and not where nothing was refused', async () => {
    const { fetch } = page(false);
    fetch.mockReturnValue(new Promise(() => undefined));
    live = events('/api/e', {});
    last().lose();
    expect(fetch).not.toHaveBeenCalled();
    for (let n = 0; n < 3; n++) {
      await vi.advanceTimersByTimeAsync(16_000);
      last().lose(true);
    }
    expect(fetch).toHaveBeenCalledTimes(1);
  });

  test('one that was ended while it is signed connects to nothing', async () => {
    const { logins, fetch } = page();
    await fetch();
    expect(logins['']).toBeDefined();
    live = events('/api/e', {});
    live.close();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(Fake.all).toHaveLength(0);
  });

  test('that does not answer when it is signed is tried again', async () => {
    const { sign, fetch } = page();
    await fetch();
    sign.mockRejectedValueOnce(new TypeError('Failed to fetch'));
    live = events('/api/e', {});
    await vi.advanceTimersByTimeAsync(1000);
    expect(Fake.all).toHaveLength(1);
  });
});

test('events that a device refuses by a status wait longer, as nobody sees its Retry-After', async () => {
  live = events('/api/e', {});
  // 503 too-many-live, say.
  last().lose(true);
  await vi.advanceTimersByTimeAsync(4999);
  expect(Fake.all).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(Fake.all).toHaveLength(2);
});

test('events are told by their names; one may be called "error"', () => {
  const error = vi.fn<(text: string) => void>();
  live = events('/api/e', { tick: hear, error }, { onState });
  last().open();
  last().message('1', 'tick');
  last().message('2', 'tock');
  last().message('3', 'error');
  expect(messages).toEqual(['1']);
  expect(error.mock.calls).toEqual([['3']]);
  expect(states).toEqual(['waiting', 'open']);
  last().lose();
  last().dispatchEvent(new Event('error'));
  expect(error).toHaveBeenCalledOnce();
});

test('a WebSocket says whether something was sent, and sends nothing later', async () => {
  const lamp = (live = socket('/api/e', hear));
  expect((lamp as LiveSocket).send('early')).toBe(false);
  last().open();
  expect((lamp as LiveSocket).send('on')).toBe(true);
  const first = last();
  first.lose();
  expect((lamp as LiveSocket).send('off')).toBe(false);
  await vi.advanceTimersByTimeAsync(1000);
  last().open();
  expect([first.sent, last().sent]).toEqual([['on'], []]);
});
