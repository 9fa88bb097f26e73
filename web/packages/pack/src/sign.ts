// Signing images (docs/signing.md). The private key stays in Node's own crypto: the packer gets signatures alone,
// and no text that is printed has anything of the key.
import { createPrivateKey, createPublicKey, sign as signBytes, type KeyObject } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { OptionError, type KeyPlace } from './options.js';
import { attach, statement } from './packer.js';
import { isInside, real } from './place.js';

/** Longest file that is read as a key, bytes; one has about 120. */
const KEY_MAX = 4096;
/** Bytes of the private key itself, at the end of its DER form. */
const SEED = 32;
/** Where the part of a PEM text begins that is of these bytes alone. */
const SEED_IN_PEM = 24;
/** Bytes of a key's id. */
const ID = 8;

/** An Ed25519 key that signs images. What is shown of it, also by `console.log`, is its id alone. */
export class SigningKey {
  /** By which devices name it: 16 hex digits, from the public key. */
  readonly id: string;
  readonly #key: KeyObject;
  readonly #public: Uint8Array;

  /** `pem`: PKCS#8, as `faceplate keygen` and OpenSSL write it. Throws `OptionError`; `where` says whose key it is. */
  constructor(pem: string, where = 'the key') {
    let key: KeyObject | null = null;
    try {
      key = createPrivateKey({ key: pem, format: 'pem' });
    } catch {
      // What OpenSSL says of it helps nobody.
    }
    if (key?.asymmetricKeyType !== 'ed25519') throw new OptionError(`${where}: ${notOne(pem)}`);
    this.#key = key;
    const { x = '' } = createPublicKey(key).export({ format: 'jwk' });
    this.#public = Buffer.from(x, 'base64url');
    this.id = Buffer.from(this.#public.subarray(0, ID)).toString('hex');
  }

  /** Signs an image, in place of a signature that it has; the same bytes each time. Throws `Refused`. */
  sign(image: Uint8Array): Uint8Array<ArrayBuffer> {
    return attach(image, this.#public, signBytes(null, statement(image), this.#key));
  }

  /** Whether bytes have the private key in them, as PEM has it or as it is. */
  isIn(bytes: Uint8Array): boolean {
    const der = this.#key.export({ type: 'pkcs8', format: 'der' });
    const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    return (
      all.includes(der.toString('base64').slice(SEED_IN_PEM)) || all.includes(der.subarray(-SEED))
    );
  }
}

/** Why a text is no key that signs. */
function notOne(text: string): string {
  if (text.includes('BEGIN ENCRYPTED PRIVATE KEY')) {
    return (
      'the key is encrypted; give it without a password, for example from `openssl pkey -in KEY` by a ' +
      'variable of the environment'
    );
  }
  if (text.includes('BEGIN PUBLIC KEY')) return 'a public key; whoever signs needs the private one';
  return (
    'not an Ed25519 private key; `faceplate keygen` makes one, and so does ' +
    '`openssl genpkey -algorithm ed25519`'
  );
}

/** Signs an image, in place of a signature that it has; throws `Refused` when it is none that can be signed. */
export const sign = (image: Uint8Array, key: SigningKey): Uint8Array<ArrayBuffer> =>
  key.sign(image);

/** Reads the key that the option `sign` names, a file from `root` on; throws `OptionError`. */
export function signingKey(place: KeyPlace, root: string): SigningKey {
  const file = keyFile(place, root);
  if (file === null) {
    const { env } = place as { readonly env: string };
    const text = process.env[env];
    if (!text) throw new OptionError(`sign: ${env} is not set in the environment`);
    return new SigningKey(text, `sign: ${env}`);
  }
  const where = `sign: ${file}`;
  let text: string;
  try {
    if (statSync(file).size > KEY_MAX) throw new OptionError(`${where}: too long for a key`);
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof OptionError) throw error;
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new OptionError(
      missing ? `${where}: there is no such file` : `${where}: cannot be read as a file`,
    );
  }
  return new SigningKey(text, where);
}

/** Refuses a key that is in one of these folders, since what is there is published. */
export function refusePublic(place: KeyPlace, root: string, folders: readonly string[]): void {
  const file = keyFile(place, root);
  const folder = file !== null && folders.find((one) => isInside(real(file), real(one)));
  if (!folder) return;
  throw new OptionError(
    `sign: ${file} is in ${folder}, and what is there is published; keep the key elsewhere`,
  );
}

/** The file with the key; `null` where it is in the environment. Throws `OptionError`. */
function keyFile(place: KeyPlace, root: string): string | null {
  const { key, env } = (place ?? {}) as { readonly key?: unknown; readonly env?: unknown };
  // Nothing of what was written is repeated: it may be the key.
  const wrong = "sign: write { key: 'PATH' }, or { env: 'NAME' } for a variable of the environment";
  if ((key === undefined) === (env === undefined)) throw new OptionError(wrong);
  const named = key ?? env;
  if (typeof named !== 'string' || named === '') throw new OptionError(wrong);
  if (/PRIVATE KEY|\n|BQYDK2Vw/.test(named)) {
    // As its text begins, in PEM or without its frame.
    throw new OptionError(`${wrong}; here is the key itself`);
  }
  if (key === undefined) {
    if (!/^\w+$/.test(named)) throw new OptionError(wrong);
    return null;
  }
  return resolve(root, named);
}
