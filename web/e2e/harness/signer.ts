// Somebody who signs frontends, with a key of their own.
import { readFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { attach, SigningKey } from 'faceplate-pack';
import { runFaceplate } from './command.js';
import { distPath, VERSIONS, type Frontend } from './frontends.js';

export class Signer {
  private constructor(readonly folder: string) {}

  static async create(): Promise<Signer> {
    const signer = new Signer(await mkdtemp(join(tmpdir(), 'faceplate-e2e-signer-')));
    await runFaceplate('keygen', '-o', signer.#key);
    return signer;
  }

  get #key(): string {
    return join(this.folder, 'key.pem');
  }

  /** Path of the public key. */
  get publicKey(): string {
    return join(this.folder, 'key.pub.pem');
  }

  /** What devices call the key. */
  async id(): Promise<string> {
    return new SigningKey(await readFile(this.#key, 'utf8')).id;
  }

  /** Packs a frontend and signs it; returns the path of its image. */
  async sign(name: Frontend, sequence: number): Promise<string> {
    const image = join(this.folder, `${name}-${sequence}.bin`);
    const options = ['--app-version', VERSIONS[name], '--immutable', 'assets/**'];
    const signed = ['--sequence', String(sequence), '--sign', this.#key];
    await runFaceplate('pack', distPath(name), '-o', image, ...options, ...signed);
    return image;
  }

  /** Puts something that is no signature of it into an image, as if it were one by this key. */
  async forge(image: string): Promise<string> {
    const pem = await readFile(this.publicKey, 'utf8');
    const der = Buffer.from(pem.split('\n')[1] ?? '', 'base64');
    const forged = `${image}.forged`;
    const signature = new Uint8Array(64).fill(1);
    await writeFile(forged, attach(await readFile(image), der.subarray(-32), signature));
    return forged;
  }

  remove(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }
}
