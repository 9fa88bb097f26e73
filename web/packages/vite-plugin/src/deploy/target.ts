// The device that is deployed to, and the header fields that a user adds: they are sent, and never printed.
import { Device, Problem } from 'faceplate-update-page/ota';
import { harmless, harmlessJson } from './harmless.js';

export type Headers = Readonly<Record<string, string>>;

/** What each request has already, or what is about the connection. */
const OURS =
  /^(accept|connection|content-(length|type|encoding|digest)|expect|host|keep-alive|te|trailer|transfer-encoding|upgrade)$/i;

/** Reads `Name: value` once or several times. Throws a `TypeError` that says what is wrong without the value. */
export function parseHeaders(lines: readonly string[]): Headers {
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const [, name, value] = /^([\w!#$%&'*+.^`|~-]+):[ \t]*([^\p{Cc}]+?)[ \t]*$/u.exec(line) ?? [];
    if (!name || !value || !/^[\x20-\xff]*$/.test(value)) {
      throw new TypeError("--header takes 'Name: value', such as 'Authorization: Bearer …'");
    }
    if (OURS.test(name)) throw new TypeError(`--header cannot change ${name}`);
    headers[name] = value;
  }
  return headers;
}

/**
 * A device that gets these with every request, each by a connection of its own. Node would keep one and send the
 * image by it in the very moment in which the device, that has few, ends it for being idle: the upload were lost.
 */
export class TargetDevice extends Device {
  readonly #headers: Headers;

  constructor(base: string, headers: Headers) {
    super(base);
    this.#headers = headers;
  }

  /** What it answers may be printed. */
  protected override async ask<T>(
    is: (value: unknown) => value is T,
    path: string,
    init: RequestInit,
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<T> {
    const headers = { ...this.#headers, ...(init.headers as Headers), Connection: 'close' };
    // They are for this device: they do not follow anybody who leads elsewhere.
    const request = { ...init, headers, redirect: 'manual' } as const;
    try {
      return harmlessJson(await super.ask(is, path, request, timeoutMs, signal));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      const { kind, status, detail, title, slotSize } = error;
      throw new Problem(kind, status, harmless(detail), harmless(title), slotSize);
    }
  }
}
