// The device's side of a login by another's cryptography (Node's), over real HTTP.
import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const hmac = (key: Buffer, ...parts: (string | Buffer)[]) => {
  const made = createHmac('sha256', key);
  for (const part of parts) made.update(part);
  return made.digest();
};
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest();
const xor = (a: Buffer, b: Buffer) => Buffer.from(a.map((byte, i) => byte ^ (b[i] as number)));

interface Verifier {
  readonly salt: string;
  readonly iterations: number;
  readonly stored: Buffer;
  readonly server: Buffer;
}

/** What PostgreSQL stores for a password. */
export function verifierOf(password: string, salt = randomBytes(16), iterations = 4096): string {
  const salted = pbkdf2Sync(password.normalize('NFC'), salt, iterations, 32, 'sha256');
  const stored = sha256(hmac(salted, 'Client Key')).toString('base64');
  const server = hmac(salted, 'Server Key').toString('base64');
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${stored}:${server}`;
}

function parse(text: string): Verifier {
  const found = /^SCRAM-SHA-256\$(\d+):([\w+/]+=*)\$([\w+/]+=*):([\w+/]+=*)$/.exec(text);
  if (!found) throw new Error(`${text} is no verifier`);
  const [, iterations, salt = '', stored = '', server = ''] = found;
  const bytes = (base64: string) => Buffer.from(base64, 'base64');
  return { salt, iterations: Number(iterations), stored: bytes(stored), server: bytes(server) };
}

/** One request, as somebody who listens has it. */
export interface Heard {
  readonly method: string;
  readonly target: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}

export class FakeDevice {
  verifier: Verifier | null = null;
  /** Whether reading needs the password, too. */
  closed = false;
  /** Seconds that the next login has to wait. */
  wait = 0;
  /** Replaces what a login tells. */
  tells: Record<string, unknown> = {};
  /** It does not know the password: what it proves is made up. */
  liar = false;
  /** Nonces that are over as soon as they were told. */
  stale = 0;
  /** What a reverse proxy takes away. */
  prefix = '';
  readonly heard: Heard[] = [];
  /** Requests that were let in, such as `POST /api/lamp`. */
  readonly done: string[] = [];
  readonly #server: Server;
  readonly #secret = randomBytes(32);
  #nonces = new Set<string>();
  #sessions = new Map<string, { key: Buffer; used: Set<number> }>();

  private constructor() {
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => response.destroy(error as Error));
    });
  }

  static async start(password?: string): Promise<FakeDevice> {
    const device = new FakeDevice();
    if (password !== undefined) device.verifier = parse(verifierOf(password));
    await new Promise<void>((done) => device.#server.listen(0, '127.0.0.1', done));
    return device;
  }

  stop(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((done) => this.#server.close(() => done()));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}${this.prefix}`;
  }

  /** Forgets what is only in its memory. */
  restart(): void {
    this.#nonces.clear();
    this.#sessions.clear();
  }

  set(password: string): void {
    this.verifier = parse(verifierOf(password));
    this.restart();
  }

  /** Requests that came, such as `GET /api/ota/login`. */
  asked(what: string): number {
    return this.heard.filter(({ method, target }) => `${method} ${target}` === what).length;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const body = Buffer.concat(parts).toString();
    const { method = '', url = '' } = request;
    const headers = request.headers as Record<string, string>;
    if (!url.startsWith(this.prefix)) return void response.writeHead(404).end('elsewhere');
    const target = url.slice(this.prefix.length);
    this.heard.push({ method, target, headers, body });

    const send = (status: number, value: unknown, more = {}) => {
      response.writeHead(status, { 'Content-Type': 'application/json', ...more });
      response.end(JSON.stringify(value));
    };
    const refuse = (status: number, kind: string, more = {}) => {
      const known = status === 401 ? { 'WWW-Authenticate': 'Faceplate' } : {};
      const problem = { type: `/problems/${kind}`, title: kind, status, detail: kind };
      send(status, problem, { ...known, ...more });
    };
    const what = `${method} ${target}`;
    if (what === 'GET /api/ota/login') {
      if (!this.verifier) return send(200, { set: false, iterations: 4096, ...this.tells });
      const nonce = randomBytes(24).toString('base64');
      if (this.stale-- <= 0) this.#nonces.add(nonce);
      const { salt, iterations } = this.verifier;
      return send(200, { set: true, salt, iterations, nonce, ...this.tells });
    }
    if (what === 'POST /api/ota/login') return this.#login(body, send, refuse);
    const reads = /^(GET|HEAD)$/.test(method);
    const first = what === 'PUT /api/ota/password' && !this.verifier;
    if (!first && (this.closed || !reads || target.startsWith('/api/events'))) {
      if (!this.verifier) return refuse(403, 'password-unset');
      const refusal = this.#refusal(method, target, headers);
      if (refusal) return refuse(401, refusal);
    }
    const digest = headers['content-digest'];
    const is = createHash('sha256').update(body).digest('base64');
    if (digest && digest !== `sha-256=:${is}:`) return refuse(400, 'digest-mismatch');
    if (what === 'PUT /api/ota/password') {
      const said = JSON.parse(body) as Record<string, string>;
      const id = /^Faceplate (\w+)\./.exec(headers['authorization'] ?? '')?.[1];
      const by = first ? undefined : this.#sessions.get(id ?? '');
      if (by && said['session'] !== id) return refuse(400, 'bad-body');
      const found = parse((by ? said['masked'] : said['verifier']) ?? '');
      const salt = Buffer.from(found.salt, 'base64');
      const clear = (bytes: Buffer, name: string) =>
        by ? xor(bytes, hmac(by.key, `faceplate ${name}`, salt)) : bytes;
      const [stored, server] = [clear(found.stored, 'StoredKey'), clear(found.server, 'ServerKey')];
      this.verifier = { ...found, stored, server };
      this.restart();
      if (by && id) {
        const ticket = xor(this.#ticket(id), hmac(by.key, 'faceplate new ticket'));
        return send(200, { ticket: ticket.toString('base64') });
      }
      response.writeHead(204).end();
      return;
    }
    this.done.push(what.replace(/[?&]auth=.*/, ''));
    send(200, { body });
  }

  #login(
    body: string,
    send: (status: number, value: unknown) => void,
    refuse: (status: number, kind: string, more?: object) => void,
  ): void {
    const { nonce, client, proof, ticket = '' } = JSON.parse(body) as Record<string, string>;
    if (!this.verifier) return refuse(403, 'password-unset');
    const [of = '', shown] = ticket.split('.');
    const knows = () => {
      const { salt, iterations } = this.verifier as Verifier;
      const text = `n=,r=${client},r=${client}${nonce},s=${salt},i=${iterations},c=biws,r=${client}${nonce}`;
      const mac = hmac(this.#ticket(of), Buffer.from(proof ?? '', 'base64'), text);
      return mac.toString('hex').slice(0, 32) === shown;
    };
    if (this.wait && !knows())
      return refuse(429, 'too-many-attempts', { 'Retry-After': String(this.wait) });
    if (!/^[a-zA-Z0-9]{16,32}$/.test(client ?? '')) return refuse(400, 'bad-body');
    if (!this.#nonces.delete(nonce ?? '')) return refuse(409, 'stale-nonce');
    const { salt, iterations, stored, server } = this.verifier;
    const text = `n=,r=${client},r=${client}${nonce},s=${salt},i=${iterations},c=biws,r=${client}${nonce}`;
    const clientKey = xor(Buffer.from(proof ?? '', 'base64'), hmac(stored, text));
    if (!sha256(clientKey).equals(stored)) return refuse(401, 'wrong-password');
    const session = randomBytes(8).toString('hex');
    const key = hmac(stored, 'faceplate session', clientKey, text);
    this.#sessions.set(session, { key, used: new Set() });
    const proves = this.liar ? randomBytes(32) : hmac(server, text);
    const masked = xor(this.#ticket(session), hmac(key, 'faceplate ticket'));
    send(200, { session, proof: proves.toString('base64'), ticket: masked.toString('base64') });
  }

  /** By a secret that it has for ever, for the password that it has now. */
  #ticket(session: string): Buffer {
    return hmac(this.#secret, (this.verifier as Verifier).stored, Buffer.from(session, 'hex'));
  }

  #refusal(method: string, target: string, headers: Record<string, string>): string | null {
    const [, path = target, query] = /^(.*)[?&]auth=(.*)$/.exec(target) ?? [];
    const [, header] = /^Faceplate (.*)$/.exec(headers['authorization'] ?? '') ?? [];
    const [id = '', n = '', mac] = (header ?? query ?? '').split('.');
    if (!id) return 'password-needed';
    const session = this.#sessions.get(id);
    const digest = headers['content-digest'] ?? '';
    const number = Number(n);
    if (
      !session ||
      session.used.has(number) ||
      mac !==
        hmac(session.key, `${method}\n${path}\n${n}\n${digest}`).toString('hex').slice(0, 32) ||
      !(number > Math.max(0, ...session.used) - 64)
    )
      return 'session-over';
    session.used.add(number);
    return null;
  }
}
