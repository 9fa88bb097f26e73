// Live data of a device: server-sent events and a WebSocket that come back by themselves, and rest while
// nobody looks. An entry of its own, so that no page pays for it that has none.
import type { Login } from './global.js';

/** `waiting`: there is no connection now, and one is made when the time has come and the page is seen. */
export type LiveState = 'open' | 'waiting';

export interface LiveOptions {
  /** Called with the state, first at once. At `open` ask for what you may have missed: nothing is sent again. */
  readonly onState?: (state: LiveState) => void;
  /**
   * Milliseconds without any message after which the connection is taken for dead, such as of a device that
   * lost its power. Without it that takes as long as the network needs to notice, which may be for ever.
   */
  readonly silentMs?: number;
}

export interface Live {
  /** Ends it for good. */
  close(): void;
  /** Makes a new connection at once, in place of one that seems dead. */
  renew(): void;
}

export interface LiveSocket extends Live {
  /** Whether it was sent: never later, when nobody may want it any more. */
  send(data: string | ArrayBufferView<ArrayBuffer> | ArrayBuffer | Blob): boolean;
}

/** The first wait; each one that follows is twice as long, up to the longest. */
const FIRST_MS = 1000;
const LONGEST_MS = 16_000;
/** A device that is full says so by a status and `Retry-After`, which no browser shows: this is the least. */
const REFUSED_MS = 5000;
/** A device that is off never answers, and a browser would wait for minutes. */
const CONNECT_MS = 8000;
/** What breaks sooner has not worked: the next wait is longer all the same. */
const PROVEN_MS = 10_000;

/**
 * Server-sent events. `handlers` are called with the text of each event by its name; events without one are
 * called `message`. A `url` with a slash in front is a path on the device of this page.
 */
export function events(
  url: string,
  handlers: Readonly<Record<string, (text: string) => void>>,
  options: LiveOptions = {},
): Live {
  return keep(at(url), options, (address, opened, heard, lost) => {
    const source = new EventSource(address);
    source.onopen = opened;
    source.onmessage = heard;
    // The browser would try again by itself after some errors, and never after others.
    source.onerror = (event) => {
      // The device may call an event of its own `error`.
      if (!('data' in event)) lost(source.readyState === source.CLOSED);
    };
    for (const [name, handle] of Object.entries(handlers)) {
      source.addEventListener(name, (event) => {
        const { data } = event as MessageEvent<unknown>;
        if (typeof data !== 'string') return;
        heard();
        handle(data);
      });
    }
    return () => source.close();
  });
}

/** A WebSocket; `onMessage` is called with what each message has in it. `url` as for `events`. */
export function socket(
  url: string,
  onMessage: (data: string | ArrayBuffer) => void,
  options: LiveOptions = {},
): LiveSocket {
  let current: WebSocket | null = null;
  const live = keep(at(url).replace(/^http/, 'ws'), options, (address, opened, heard, lost) => {
    const made = new WebSocket(address);
    made.binaryType = 'arraybuffer';
    made.onopen = () => {
      current = made;
      opened();
    };
    made.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
      heard();
      onMessage(data);
    };
    // It comes after every error, too, and does not tell a refusal. (1012 is a restart.)
    made.onclose = () => lost(null);
    return () => {
      current = made.onopen = made.onmessage = made.onclose = null;
      made.close();
    };
  });
  return {
    ...live,
    send(data) {
      if (current?.readyState !== WebSocket.OPEN) return false;
      current.send(data);
      return true;
    },
  };
}

/**
 * As a whole address, which older browsers want for a WebSocket. Where the device is, the page knows (`pageBase`; but
 * imported from there it would tear that file out of a bundle's first part).
 */
function at(url: string): string {
  const base = globalThis.window?.faceplate?.base ?? '';
  return new URL(url.startsWith('/') ? base + url : url, globalThis.location?.href).href;
}

/** Makes a connection and says how it goes; returns what takes it away, after which it says nothing. */
type Connect = (
  address: string,
  opened: () => void,
  heard: () => void,
  /** `refused`: by a status; null where nobody knows. */
  lost: (refused: boolean | null) => void,
) => () => void;

/** By what this page has logged in to a device with a password, if it has. */
const login = (): Login | undefined => {
  const { base, logins } = globalThis.window?.faceplate ?? {};
  return logins?.[base ?? ''];
};

/**
 * Asks for the password, or logs in anew, where the device has refused for want of that. Events may be open to
 * all: there the refusal tells. WebSockets never are, and no browser shows why one was refused.
 */
async function knock(address: string): Promise<void> {
  const by = globalThis.window?.faceplate;
  if (!by?.fetch) return;
  if (address.startsWith('ws')) {
    const told = await fetch(`${by.base}/api/ota/login`);
    if (told.ok) await (await by.login()).ready({ once: true });
    return;
  }
  const stop = new AbortController();
  await by.fetch(address, { signal: stop.signal });
  stop.abort();
}

/** Keeps one connection, as long as the page is seen. */
function keep(address: string, { onState, silentMs = 0 }: LiveOptions, connect: Connect): Live {
  const page = typeof document === 'undefined' ? null : document;
  let state: LiveState | null = null;
  let hangUp: (() => void) | null = null;
  /** Of the one thing that is waited for: the next try, its answer, or a message. */
  let timer: ReturnType<typeof setTimeout> | undefined;
  let waits = 0;
  let openedAt = 0;
  let ended = false;
  let knocking = false;

  const tell = (now: LiveState) => {
    if (now !== state) onState?.((state = now));
  };
  const after = (ms: number, what: () => void) => {
    clearTimeout(timer);
    timer = setTimeout(what, ms);
  };
  const letGo = () => {
    clearTimeout(timer);
    hangUp?.();
    hangUp = null;
    tell('waiting');
  };
  const heard = () => {
    if (silentMs) after(silentMs, lost);
    else clearTimeout(timer);
  };
  const lost = (refused?: unknown) => {
    if (!openedAt && (refused === true || refused === null) && !knocking) {
      const before = login();
      knocking = true;
      const done = () => {
        knocking = false;
        if (login() !== before) renew();
      };
      knock(address).then(done, done);
    }
    if (openedAt && Date.now() - openedAt >= PROVEN_MS) waits = 0;
    openedAt = 0;
    const longest = Math.min(FIRST_MS * 2 ** waits++, LONGEST_MS);
    // Tabs and devices that lost it together do not come back together.
    const wait = longest * (1 - Math.random() / 2);
    letGo();
    if (!ended) after(refused === true ? Math.max(wait, REFUSED_MS) : wait, begin);
  };
  const begin = () => {
    if (ended || hangUp || page?.hidden) return;
    after(CONNECT_MS, lost);
    let over = false;
    hangUp = () => (over = true);
    const opened = () => {
      openedAt = Date.now();
      heard();
      tell('open');
    };
    const go = (signed: string) => {
      if (!over) hangUp = connect(signed, opened, heard, lost);
    };
    const by = login();
    if (by) by.sign(address).then(go, () => over || lost());
    else go(address);
  };
  const renew = () => {
    if (ended) return;
    waits = 0;
    letGo();
    begin();
  };
  /** A page that nobody sees takes none of the few connections of a device. */
  const look = () => (page?.hidden ? letGo() : renew());

  page?.addEventListener('visibilitychange', look);
  globalThis.window?.addEventListener('online', renew);
  tell('waiting');
  begin();
  return {
    close() {
      ended = true;
      page?.removeEventListener('visibilitychange', look);
      globalThis.window?.removeEventListener('online', renew);
      letGo();
    },
    renew,
  };
}
