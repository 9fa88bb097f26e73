// The client of a device's API: one method for each request.
import { DeviceReader, Problem, withBuilds } from './reader.js';
import { has, isStatus } from './shape.js';
import type { Status } from './status.js';

export { DeviceReader, Problem, Unreachable, pageBase, type UnreachableKind } from './reader.js';

/** How an image is sent. */
export interface UploadOptions {
  /** Who says that the new frontend works. */
  readonly confirm?: 'device' | 'client';
  /** Seconds that a client has for it. */
  readonly within?: number;
  /** It is a patch that makes the image. */
  readonly patch?: boolean;
  readonly signal?: AbortSignal;
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

function isUploaded(value: unknown): value is Uploaded {
  return has(value, 'sha256 version? confirm', 'slot bytes reboot_ms');
}

function isRestart(value: unknown): value is { slot: number; reboot_ms: number } {
  return has(value, '', 'slot reboot_ms');
}

const PATCH_TYPE = 'application/vnd.faceplate.patch';

/** Whatever is no JSON. */
function isBytes(value: unknown): value is ArrayBuffer {
  return has(value, '', 'byteLength');
}

/** A rollback reads the other slot first; a slot of some MiB takes seconds. */
const COMMAND_MS = 15_000;
/** All of a slot is read, and hashed while it is. */
const CHUNKS_MS = 20_000;
/** The largest slot by a bad network. */
const IMAGE_MS = 120_000;

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
  if (!/^(\/(?!\.{0,2}(\/|$))([\w\-.~!$&'()*+,;=:@]|%[\dA-F]{2})+)*$/.test(prefix)) {
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
    return /[\w\-.~!$&'()*+,;=:@]/.test(char) ? char : encoded.toUpperCase();
  });

function parse(url: string): URL | null {
  try {
    return new URL(url);
  } catch {
    return null;
  }
}

/** A device on the network. */
export class Device extends DeviceReader {
  /** The same device as another reader of it. */
  static of(reader: DeviceReader): Device {
    return 'upload' in reader ? (reader as Device) : new Device(reader.base);
  }

  /**
   * Sends an image, or a patch that makes one, and waits until the device has written, checked and switched to
   * it. A refusal that comes early may get lost with the connection: `update` looks before whether the image can
   * fit.
   */
  upload(image: Blob, options: UploadOptions = {}): Promise<Uploaded> {
    const { confirm = 'device', within, patch, signal } = options;
    const query =
      confirm === 'client'
        ? `?confirm=client${within === undefined ? '' : `&within=${within}`}`
        : '';
    const path = `frontend${query}`;
    return patch
      ? this.#change('PATCH', PATCH_TYPE, isUploaded, path, image, 0, signal)
      : this.#post(isUploaded, path, image, 0, signal);
  }

  /** The chunks of what is in a slot, as `readChunks` reads them; of the first `length` bytes. */
  chunks(slot: number, length?: number, signal?: AbortSignal): Promise<ArrayBuffer> {
    const most = length === undefined ? '' : `&length=${length}`;
    return this.ask(isBytes, `frontend/chunks?slot=${slot}${most}`, {}, CHUNKS_MS, signal);
  }

  /** The image that runs, to keep it. */
  image(signal?: AbortSignal): Promise<ArrayBuffer> {
    return this.ask(isBytes, 'frontend', {}, IMAGE_MS, signal);
  }

  /**
   * Before much is sent to a device with a password: makes sure that somebody is logged in, or throws the
   * refusal. It costs one request where there is none.
   */
  async unlock(): Promise<void> {
    if (!globalThis.window?.faceplate?.login) return;
    const told = await fetch(`${this.base}/api/ota/login`, { cache: 'no-store' }).catch(() => null);
    if (told?.ok && !(await this.ready())) throw new Problem('password-needed', 401);
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

  /** Only what is large is too large for a proxy. */
  protected override stranger(status: number): Error {
    return status === 413 ? new Problem('proxy-limit', status) : super.stranger(status);
  }

  #post<T>(
    is: (value: unknown) => value is T,
    path: string,
    body: Blob | string,
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<T> {
    const type = typeof body === 'string' ? 'application/json' : 'application/octet-stream';
    return this.#change('POST', type, is, path, body, timeoutMs, signal);
  }

  /** Exactly these types, or the device refuses: they are its guard against other sites' pages. */
  #change<T>(
    method: string,
    type: string,
    is: (value: unknown) => value is T,
    path: string,
    body: Blob | string,
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<T> {
    const init = { method, headers: { 'Content-Type': type }, body };
    return this.ask(is, path, init, timeoutMs, signal);
  }
}
