// The device that is deployed to, and the header fields that a user adds: they are sent, and never printed.
import { createHash } from 'node:crypto';
import { Device, Problem } from 'faceplate-update-page/ota';
import { harmless, harmlessJson } from './harmless.js';
import { Login, type Password } from './login.js';

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

/** Longest wait for an answer to a login. */
const ANSWER_MS = 6000;
/** Refusals after which somebody has to log in. */
const WANT_LOGIN = ['password-needed', 'session-over'];

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

/** The value of `Content-Digest` (RFC 9530): what is signed of a body. */
async function digestOf(body: Blob): Promise<string> {
  const hash = createHash('sha256').update(new Uint8Array(await body.arrayBuffer()));
  return `sha-256=:${hash.digest('base64')}:`;
}

/**
 * A device that gets these with every request, each by a connection of its own. Node would keep one and send the
 * image by it in the very moment in which the device, that has few, ends it for being idle: the upload were lost.
 */
export class TargetDevice extends Device {
  readonly #headers: Headers;
  readonly #login: Login | null;

  constructor(base: string, headers: Headers, password: Password) {
    super(base);
    this.#headers = headers;
    const ask = (path: string, body?: string) => {
      const type = { 'Content-Type': 'application/json' };
      const init = body === undefined ? {} : { method: 'POST', headers: type, body };
      return this.#send(isObject, path, init, ANSWER_MS);
    };
    // Who says so by a header is somebody already.
    const byHeader = Object.keys(headers).some((name) => /^authorization$/i.test(name));
    this.#login = byHeader ? null : new Login(ask, password);
  }

  /** Logs in where the device has a password. Throws `Failure` where it would take no change. */
  async logIn(): Promise<void> {
    await this.#login?.ready();
  }

  /** Logs in where the device asks for it, and again where that is over, as after a restart. */
  protected override async ask<T>(
    is: (value: unknown) => value is T,
    path: string,
    init: RequestInit,
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<T> {
    const { method = 'GET', body } = init;
    // Who is on the way could put another body behind the signature.
    const digest =
      body instanceof Blob || typeof body === 'string' ? await digestOf(new Blob([body])) : '';
    const headers = { ...(init.headers as Headers), ...(digest && { 'Content-Digest': digest }) };
    const signature = () => this.#login?.sign(method, `/api/ota/${path}`, digest) ?? null;
    const send = (signed: string | null) => {
      const all = { ...headers, ...(signed && { Authorization: signed }) };
      return this.#send(is, path, { ...init, headers: all }, timeoutMs, signal);
    };
    const signed = signature();
    try {
      return await send(signed);
    } catch (error) {
      const over = error instanceof Problem && WANT_LOGIN.includes(error.kind);
      if (!over || !(await this.#login?.again(signed))) throw error;
      return send(signature());
    }
  }

  /** What it answers may be printed. */
  async #send<T>(
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
      const answer = await super.ask(is, path, request, timeoutMs, signal);
      return answer instanceof ArrayBuffer ? answer : harmlessJson(answer);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      const { kind, status, detail, title, slotSize } = error;
      throw new Problem(kind, status, harmless(detail), harmless(title), slotSize);
    }
  }
}
