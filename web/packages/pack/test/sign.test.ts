// Signed images: the same bytes as the command line tool makes, and a key that nobody gets to see.
import { generateKeyPairSync, verify, createPublicKey, createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { inspect as show } from 'node:util';
import { expect, test, vi } from 'vitest';
import { recipe } from '../src/image.js';
import { attach, inspect, pack, statement, type PackOptions } from '../src/packer.js';
import { sign, SigningKey, signingKey } from '../src/sign.js';
import { Refused } from '../src/wasm.js';
import { noise, project } from './project.js';

const text = readFileSync(
  new URL('../../../../crates/faceplate-pack/tests/vectors/signed.txt', import.meta.url),
  'utf8',
);
const VECTOR = Object.fromEntries(
  text
    .trim()
    .split('\n')
    .map((line) => [line.slice(0, 9).trim(), line.slice(10).trim()]),
) as Record<'seed' | 'public' | 'key id' | 'statement' | 'signature', string>;

/** Of 32 bytes in hex digits, as OpenSSL writes it. */
function pem(seed: string): string {
  const der = Buffer.from(`302e020100300506032b657004220420${seed}`, 'hex');
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
    .export({ type: 'pkcs8', format: 'pem' })
    .toString();
}

/** The same files and options as `vector` in crates/faceplate-pack/tests/sign.rs. */
const FILES = Object.entries({
  'index.html': '<!doctype html><title>Signed</title>',
  'assets/app-1234.js': "console.log('signed')",
}).map(([path, text]) => ({ path, bytes: Buffer.from(text) }));
const OPTIONS: PackOptions = {
  ...{ size: 1 << 20, version: '1.2.0', api: null, gzip: 'auto', stamp: 'id', sequence: 7 },
  immutable: ['assets/app-1234.js'],
};
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

test('statement, signature and key id are those of the vector', () => {
  const key = new SigningKey(pem(VECTOR.seed));
  expect(key.id).toBe(VECTOR['key id']);
  const plain = pack(FILES, OPTIONS);
  expect(hex(statement(plain.image))).toBe(VECTOR.statement);
  const expected = attach(
    plain.image,
    Buffer.from(VECTOR.public, 'hex'),
    Buffer.from(VECTOR.signature, 'hex'),
  );
  const signed = sign(plain.image, key);
  expect(hex(signed)).toBe(hex(expected));
  expect(hex(signed.subarray(0, 4096))).toContain(VECTOR['key id'] + VECTOR.signature);
  // Signing again changes nothing.
  expect(hex(sign(signed, key))).toBe(hex(signed));

  const packed = pack(FILES, { ...OPTIONS, sign: key });
  expect(hex(packed.image)).toBe(hex(signed));
  expect(packed).toMatchObject({ sequence: 7, signer: key.id, build: plain.build });
  expect(packed.blocksUsed * 4096).toBe(packed.image.length);
  const found = inspect(packed.image);
  expect(found).toMatchObject({ sequence: 7, signer: key.id, sha256: packed.sha256 });
  expect(inspect(plain.image)).toMatchObject({ sequence: 7, signer: null });
  expect([plain.signer, pack(FILES, { ...OPTIONS, sequence: 0 }).sequence]).toEqual([null, 0]);
});

test('the signature is one of its statement, by whatever key', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const key = new SigningKey(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
  const image = sign(pack(FILES, OPTIONS).image, key);
  const at = Buffer.from(image).indexOf(Buffer.from(key.id, 'hex')) + 8;
  expect(verify(null, statement(image), publicKey, image.subarray(at, at + 64))).toBe(true);
});

test('what is no image cannot be signed, and a key or a signature of another length is a mistake', () => {
  const key = new SigningKey(pem(VECTOR.seed));
  expect(() => sign(Buffer.from('PK'), key)).toThrow(Refused);
  const { image } = pack(FILES, OPTIONS);
  for (const [a, b] of [
    [31, 64],
    [32, 65],
  ] as const) {
    expect(() => attach(image, new Uint8Array(a), new Uint8Array(b))).toThrow(/do not understand/);
  }
});

const key = (type: 'rsa' | 'ec' | 'x25519' | 'ed448') => {
  const options = { modulusLength: 1024, namedCurve: 'P-256' };
  const { privateKey } = generateKeyPairSync(type as 'rsa', options);
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
};
const OTHERS = {
  RSA: [key('rsa'), /^sign: .*: not an Ed25519 private key; `faceplate keygen` makes one/],
  P256: [key('ec'), /not an Ed25519 private key/],
  X25519: [key('x25519'), /not an Ed25519 private key/],
  Ed448: [key('ed448'), /not an Ed25519 private key/],
  'a public one': [
    createPublicKey(pem(VECTOR.seed)).export({ type: 'spki', format: 'pem' }).toString(),
    /: a public key; whoever signs needs the private one$/,
  ],
  'an encrypted one': [
    createPrivateKey(pem(VECTOR.seed))
      .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' })
      .toString(),
    /: the key is encrypted; give it without a password/,
  ],
  'one without a frame': [pem(VECTOR.seed).split('\n')[1] ?? '', /not an Ed25519 private key/],
  nothing: ['', /not an Ed25519 private key|is not set/],
} as const;

test.each(Object.entries(OTHERS))(
  '%s is refused, from a file and a variable',
  async (_, [text, words]) => {
    const root = project({ 'key.pem': text });
    const body = text.split('\n')[1] || 'nothing';
    vi.stubEnv('SIGNING_KEY', text);
    for (const place of [{ key: 'key.pem' }, { env: 'SIGNING_KEY' }]) {
      const error: unknown = await recipe({ sign: place }, root).catch((error: unknown) => error);
      expect(error).toMatchObject({ name: 'OptionError', message: expect.stringMatching(words) });
      expect(show(error)).not.toContain(body);
    }
    vi.unstubAllEnvs();
  },
);

const SECRET = pem(VECTOR.seed);

test.each([
  [{ key: 'gone.pem' }, /^sign: .*gone\.pem: there is no such file$/],
  [{ key: '.' }, /: (too long for a key|cannot be read as a file)$/],
  [{ key: 'long' }, /long: too long for a key$/],
  [{ key: '' }, /write \{ key: 'PATH' \}/],
  [{ env: 'FACEPLATE_NO_SUCH_KEY' }, /^sign: FACEPLATE_NO_SUCH_KEY is not set in the environment$/],
  [{ env: 'no name' }, /write \{ key/],
  [{}, /write \{ key/],
  ['key.pem', /write \{ key/],
  [null, /write \{ key/],
  [{ key: 'key.pem', env: 'KEY' }, /write \{ key/],
  [{ key: SECRET }, /here is the key itself$/],
  [{ env: SECRET }, /here is the key itself$/],
  [{ key: SECRET.split('\n')[1] }, /here is the key itself$/],
])('the place %# is refused without a word of the key', (place, words) => {
  const root = project({ long: noise(5000), 'key.pem': SECRET });
  let error: unknown;
  try {
    signingKey(place as { key: string }, root);
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toMatchObject({ name: 'OptionError', message: expect.stringMatching(words) });
  for (const part of hidden(SECRET)) expect(show(error, { depth: 9 })).not.toContain(part);
});

/** What nobody may see of a key: its text, and its bytes as text. */
const hidden = (pem: string) => [pem.split('\n')[1]?.slice(24) ?? '', VECTOR.seed];

test('a key that is printed shows its id alone', () => {
  const key = signingKey({ key: 'key.pem' }, project({ 'key.pem': SECRET }));
  for (const shown of [show(key, { depth: 9, showHidden: true }), JSON.stringify(key), `${key}`]) {
    for (const part of hidden(SECRET)) expect(shown).not.toContain(part);
  }
  expect(JSON.parse(JSON.stringify(key))).toEqual({ id: VECTOR['key id'] });
});

test('a key is found in bytes that have it, as text or as it is', () => {
  const key = new SigningKey(SECRET);
  const seed = Buffer.from(VECTOR.seed, 'hex');
  const base64 = SECRET.split('\n')[1] ?? '';
  for (const bytes of [
    Buffer.from(SECRET),
    Buffer.from(`const key = "-----BEGIN PRIVATE KEY-----\\n${base64}\\n"`),
    Buffer.concat([Buffer.from('x'), seed, Buffer.from('x')]),
    Buffer.concat([Buffer.from('xxxx'), Buffer.from(SECRET)]).subarray(2),
  ]) {
    expect(key.isIn(bytes)).toBe(true);
  }
  const almost = Buffer.from(seed);
  almost[31] = (almost[31] ?? 0) ^ 1;
  const other = Buffer.from(pem(almost.toString('hex')));
  for (const bytes of [other, almost, Buffer.from(VECTOR.public, 'hex')]) {
    expect(key.isIn(bytes)).toBe(false);
  }
});

test('the packer takes statements and signatures, and has no way in for a private key', () => {
  const file = new URL('../dist/faceplate.wasm', import.meta.url);
  const module = new WebAssembly.Module(readFileSync(file));
  const functions = WebAssembly.Module.exports(module).filter(({ kind }) => kind === 'function');
  expect(functions.map(({ name }) => name).sort()).toEqual([
    'attach',
    'inspect',
    'pack',
    'page',
    'request',
    'response',
    'statement',
  ]);
  expect(WebAssembly.Module.imports(module)).toEqual([]);
});

test('the sequence is a whole number', async () => {
  const root = project({});
  expect((await recipe({ sequence: 2 ** 32 - 1 }, root)).pack.sequence).toBe(2 ** 32 - 1);
  for (const sequence of [-1, 1.5, 2 ** 32, NaN, '7' as unknown as number]) {
    await expect(recipe({ sequence }, root)).rejects.toThrow(
      /^sequence: .* is none; write a whole/,
    );
  }
});
