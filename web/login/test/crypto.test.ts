// @vitest-environment jsdom
// Our own cryptography against Node's, and against the vectors of the standards.
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { load, type Login } from './load.js';

let login: Login;
beforeAll(async () => {
  login = await load('http://device');
});

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
/** Bytes that are not all alike. */
const some = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 73 + 11) % 256);
const utf8 = (text: string) => new TextEncoder().encode(text);

test('SHA-256 is that of FIPS 180-4, at every length around its blocks', () => {
  expect(hex(login.sha256(utf8('abc')))).toBe(
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  );
  for (let length = 0; length < 200; length++) {
    const expected = createHash('sha256').update(some(length)).digest('hex');
    expect(hex(login.sha256(some(length))), `${length}`).toBe(expected);
  }
});

test('HMAC is that of RFC 2104, with keys shorter and longer than a block', () => {
  for (const key of [0, 1, 32, 63, 64, 65, 131]) {
    for (const length of [0, 3, 55, 56, 64, 119, 120, 300]) {
      const expected = createHmac('sha256', some(key)).update(some(length)).digest('hex');
      const made = login.hmac(login.hmacKey(some(key)), some(length));
      expect(hex(made), `${key}, ${length}`).toBe(expected);
    }
  }
});

test.each([
  ['pencil', 'W22ZaJ0SNY7soEsUEjb6gQ==', 4096],
  ['', 'AAAA', 1],
  ['Grüße, 漢字 🔑', 'c2FsdCBvZiBzaXh0ZWVu', 500],
  ['x'.repeat(200), 'c2FsdA==', 77],
])('PBKDF2 of "%s" is that of RFC 8018', async (password, salt, iterations) => {
  const bytes = Uint8Array.from(Buffer.from(salt, 'base64'));
  const expected = pbkdf2Sync(password, bytes, iterations, 32, 'sha256').toString('hex');
  expect(hex(await login.stretch(password, bytes, iterations))).toBe(expected);
});

test('a letter with its accent apart is the same password', async () => {
  const salt = some(16);
  const one = await login.stretch('caf\u00e9', salt, 10);
  expect(await login.stretch('cafe\u0301', salt, 10)).toEqual(one);
});

test('all of it together gives the proofs of RFC 7677', async () => {
  const { hmac, hmacKey, sha256, stretch } = login;
  const salt = Uint8Array.from(Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64'));
  const text = utf8(
    'n=user,r=rOprNGfwEbeRWgbNEkqO,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,' +
      's=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0',
  );
  const from = hmacKey(await stretch('pencil', salt, 4096));
  const clientKey = hmac(from, utf8('Client Key'));
  const mask = hmac(hmacKey(sha256(clientKey)), text);
  const proof = clientKey.map((byte, i) => byte ^ (mask[i] as number));
  expect(Buffer.from(proof).toString('base64')).toBe(
    'dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
  );
  const server = hmac(hmacKey(hmac(from, utf8('Server Key'))), text);
  expect(Buffer.from(server).toString('base64')).toBe(
    '6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
  );
});
