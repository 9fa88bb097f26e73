// Builds that sign, and a key that is in nothing that they leave or tell.
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect as show } from 'node:util';
import { SigningKey, type KeyPlace } from 'faceplate-pack';
import { afterEach, expect, test, vi } from 'vitest';
import { image, isThere, run } from './builds.js';
import { project } from './project.js';

const { privateKey } = generateKeyPairSync('ed25519');
const PEM = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const { id: ID } = new SigningKey(PEM);
/** The key as text, and its bytes: as they are, and in other ways of writing them. */
const SECRETS = (() => {
  const seed = privateKey.export({ type: 'pkcs8', format: 'der' }).subarray(-32);
  const { d = '' } = createPrivateKey(PEM).export({ format: 'jwk' });
  const base64 = PEM.split('\n')[1]?.slice(24) ?? '';
  return [base64, d, seed.toString('latin1'), seed.toString('hex'), seed.toString('base64')];
})();
const APP = {
  'package.json': '{ "version": "1.4.0", "type": "module" }',
  'index.html': '<!doctype html><title>Lamp</title><script type="module" src="/main.js"></script>',
  'main.js': 'document.title += " is on";',
};

/** All that a build leaves but the project's own files, as text by its bytes. */
function left(root: string): string[] {
  const dist = join(root, 'dist');
  const entries = readdirSync(dist, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  expect(files.length).toBeGreaterThan(2);
  return [
    ...files.map(({ parentPath, name }) => join(parentPath, name)),
    join(root, 'www.bin'),
  ].map((path) => readFileSync(path, 'latin1'));
}

function expectNoKeyIn(texts: readonly string[]): void {
  for (const text of texts) {
    for (const secret of SECRETS) expect(text.includes(secret)).toBe(false);
  }
}

/** Runs a build that must fail; gives what is said, with the error and all that hangs on it. */
async function failing(root: string, sign: KeyPlace): Promise<string> {
  const error: unknown = await run(root, { sign }).catch((error: unknown) => error);
  expect(error).toBeInstanceOf(Error);
  expect(isThere(root)).toBe(false);
  expectNoKeyIn([show(error, { depth: 9, showHidden: true })]);
  return (error as Error).message;
}

afterEach(() => void vi.unstubAllEnvs());

test.each<[string, KeyPlace]>([
  ['a file in the project', { key: 'keys/release.pem' }],
  ['the environment', { env: 'SIGNING_KEY' }],
])('an image is signed by a key in %s, which is nowhere else', async (_, sign) => {
  const root = project({ ...APP, 'keys/release.pem': PEM });
  vi.stubEnv('SIGNING_KEY', PEM);
  const told: unknown[] = [];
  for (const to of [process.stdout, process.stderr]) {
    vi.spyOn(to, 'write').mockImplementation((text) => told.push(text) > 0);
  }
  const kept = await run(root, { sequence: 7, sign }, { build: { sourcemap: true } });
  vi.restoreAllMocks();
  expect(image(root)).toMatchObject({ sequence: 7, signer: ID });
  const said = [...kept.infos, ...kept.warnings, ...kept.errors];
  expect(said.join('\n')).toMatch(
    new RegExp(`version 1\\.4\\.0, sequence 7, build \\w{16}, sha256 \\w+…, signed by key ${ID}`),
  );
  expectNoKeyIn([...left(root), ...said, ...told.map(String)]);
});

test('without these options an image has neither', async () => {
  const root = project(APP);
  await run(root);
  expect(image(root)).toMatchObject({ sequence: 0, signer: null });
});

test('a key that is missing or is none fails the build in words, before anything is built', async () => {
  vi.stubEnv('SIGNING_KEY', '');
  vi.stubEnv('HALF', PEM.slice(0, -40));
  const root = project({ ...APP, 'short.pem': PEM.slice(0, 60) });
  expect(await failing(root, { key: 'gone.pem' })).toMatch(/gone\.pem: there is no such file$/m);
  expect(await failing(root, { env: 'SIGNING_KEY' })).toMatch(/SIGNING_KEY is not set in the env/);
  expect(await failing(root, { env: 'HALF' })).toMatch(/HALF: not an Ed25519 private key/);
  expect(await failing(root, { key: 'short.pem' })).toMatch(/short\.pem: not an Ed25519 private/);
  expect(await failing(root, { key: PEM })).toMatch(/here is the key itself$/m);
  expect(await failing(root, { env: PEM })).toMatch(/here is the key itself$/m);
  expect(readdirSync(root)).not.toContain('dist');
});

test('a key that would be published is refused', async () => {
  const files = { 'public/release.pem': PEM, 'dist/.release.pem': PEM };
  const root = project({ ...APP, ...files, 'main.js': 'console.log(import.meta.env.VITE_KEY);' });
  for (const key of Object.keys(files)) {
    expect(await failing(root, { key })).toMatch(/ is published; keep the key elsewhere$/m);
  }
  const copied = project({ ...APP, 'public/notes.txt': `by the way: ${PEM}`, 'key.pem': PEM });
  expect(await failing(copied, { key: 'key.pem' })).toMatch(
    /dist\/notes\.txt: the private key that/,
  );
  // What begins so is for everybody, says Vite.
  const open = project({ ...APP, 'main.js': 'console.log(import.meta.env.VITE_KEY);' });
  vi.stubEnv('VITE_KEY', PEM);
  expect(await failing(open, { env: 'VITE_KEY' })).toMatch(
    /dist\/assets\/index-.*\.js: the private key that signs is in this file/,
  );
});
