// The client of a device's API: one method for each request.
import { isRestart, isStatus, isUploaded, record } from './shape.js';
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

/** What the device did with an image. */
export interface Uploaded {
  readonly slot: number;
  readonly bytes: number;
  readonly sectors: { readonly written: number; readonly same: number };
  readonly version: string | null;
  readonly sha256: string;
  readonly confirm: 'device' | 'client';
  readonly reboot_ms: number;
}

/** A status comes from memory; four seconds let TCP send a lost packet again several times. */
const STATUS_MS = 4000;
/** A rollback reads the other slot first; a slot of some MiB takes seconds. */
const COMMAND_MS = 15_000;

/**
 * The address of a device as people write it (`provider.local`, `192.168.4.1:8080`,
 * `http://home.example/kitchen/` behind a reverse proxy) as a base for `Device`. Throws a `TypeError` that says
 * what is wrong.
 */
export function deviceUrl(address: string): string {
  const given = address.trim();
  const text = /^[a-z]+:\/\//i.test(given) ? given : `http://${given}`;
  const parsed = parse(text);
  if (!parsed?.hostname) {
    throw new TypeError(
      `"${address}" is not the address of a device: write its name or IP address, such as provider.local or 192.168.4.1`,
    );
  }
  if (parsed.protocol !== 'http:') {
    throw new TypeError(
      `"${address}" begins with ${parsed.protocol}//, but devices speak plain HTTP: write http://${parsed.host}`,
    );
  }
  if (parsed.search || parsed.hash || parsed.username || parsed.password) {
    throw new TypeError(
      `"${address}" has more in it than a host, a port and the path of a proxy: write it without what begins with ? or #, and without a name and password`,
    );
  }
  // As it is written: a URL would lose what makes it doubtful.
  const path = /^[a-z]+:\/\/[^/\\]+(.*)$/is.exec(text)?.[1];
  const prefix = canonical(path?.replace(/\/+$/, '') ?? '\\');
  if (!/^(\/(?!\.{0,2}(\/|$))([\w\-.~!$&'()*+,;=:@[\]]|%[\dA-F]{2})+)*$/.test(prefix)) {
    throw new TypeError(`"${address}" does not end in the path of a proxy, such as /kitchen`);
  }
  return parsed.origin + prefix;
}

/**
 * A path with nothing percent-encoded that may stand as it is, and upper case digits: one spelling
 * for all that are the same to a proxy, which is that of the packer.
 */
const canonical = (path: string): string =>
  path.replace(/%([\da-f]{2})/gi, (encoded, digits: string) => {
    const char = String.fromCharCode(parseInt(digits, 16));
    return /[\w\-.~!$&'()*+,;=:@[\]]/.test(char) ? char : encoded.toUpperCase();
  });

/**
 * Where the device of this page is: at the root of the page's host, or below the prefix of a reverse
 * proxy, which a stamped page knows by the address of its script. Without a slash at the end.
 */
export const pageBase = (): string => globalThis.window?.faceplate?.base ?? '';

function parse(url: string): URL | null {
  try {
    return new URL(url);
  } catch {
    return null;
  }
}

/** A device on the network. */
export class Device {
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
    return withBuilds(await this.#ask(isStatus, `status${query}`, {}, timeoutMs, signal));
  }

  /**
   * Sends an image and waits until the device has written, checked and switched to it. A refusal that comes
   * early may get lost with the connection: `update` looks before whether the image can fit.
   */
  upload(
    image: Blob,
    options: { confirm?: 'device' | 'client'; within?: number; signal?: AbortSignal } = {},
  ): Promise<Uploaded> {
    const { confirm = 'device', within, signal } = options;
    const query =
      confirm === 'client'
        ? `?confirm=client${within === undefined ? '' : `&within=${within}`}`
        : '';
    return this.#post(isUploaded, `frontend${query}`, image, 0, signal);
  }

  /**
   * Ends the trial: the frontend works. With the id of a build it is confirmed only if it is that one
   * (`other-build` if not); without one it is a person's word for whatever runs.
   */
  async confirm(build?: string | null): Promise<Status> {
    const body = JSON.stringify(build ? { build } : {});
    return withBuilds(await this.#post(isStatus, 'confirm', body, COMMAND_MS));
  }

  /** Goes back to the other slot. */
  rollback(): Promise<{ slot: number; reboot_ms: number }> {
    return this.#post(isRestart, 'rollback', '{}', COMMAND_MS);
  }

  #post<T>(
    is: (value: unknown) => value is T,
    path: string,
    body: Blob | string,
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<T> {
    // Exactly these, or the device refuses: they are its guard against other sites' pages.
    const type = typeof body === 'string' ? 'application/json' : 'application/octet-stream';
    const init = { method: 'POST', headers: { 'Content-Type': type }, body };
    return this.#ask(is, path, init, timeoutMs, signal);
  }

  async #ask<T>(
    is: (value: unknown) => value is T,
    path: string,
    init: RequestInit,
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<T> {
    signal?.throwIfAborted();
    // AbortSignal.any and .timeout are younger than some phones that are still used.
    const stop = new AbortController();
    const abort = () => stop.abort();
    const timer = timeoutMs ? setTimeout(abort, timeoutMs) : undefined;
    signal?.addEventListener('abort', abort);
    let response: Response;
    let text: string;
    try {
      const url = `${this.base}/api/ota/${path}`;
      response = await fetch(url, { ...init, cache: 'no-store', signal: stop.signal });
      text = await response.text();
    } catch (cause) {
      signal?.throwIfAborted();
      throw new Unreachable('silent', { cause });
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    }
    const body = json(text);
    if (response.ok && is(body)) return body;
    const { ok, status } = response;
    // From 502 to 504 it is a proxy (such as a dev server) whose device does not answer.
    throw (
      (!ok && toProblem(body, status)) ||
      // A device tells its reasons; this is somebody between.
      (status === 413 && new Problem('proxy-limit', status)) ||
      new Unreachable(status >= 502 && status <= 504 ? 'silent' : 'foreign')
    );
  }
}

/** Firmware from before builds had an id says nothing of them. */
function withBuilds(status: Status): Status {
  const slots = status.slots.map((slot) => ({ ...slot, build: slot.build ?? null }));
  return { ...status, slots };
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function toProblem(body: unknown, status: number): Problem | null {
  const { type, title, detail, slot_size: size } = record(body);
  const text = (value: unknown) => (typeof value === 'string' ? value : undefined);
  const kind = /^\/problems\/([a-z0-9-]+)$/.exec(text(type) ?? '')?.[1];
  return kind
    ? new Problem(kind, status, text(detail), text(title), typeof size === 'number' ? size : null)
    : null;
}
