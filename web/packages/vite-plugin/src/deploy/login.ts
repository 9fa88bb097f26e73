// Logging in to a device that has a password, and signing what is asked of it, as the device's own login.js does:
// the password itself is never sent.
import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { Problem } from 'faceplate-update-page/ota';
import { Failure, SAY } from './failure.js';

/** Gives the password; `null`: nobody said one. */
export type Password = () => Promise<string | null>;

/** A request to the API below `/api/ota/` that nobody signs; gives its JSON. */
export type Ask = (path: string, body?: string) => Promise<Record<string, unknown>>;

/** What a device says of its password. */
interface Asked {
  readonly salt: string;
  readonly iterations: number;
  readonly nonce: string;
}

interface Session {
  readonly name: string;
  readonly key: Buffer;
  /** The last number that was used. */
  number: number;
}

/** Fewer rounds make it cheap to guess from a proof, so only a false device asks for them; no device wants more. */
const [ITERATIONS_MIN, ITERATIONS_MAX] = [4096, 1_000_000];

const hmac = (key: Buffer, ...message: (string | Buffer)[]) =>
  message.reduce((mac, part) => mac.update(part), createHmac('sha256', key)).digest();
const xor = (a: Buffer, b: Buffer) => Buffer.from(a.map((byte, at) => byte ^ (b[at] ?? 0)));

/** Who is logged in to a device, or will be. */
export class Login {
  readonly #ask: Ask;
  readonly #password: Password;
  /** The password as the device with this salt wants it. */
  #kept: { readonly salt: string; readonly iterations: number; readonly stretched: Buffer } | null =
    null;
  #session: Session | null = null;
  /** By it the device knows us again, also while others guess. */
  #ticket: { readonly id: string; readonly key: Buffer } | null = null;
  /** One login at a time; who comes meanwhile waits for it. */
  #running: Promise<boolean> | null = null;
  /** The password is another one, or nobody knows it: it is not tried again. */
  #gaveUp = false;

  constructor(ask: Ask, password: Password) {
    this.#ask = ask;
    this.#password = password;
  }

  /** The value of `Authorization` for a request; `null` where nobody is logged in. */
  sign(method: string, target: string, digest: string): string | null {
    const session = this.#session;
    if (!session) return null;
    const { name, key } = session;
    const number = ++session.number;
    const mac = hmac(key, `${method}\n${target}\n${number}\n${digest}`).toString('hex');
    return `Faceplate ${name}.${number}.${mac.slice(0, 32)}`;
  }

  /** Logs in to a device that has a password, before there is anything to be sent in vain. */
  async ready(): Promise<void> {
    const asked = await this.#ask('login').catch(() => null);
    // Without a password, or no device; what follows finds out.
    if (typeof asked?.['set'] !== 'boolean') return;
    if (!asked['set']) throw wanted('password-unset', 'it wants a password to be set first');
    if (!(await this.again(null))) throw wanted('password-needed', 'it wants its password');
  }

  /** Logs in where what was `sent` was not enough; `false` where there is no password to do it with. */
  again(sent: string | null): Promise<boolean> {
    const name = this.#session?.name;
    // Somebody else here has done so meanwhile.
    if (name && sent && !sent.startsWith(`Faceplate ${name}.`)) return Promise.resolve(true);
    return (this.#running ??= this.#logIn().finally(() => (this.#running = null)));
  }

  async #logIn(): Promise<boolean> {
    this.#session = null;
    if (this.#gaveUp) return false;
    const password = await this.#password();
    if (password === null) {
      this.#gaveUp = true;
      return false;
    }
    for (let tries = 1; ; tries++) {
      try {
        this.#session = await this.#exchange(password);
        return true;
      } catch (error) {
        const kind = error instanceof Problem ? error.kind : '';
        if (kind === 'stale-nonce' && tries === 1) continue;
        this.#gaveUp = kind === 'wrong-password';
        throw error;
      }
    }
  }

  /** Proves to the device that the password is known, and has it prove the same. */
  async #exchange(password: string): Promise<Session> {
    const { salt, iterations, nonce } = toAsked(await this.#ask('login'));
    if (this.#kept?.salt !== salt || this.#kept.iterations !== iterations) {
      const bytes = Buffer.from(salt, 'base64');
      const stretched = await promisify(pbkdf2)(password, bytes, iterations, 32, 'sha256');
      this.#kept = { salt, iterations, stretched };
    }
    const { stretched } = this.#kept;
    const client = randomBytes(16).toString('hex');
    const both = `r=${client}${nonce}`;
    const message = `n=,r=${client},${both},s=${salt},i=${iterations},c=biws,${both}`;
    const clientKey = hmac(stretched, 'Client Key');
    const storedKey = createHash('sha256').update(clientKey).digest();
    const mask = hmac(storedKey, message);
    const proof = xor(clientKey, mask);
    const { id, key: own } = this.#ticket ?? {};
    const ticket = own && `${id}.${hmac(own, proof, message).toString('hex').slice(0, 32)}`;
    const said = await this.#ask(
      'login',
      JSON.stringify({ nonce, client, proof: proof.toString('base64'), ticket }),
    );
    const [name, theirs, given] = [said['session'], said['proof'], said['ticket']];
    if (typeof name !== 'string' || typeof theirs !== 'string') throw impostor();
    const [known, found] = [
      hmac(hmac(stretched, 'Server Key'), message),
      Buffer.from(theirs, 'base64'),
    ];
    if (known.length !== found.length || !timingSafeEqual(known, found)) throw impostor();
    const key = hmac(storedKey, 'faceplate session', clientKey, message);
    if (typeof given === 'string') {
      const ticketKey = xor(Buffer.from(given, 'base64'), hmac(key, 'faceplate ticket'));
      this.#ticket = { id: name, key: ticketKey };
    }
    return { name, key, number: 0 };
  }
}

/** What is asked for, if an honest device would. */
function toAsked({ salt, iterations, nonce }: Record<string, unknown>): Asked {
  if (
    typeof salt !== 'string' ||
    Buffer.from(salt, 'base64').length !== 16 ||
    typeof nonce !== 'string' ||
    !/^[!-+\--~]{1,64}$/.test(nonce) ||
    typeof iterations !== 'number' ||
    !(Number.isInteger(iterations) && iterations >= ITERATIONS_MIN && iterations <= ITERATIONS_MAX)
  ) {
    throw impostor();
  }
  return { salt, iterations, nonce };
}

const impostor = () =>
  new Failure(
    'impostor',
    'what answers there does not know the password: it is not the device, or somebody is between',
  );

const wanted = (problem: string, what: string) =>
  new Failure('refused', `${what}. Nothing was sent.${SAY[problem]}`, { problem });
