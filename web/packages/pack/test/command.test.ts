// `faceplate-pack` as people start it.
import { execFile } from 'node:child_process';
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test, vi } from 'vitest';
import { inspect } from '../src/packer.js';
import { SigningKey } from '../src/sign.js';
import { noise, project, write } from './project.js';

const COMMAND = fileURLToPath(new URL('../bin/faceplate-pack.js', import.meta.url));
/** The command line tool, where the tests are told it. */
const FACEPLATE = process.env['FACEPLATE'];
const SITE = {
  'package.json': '{ "version": "2.1.0" }',
  'dist/site/index.html': '<!doctype html><title>Lamp</title><script src="/app.js"></script>',
  'dist/site/app.js': 'document.title += "!";\n'.repeat(300),
  'dist/site/app.js.map': '{}',
};

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command in a folder. */
const run = (cwd: string, ...args: string[]): Promise<Ended> =>
  new Promise((done) => {
    const child = execFile(process.execPath, [COMMAND, ...args], { cwd }, (_, stdout, stderr) =>
      done({ code: child.exitCode ?? -1, stdout, stderr }),
    );
  });

const image = (root: string, path: string) => inspect(readFileSync(join(root, path)));

test('a folder becomes an image beside it, with the version of the package.json above', async () => {
  const root = project(SITE);
  const { code, stdout, stderr } = await run(root, 'dist/site');
  expect([code, stderr]).toEqual([0, '']);
  const found = image(root, 'dist/www.bin');
  expect(found.manifest?.version).toBe('2.1.0');
  expect(stdout).toContain(`version 2.1.0, build ${found.build}, sha256`);
  const page = readFileSync(join(root, 'dist/site/index.html'), 'utf8');
  expect(page).toContain(
    `<meta name="faceplate-build" content="${found.build}"><script src="/faceplate-confirm.js">`,
  );
  expect(existsSync(join(root, 'dist/site/faceplate-confirm.js'))).toBe(true);
  expect(readdirSync(join(root, 'dist')).sort()).toEqual(['site', 'www.bin']);
});

test('packing again gives the same image, and writes nothing into the folder', async () => {
  const root = project(SITE);
  await run(root, 'dist/site', '--app-version', '1');
  const { sha256 } = image(root, 'dist/www.bin');
  const { mtimeMs } = statSync(join(root, 'dist/site/index.html'));
  await run(root, 'dist/site/', '--app-version=1');
  expect(image(root, 'dist/www.bin').sha256).toBe(sha256);
  expect(statSync(join(root, 'dist/site/index.html')).mtimeMs).toBe(mtimeMs);
});

test('files stay at their places in a base, which may be the image that is replaced', async () => {
  const root = project({ ...SITE, 'dist/site/a.png': noise(9000), 'dist/site/b.png': noise(9000) });
  await run(root, 'dist/site');
  const old = image(root, 'dist/www.bin');
  expect(old.blocksFree).toBe(0);
  write(root, { 'dist/site/a.png': noise(20_000) });
  const base = ['--base', 'dist/www.bin'];
  const { code, stdout } = await run(root, 'dist/site', ...base);
  expect(code).toBe(0);
  expect(stdout).toContain('3 blocks of these left free, so that files stay where they are');
  expect(image(root, 'dist/www.bin').blocksFree).toBe(3);
  const told = await run(root, 'dist/site', ...base, '--json');
  expect(JSON.parse(told.stdout)).toMatchObject({ free_bytes: 3 * 4096 });
});

test('a base that is no image, or is not there, is refused', async () => {
  const root = project(SITE);
  const none = await run(root, 'dist/site', '--base', 'package.json');
  expect([none.code, none.stderr]).toEqual([
    1,
    'error: packing dist/site: the base: not an image: 22 bytes long, but an image is a multiple of 4096 ' +
      'bytes, and at least 8192\n',
  ]);
  const gone = await run(root, 'dist/site', '--base', 'gone.bin');
  expect(gone.code).toBe(2);
  expect(gone.stderr).toMatch(/^error: base: ENOENT.*gone\.bin/);
});

test('all that can be set is obeyed', async () => {
  const root = project(SITE);
  const args = ['-o', 'made/lamp.bin', '--app-version', 'x', '--api', '1..3', '--size', '64K'];
  const more = ['--gzip', 'never', '--exclude', '**/*.map', '--exclude', 'x/**'];
  const { code } = await run(root, 'dist/site', ...args, ...more, '--no-confirm-script');
  expect(code).toBe(0);
  const found = image(root, 'made/lamp.bin');
  expect(found.manifest).toEqual({ version: 'x', api: [1, 3] });
  expect(found.slot).toBe(64 * 1024);
  expect([...found.files.keys()].sort()).toEqual(['app.js', 'index.html']);
  expect(found.build).toMatch(/^[0-9a-f]{16}$/);
});

/** A key as OpenSSL makes it. */
function newKey(): string {
  const { privateKey } = generateKeyPairSync('ed25519');
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

test('an image is signed by a key in a file or in the environment, which nobody gets to see', async () => {
  const pem = newKey();
  const { id } = new SigningKey(pem);
  const root = project({ ...SITE, 'keys/release.pem': pem });
  vi.stubEnv('SIGNING_KEY', pem);
  const images = [];
  for (const place of ['keys/release.pem', 'env:SIGNING_KEY', join(root, 'keys/release.pem')]) {
    const args = ['dist/site', '--sequence', '7', '--sign', place];
    const { code, stdout, stderr } = await run(root, ...args);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(`version 2.1.0, sequence 7, build `);
    expect(stdout).toMatch(`…, signed by key ${id}\n`);
    expect(image(root, 'dist/www.bin')).toMatchObject({ sequence: 7, signer: id });
    images.push(image(root, 'dist/www.bin').sha256);
    const told = await run(root, ...args, '--json');
    expect(JSON.parse(told.stdout)).toMatchObject({ sequence: 7, signer: id });
    const all = [stdout, told.stdout, readFileSync(join(root, 'dist/www.bin'), 'latin1')];
    const der = createPrivateKey(pem).export({ type: 'pkcs8', format: 'der' });
    const secrets = [pem.split('\n')[1] ?? '', der.toString('latin1', 16), der.toString('hex', 16)];
    for (const text of all) for (const secret of secrets) expect(text).not.toContain(secret);
  }
  vi.unstubAllEnvs();
  expect(new Set(images).size).toBe(1);
});

test('a key in what is packed or beside it in the same folder is refused', async () => {
  const root = project({ ...SITE, 'dist/site/.key.pem': newKey() });
  const hidden = await run(root, 'dist/site', '--sign', 'dist/site/.key.pem');
  expect(hidden).toMatchObject({ code: 2, stderr: expect.stringMatching(/ is published; keep/) });
  const pem = newKey();
  write(root, { 'key.pem': pem, 'dist/site/app.js': `const key = ${JSON.stringify(pem)};` });
  const inside = await run(root, 'dist/site', '--sign', 'key.pem');
  expect(inside).toMatchObject({ code: 1 });
  expect(inside.stderr).toMatch(
    /^error: dist\/site\/app\.js: the private key that signs is in this/,
  );
  expect(inside.stderr).not.toContain(pem.split('\n')[1]);
  expect(existsSync(join(root, 'dist/www.bin'))).toBe(false);
});

test.skipIf(!FACEPLATE)('`faceplate pack` makes the same bytes', async () => {
  const root = project({ ...SITE, 'key.pem': newKey() });
  const args = [
    '--sequence',
    '7',
    '--sign',
    'key.pem',
    '--app-version',
    '1',
    '--immutable',
    '*.js',
  ];
  // The folder is stamped, which the other leaves as it is.
  expect(await run(root, 'dist/site', ...args)).toMatchObject({ code: 0 });
  const other = ['pack', 'dist/site', '-o', 'other.bin', '--stamp', ...args];
  await promisify(execFile)(FACEPLATE ?? '', other, { cwd: root });
  const bytes = (path: string) => readFileSync(join(root, path)).toString('hex');
  expect(bytes('dist/www.bin') === bytes('other.bin')).toBe(true);
});

test('files that a build names by content are marked by patterns, and odd patterns are told', async () => {
  const root = project({ ...SITE, 'dist/site/js/a-1.js': '1', 'dist/site/js/deep/b-2.js': '2' });
  const marked = () => [...(image(root, 'dist/www.bin').immutable ?? [])].sort();
  const patterns = (...all: string[]) => all.flatMap((one) => ['--immutable', one]);
  const one = await run(root, 'dist/site', ...patterns('js/*'));
  expect([one.stderr, marked()]).toEqual(['', ['js/a-1.js']]);
  expect(one.stdout).toMatch(/js\/a-1\.js .* immutable\n/);
  const two = await run(root, 'dist/site', ...patterns('js/**', '*.html', 'gone/**'));
  expect(marked()).toEqual(['js/a-1.js', 'js/deep/b-2.js']);
  expect(two.stderr).toBe(
    'warning: immutable: *.html matches index.html, which has the same name in every build: not marked\n' +
      'warning: immutable: gone/** matches no file\n',
  );
});

test('with --json the answer is JSON alone, also of what fails', async () => {
  const root = project({ ...SITE, 'dist/site/.env': 'SECRET=1' });
  const { code, stdout, stderr } = await run(root, 'dist/site', '--json');
  expect([code, stderr]).toEqual([0, '']);
  const { sha256, build } = image(root, 'dist/www.bin');
  const answer: unknown = JSON.parse(stdout);
  expect(answer).toMatchObject({ image: join(root, 'dist/www.bin'), version: '2.1.0' });
  expect(answer).toMatchObject({ sha256, build, warnings: ['left out (hidden): .env'] });
  expect(answer).toMatchObject({
    bytes: statSync(join(root, 'dist/www.bin')).size,
    files: expect.arrayContaining([
      {
        ...{ path: 'app.js', stored_as: 'app.js.gz', bytes: 6900, immutable: false },
        stored_bytes: expect.any(Number),
      },
    ]),
  });
  const failed = await run(root, 'nowhere', '--json');
  expect(failed).toMatchObject({ code: 1, stderr: '' });
  expect(JSON.parse(failed.stdout)).toMatchObject({ error: { kind: 'local' } });
  const wrong = await run(root, '--json');
  expect(JSON.parse(wrong.stdout)).toMatchObject({ error: { kind: 'usage' } });
});

test('what fails leaves the image and the folder as they were', async () => {
  const root = project(SITE);
  await run(root, 'dist/site');
  const before = readFileSync(join(root, 'dist/www.bin'));
  write(root, { 'dist/site/film.mp4': noise(50_000) });
  const page = readFileSync(join(root, 'dist/site/index.html'));
  for (const args of [
    ['--size', '32K'],
    ['--max-size', '8K'],
  ]) {
    const { code, stderr } = await run(root, 'dist/site', ...args);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^error: .*film\.mp4 \(49 KiB\)/)]);
  }
  expect(readFileSync(join(root, 'dist/www.bin')).equals(before)).toBe(true);
  expect(readFileSync(join(root, 'dist/site/index.html')).equals(page)).toBe(true);
});

test('a folder whose only page is compressed with Brotli is told so', async () => {
  const root = project({ ...SITE, 'br/index.html.br': 'x', 'br/app.js': '1' });
  const { code, stderr } = await run(root, 'br');
  const words =
    /^error: packing br: index\.html is there only as index\.html\.br, [^]* write index\.html itself\n$/;
  expect([code, stderr]).toEqual([1, expect.stringMatching(words)]);
});

test.each([
  [['gone'], 1, /^error: packing gone: there is no such folder; build the frontend first\n$/],
  [['dist'], 1, /^error: packing dist: there is no index\.html at the top; is it dist\/site\?\n$/],
  [['package.json'], 1, /^error: packing package\.json: there is no index\.html at the top/],
  [['dist/site', '-o', 'package.json'], 2, /package\.json is there, and is no frontend image/],
  [['dist/site', '-o', 'dist/site/www.bin'], 2, /is inside the folder that is packed/],
  [['dist/site', '--size', '5000'], 1, /no slot is 5000 bytes large/],
  [['dist/site', '--size', 'big'], 2, /size: "big" is no size/],
  [['dist/site', '--api', '3..1'], 2, /api: \[3,1\] is none/],
  [['dist/site', '--api', 'new'], 2, /--api new: write a number/],
  [['dist/site', '--sequence', '-1'], 2, /--sequence/],
  [['dist/site', '--sequence', '1.5'], 2, /--sequence 1\.5: write a number like 7/],
  [['dist/site', '--sequence', '4294967296'], 2, /sequence: 4294967296 is none/],
  [['dist/site', '--sign', 'gone.pem'], 2, /sign: .*gone\.pem: there is no such file/],
  [['dist/site', '--sign', 'package.json'], 2, /package\.json: not an Ed25519 private key/],
  [['dist/site', '--sign', ''], 2, /sign: write \{ key: 'PATH' \}/],
  [['dist/site', '--sign', 'env:FACEPLATE_NO_SUCH_KEY'], 2, /is not set in the environment/],
  [['dist/site', '--gzip', 'yes'], 2, /gzip: "yes" is neither/],
  [['dist/site', '--app-version', ''], 2, /version: "" is no version/],
  [[], 2, /name one folder/],
  [['dist/site', 'dist'], 2, /name one folder/],
  [['dist/site', '--fast'], 2, /--fast[^]*See faceplate-pack --help/],
])('%o ends with %i in words', async (args, status, words) => {
  const root = project(SITE);
  const { code, stdout, stderr } = await run(root, ...args);
  expect(stderr).toMatch(words);
  expect(stderr).not.toMatch(/^ {4}at /m);
  expect([code, stdout]).toEqual([status, '']);
  expect(existsSync(join(root, 'dist/www.bin'))).toBe(false);
});

test('help tells the usage, and the version is that of the package', async () => {
  expect(await run('.', '--help')).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('Usage: faceplate-pack [options] DIST'),
  });
  expect((await run('.', '-V')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});
