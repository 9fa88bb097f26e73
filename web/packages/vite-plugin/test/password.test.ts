// Logging in to a device by its password, without one: who answers here does the device's part.
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Problem } from 'faceplate-update-page/ota';
import { Login } from '../src/deploy/login.js';
import { lineOf, passwordFrom } from '../src/deploy/password.js';

const bytes = (text: string) => new TextEncoder().encode(text);
const hmac = (key: Buffer, ...parts: (string | Buffer)[]) =>
  parts.reduce((mac, part) => mac.update(part), createHmac('sha256', key)).digest();

test.each([
  [bytes('correct horse'), 'correct horse'],
  [bytes('correct horse\n'), 'correct horse'],
  [bytes('correct horse\r\n'), 'correct horse'],
  [bytes(' with spaces \n'), ' with spaces '],
  [bytes('\ufeffWindows\r\n'), 'Windows'],
  [bytes('gru\u0308n'), 'gr\u00fcn'],
  [bytes('\ufb01n'), '\ufb01n'],
])('a file has a password in its only line: %j', (file, password) => {
  expect(lineOf(file)).toBe(password);
});

test.each([
  [bytes(''), 'there is no password in it'],
  [bytes('\n'), 'there is no password in it'],
  [bytes('a\n\n'), 'a password is one line, and here are more'],
  [bytes('a\nb'), 'a password is one line, and here are more'],
  [new Uint8Array([0x61, 0xff]), 'a password is text in UTF-8'],
])('what is no password is told: %j', (file, why) => {
  expect(() => lineOf(file)).toThrow(why);
});

test('a file that is not there, or has none, is a failure of this computer, without what is in it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'faceplate-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'file');
  expect(() => passwordFrom(file)).toThrow('no such file');
  writeFileSync(file, 'one\ntwo');
  expect(() => passwordFrom(file)).toThrow(
    expect.objectContaining({ kind: 'local', status: 1, message: expect.stringMatching(/more$/) }),
  );
});

const SALT = 'W22ZaJ0SNY7soEsUEjb6gQ==';
/** From RFC 7677, 3. */
const PASSWORD = 'pencil';

interface Habits {
  readonly iterations?: number;
  readonly salt?: string;
  readonly nonce?: string;
  /** How often it says that the nonce is old. */
  readonly stale?: number;
  /** Whether it knows the password; otherwise it says yes to all. */
  readonly knows?: boolean;
  readonly set?: boolean;
}

/** A device's part of the login; gives what came, and the keys of its sessions. */
function device(habits: Habits = {}) {
  const { iterations = 4096, salt = SALT, nonce = 'n0nce', knows = true, set = true } = habits;
  let stale = habits.stale ?? 0;
  const asked: string[] = [];
  const keys = new Map<string, Buffer>();
  const tickets: (string | undefined)[] = [];
  const ticketOf = (session: string) =>
    hmac(Buffer.from('the device’s own'), stored, Buffer.from(session, 'hex'));
  const salted = pbkdf2Sync(PASSWORD, Buffer.from(SALT, 'base64'), 4096, 32, 'sha256');
  const stored = createHash('sha256').update(hmac(salted, 'Client Key')).digest();
  const ask = (path: string, body?: string): Promise<Record<string, unknown>> => {
    asked.push(`${body === undefined ? 'GET' : 'POST'} ${path}`);
    if (body === undefined) {
      return Promise.resolve(set ? { set, salt, iterations, nonce } : { set, iterations });
    }
    if (stale-- > 0) return Promise.reject(new Problem('stale-nonce', 409));
    const { client, proof, ticket } = JSON.parse(body) as Record<string, string>;
    expect(client).toMatch(/^[\da-z]{16,32}$/i);
    const message = `n=,r=${client},r=${client}${nonce},s=${SALT},i=4096,c=biws,r=${client}${nonce}`;
    const mask = hmac(stored, message);
    const clientKey = Buffer.from(proof ?? '', 'base64').map((byte, at) => byte ^ (mask[at] ?? 0));
    const right = createHash('sha256').update(clientKey).digest().equals(stored);
    if (knows && !right) return Promise.reject(new Problem('wrong-password', 401));
    if (ticket) {
      const [of = '', mac] = ticket.split('.');
      const made = hmac(ticketOf(of), Buffer.from(proof ?? '', 'base64'), message);
      expect(mac).toBe(made.toString('hex').slice(0, 32));
    }
    tickets.push(ticket?.split('.')[0]);
    const session = String(keys.size).padStart(16, '0');
    keys.set(session, hmac(stored, 'faceplate session', Buffer.from(clientKey), message));
    const server = hmac(knows ? hmac(salted, 'Server Key') : Buffer.alloc(32), message);
    const hides = hmac(keys.get(session) as Buffer, 'faceplate ticket');
    const given = Buffer.from(ticketOf(session).map((byte, at) => byte ^ (hides[at] ?? 0)));
    const found = { session, proof: server.toString('base64'), ticket: given.toString('base64') };
    return Promise.resolve(found);
  };
  return { ask, asked, keys, tickets };
}

const login = ({ ask }: ReturnType<typeof device>, password: string | null = PASSWORD) =>
  new Login(ask, () => Promise.resolve(password));

test('who knows the password signs each request by what was never sent', async () => {
  const one = device();
  const by = login(one);
  expect(by.sign('GET', '/x', '')).toBe(null);
  await by.ready();
  expect(one.asked).toEqual(['GET login', 'GET login', 'POST login']);
  for (const number of [1, 2, 3]) {
    const signed = by.sign('POST', '/api/ota/frontend?confirm=client', 'sha-256=:x:');
    const [session, ...rest] = (signed ?? '').replace(/^Faceplate /, '').split('.');
    const key = one.keys.get(session ?? '') ?? Buffer.alloc(0);
    const mac = hmac(key, `POST\n/api/ota/frontend?confirm=client\n${number}\nsha-256=:x:`);
    expect(rest).toEqual([String(number), mac.toString('hex').slice(0, 32)]);
  }
});

test('after the session is over one login is done, however many ask for it', async () => {
  const one = device({ stale: 1 });
  const by = login(one);
  expect(await by.again(null)).toBe(true);
  const signed = by.sign('GET', '/x', '');
  const before = one.asked.length;
  expect(await Promise.all([by.again(signed), by.again(signed)])).toEqual([true, true]);
  expect(one.asked.slice(before)).toEqual(['GET login', 'POST login']);
  // By the ticket of its first login the device knows it.
  expect(one.tickets).toEqual([undefined, '0'.repeat(16)]);
  // One that was sent by the session before comes late.
  expect(await by.again(signed)).toBe(true);
  expect(one.asked.length).toBe(before + 2);
});

test('a wrong password is tried once, and none not at all', async () => {
  const one = device();
  const wrong = login(one, 'pen');
  await expect(wrong.ready()).rejects.toMatchObject({ kind: 'wrong-password' });
  expect(await wrong.again(null)).toBe(false);
  expect(one.asked.filter((line) => line === 'POST login')).toHaveLength(1);

  const other = device();
  await expect(login(other, null).ready()).rejects.toMatchObject({
    ...{ kind: 'password-needed', status: 4 },
    message: expect.stringContaining('--password-file FILE, or in FACEPLATE_PASSWORD') as string,
  });
  expect(other.asked).toEqual(['GET login']);
  await expect(login(device({ set: false })).ready()).rejects.toMatchObject({
    kind: 'password-unset',
  });
  const without = new Login(
    () => Promise.reject(new Problem('not-found', 404)),
    () => Promise.resolve(PASSWORD),
  );
  await without.ready();
});

test.each([
  ['a wrong proof', { knows: false }, 1],
  ['few rounds, that it can guess cheaply', { iterations: 4095 }, 0],
  ['rounds without end', { iterations: 1_000_001 }, 0],
  ['half a round', { iterations: 4096.5 }, 0],
  ['a short salt', { salt: 'AAAA' }, 0],
  ['a nonce that is more than one', { nonce: 'a,s=AAAA' }, 0],
  ['no nonce', { nonce: '' }, 0],
] as const)('who answers with %s is not believed', async (_, habits, proofs) => {
  const one = device(habits);
  await expect(login(one).again(null)).rejects.toMatchObject({ kind: 'impostor', status: 3 });
  expect(one.asked.filter((line) => line === 'POST login')).toHaveLength(proofs);
});
