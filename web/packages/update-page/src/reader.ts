// What a page at rest needs of a device: its status.
import { isStatus, record } from './shape.js';
import { stamped } from './stamped.js';
import type { Status } from './status.js';

/** A refusal of the device: problem+json (RFC 9457). */
export class Problem extends Error {
  override readonly name = 'Problem';
  constructor(
    /** The last part of `type`, such as `busy`, `on-trial`, `too-large`. */
    readonly kind: string,
    readonly status: number,
    readonly detail = '',
    readonly title = kind,
    /** `too-large`: bytes of a slot. */
    readonly slotSize: number | null = null,
  ) {
    super(detail || title);
  }
}

/**
 * What is known of a device that was lost:
 * - `silent`: no answer, or none in time; nothing was changed
 * - `foreign`: something answers that is no device
 * - `lost`: the connection broke during an upload; the device still runs what it ran
 * - `restarted`: the same, since it restarted in the middle, as where it lost its power
 * - `gone`: the connection broke during an upload, and the device does not answer since
 * - `not_back`: it took the image, and does not answer after the restart
 * - `not_restarted`: it took the image, answers, and does not restart
 */
export type UnreachableKind =
  'silent' | 'foreign' | 'lost' | 'restarted' | 'gone' | 'not_back' | 'not_restarted';

/** No answer, or none that a device gives. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';
  constructor(
    readonly kind: UnreachableKind,
    options?: ErrorOptions,
  ) {
    super(`the device is unreachable: ${kind}`, options);
  }
}

/** A status comes from memory; four seconds let TCP send a lost packet again several times. */
const STATUS_MS = 4000;
/**
 * Where the device of this page is: at the root of the page's host, or below the prefix of a reverse
 * proxy, which a stamped page knows by the address of its script. Without a slash at the end.
 */
export const pageBase = (): string => stamped()?.base ?? '';

/** A device on the network that is only looked at: all that a page needs until somebody acts. */
export class DeviceReader {
  /** Without a slash at the end; empty for the root of the page's host. */
  readonly base: string;

  /** `base`: such as `http://192.168.4.1`, or `/kitchen`; without it the device that serves the page. */
  constructor(base = pageBase()) {
    this.base = base.replace(/\/+$/, '');
  }

  /** Gives up after `timeoutMs` (default 4000). */
  async status(options: { timeoutMs?: number; signal?: AbortSignal } = {}): Promise<Status> {
    const { timeoutMs = STATUS_MS, signal } = options;
    // A service worker that keeps all that it ever got must not keep this.
    const query = globalThis.navigator?.serviceWorker?.controller ? `?${Date.now()}` : '';
    return withBuilds(await this.ask(isStatus, `status${query}`, {}, timeoutMs, signal));
  }

  /**
   * Whether somebody is logged in to a device with a password, who is asked if need be. `once`: not a person who
   * has closed that question before.
   */
  async ready(once = false): Promise<boolean> {
    try {
      const login = await stamped()?.login?.(this.base);
      return !!(await login?.ready({ once }));
    } catch {
      return false;
    }
  }

  /** Any request of the API, below `/api/ota/`; 0 ms: without a limit. */
  protected async ask<T>(
    is: (value: unknown) => value is T,
    path: string,
    init: RequestInit,
    timeoutMs: number,
    signal?: AbortSignal,
    again = false,
  ): Promise<T> {
    signal?.throwIfAborted();
    // AbortSignal.any and .timeout are younger than some phones that are still used.
    const stop = new AbortController();
    const abort = () => stop.abort();
    const timer = timeoutMs ? setTimeout(abort, timeoutMs) : undefined;
    signal?.addEventListener('abort', abort);
    let response: Response;
    let body: unknown;
    try {
      const url = `${this.base}/api/ota/${path}`;
      // A page that Faceplate has stamped knows what to do where the device has a password.
      const by = stamped();
      const sent = { ...init, cache: 'no-store', signal: stop.signal, quiet: true } as const;
      response = await (by?.fetch ?? fetch)(url, sent, this.base);
      const bytes = await response.arrayBuffer();
      // What is no JSON stays as it is.
      body = await new Response(bytes).json().catch(() => bytes);
    } catch (cause) {
      signal?.throwIfAborted();
      throw new Unreachable('silent', { cause });
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    }
    const { ok, status } = response;
    if (ok && is(body)) return body;
    const problem = toProblem(body, status);
    // The person is asked here, where no time is limited; of what is only looked at, once.
    if (!again && isLocked(problem) && (await this.ready(!init.method))) {
      return this.ask(is, path, init, timeoutMs, signal, true);
    }
    throw problem ?? this.stranger(status);
  }

  /** Somebody else answers: a device tells its reasons. */
  protected stranger(status: number): Error {
    // From 502 to 504 it is a proxy (such as a dev server) whose device does not answer.
    return new Unreachable(status >= 502 && status <= 504 ? 'silent' : 'foreign');
  }
}

/** Whether the device wants its password. */
export const isLocked = (error: unknown): boolean =>
  error instanceof Problem && /^(password-|session-over)/.test(error.kind);

/** Firmware from before builds had an id says nothing of them. */
export function withBuilds(status: Status): Status {
  const slots = status.slots.map((slot) => ({ ...slot, build: slot.build ?? null }));
  return { ...status, slots };
}

function toProblem(body: unknown, status: number): Problem | null {
  const { type, title, detail, slot_size: size } = record(body);
  const text = (value: unknown) => (typeof value === 'string' ? value : undefined);
  const kind = /^\/problems\/([a-z0-9-]+)$/.exec(text(type) ?? '')?.[1];
  return kind
    ? new Problem(kind, status, text(detail), text(title), typeof size === 'number' ? size : null)
    : null;
}
