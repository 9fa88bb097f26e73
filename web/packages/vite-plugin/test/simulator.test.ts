// `faceplate-deploy` against the simulated device, whose path FACEPLATE gives.
import { execFile, spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, test, vi, type TestContext } from 'vitest';
import { inspect, pack, SigningKey } from 'faceplate-pack';
import type { Status } from 'faceplate-update-page/ota';
import { cutOnce } from '../../update-page/test/cut-once.js';
import { imageOf } from './fake-device.js';

const COMMAND = fileURLToPath(new URL('../bin/faceplate-deploy.js', import.meta.url));
const FACEPLATE = process.env['FACEPLATE'];

/** What a test does when it has ended; of tests that run at once each has its own. */
type Finish = TestContext['onTestFinished'];

/** Starts a simulated device that runs `image`. */
async function simulator(
  folder: string,
  image: Uint8Array,
  onFinish: Finish,
  more: string[] = [],
): Promise<string> {
  writeFileSync(join(folder, 'old.bin'), image);
  const args = ['sim', '--flash', 'flash.bin', '--www', 'old.bin', '--listen', '127.0.0.1:0'];
  const child = spawn(FACEPLATE as string, [...args, ...more], { cwd: folder });
  onFinish(() => void child.kill());
  for await (const line of createInterface(child.stdout)) {
    const address = /http:\/\/[\d.:]+/.exec(line)?.[0];
    if (address) return address;
  }
  throw new Error('the simulator did not start');
}

function deploy(
  folder: string,
  image: Uint8Array,
  device: string,
  args: string[] = [],
  password?: string,
) {
  writeFileSync(join(folder, 'www.bin'), image);
  return new Promise<{ code: number | null; stdout: string; stderr: string }>((done) => {
    const env = {
      ...process.env,
      DEVICE: device,
      FACEPLATE_PASSWORD: password,
      XDG_CACHE_HOME: folder,
    };
    const child = execFile(
      process.execPath,
      [COMMAND, ...args],
      { cwd: folder, env },
      (_, stdout, stderr) => done({ code: child.exitCode, stdout, stderr }),
    );
  });
}

/** A lamp: a page and its script. */
const PAGE = '<script src="/assets/app-3f2a9c1b.js"></script><p>Lamp</p>';
const SCRIPT = { 'assets/app-3f2a9c1b.js': 'console.log(1);\n'.repeat(9000) };
const lamp = (version: string, script: Record<string, string> = SCRIPT) =>
  imageOf(version, { 'index.html': `${PAGE}<p>${version}</p>`, ...script }, 'confirm');

/** The same with its script in many chunks, and a statement in the middle of it. */
const script = (statement: string) => {
  const lines = Array.from({ length: 6000 }, (_, i) => `let v${i} = ${(i * i * 7919) % 9973};`);
  return {
    ...SCRIPT,
    'assets/big.js': lines.toSpliced(3000, 0, `"${statement}";`).join('\n'),
    'photo.jpg': noise(90_000),
  };
};

/** A text in which nothing repeats. */
function noise(length: number): string {
  let seed = 1;
  return Array.from({ length }, () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0; // Numerical Recipes' generator
    return String.fromCharCode(33 + ((seed >>> 24) % 94));
  }).join('');
}

/** A folder and a simulated device that runs version 1. */
async function lampAt({ onTestFinished }: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'faceplate-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const device = await simulator(folder, lamp('1'), onTestFinished);
  const { host } = new URL(device);
  const status = async () => (await fetch(`${device}/api/ota/status`)).json();
  return { folder, device, host, status };
}

// Each waits for a device of its own.
describe.skipIf(!FACEPLATE).concurrent('with a simulated device', () => {
  test('a frontend that loads is confirmed with --confirm load, one that does not is sent back', async (context) => {
    const { folder, device, host, status } = await lampAt(context);
    const first = await deploy(folder, lamp('2'), device, ['--confirm', 'load']);
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(first.stdout).toContain('runs 2 in www_1, confirmed because it loads');

    const second = await deploy(folder, lamp('3', {}), device);
    expect(second.stderr).toBe(
      `error: ${host}: went back to 2, not 3: /assets/app-3f2a9c1b.js is answered with status 404\n`,
    );
    expect(second.code).toBe(5);
    expect(await status()).toMatchObject({
      ...{ active: 1, state: 'settled', last: { outcome: 'rolled_back' } },
    });
  });

  test('of an edit, what the device does not have is sent, from its list or from what was deployed before', async (context) => {
    const { folder, device, status } = await lampAt(context);
    mkdirSync(join(folder, 'node_modules'));
    const push = async (version: string, statement: string, args: string[] = []) => {
      const image = lamp(version, script(statement));
      const all = ['--confirm', 'load', '--json', ...args];
      const { code, stdout, stderr } = await deploy(folder, image, device, all);
      expect(code, stderr).toBe(0);
      const { sha256, sent_bytes: sent } = JSON.parse(stdout) as {
        sha256: string;
        sent_bytes: number;
      };
      const { slots, active } = (await status()) as Status;
      expect(slots[active]?.sha256).toBe(sha256);
      return { part: sent / image.length, said: stderr };
    };
    const cache = join(folder, 'node_modules/.cache/faceplate');
    const first = await push('2', 'a');
    // The scripts of the first have nothing in common with it.
    expect(first.part).toBeGreaterThan(0.7);
    // Now from the image that was kept, then without it.
    const second = await push('3', 'b');
    rmSync(cache, { recursive: true });
    const third = await push('4', 'c');
    for (const { said, part } of [second, third]) {
      expect(said).toMatch(/sending \d \(.* of .*: what the device does not have\)/);
      expect(part).toBeLessThan(0.5);
    }
    expect(await push('5', 'd', ['--full'])).toMatchObject({ part: 1 });
    expect(readdirSync(cache)).toHaveLength(2);
  });

  test('a connection that breaks is followed by one that sends the rest', async (context) => {
    const { folder, device, status } = await lampAt(context);
    mkdirSync(join(folder, 'node_modules'));
    const way = await cutOnce(device, 150_000, context.onTestFinished);
    const photo = { 'photo.jpg': noise(300_000) };
    const { code, stdout, stderr } = await deploy(
      folder,
      lamp('2', { ...SCRIPT, ...photo }),
      way.base,
      [...['--confirm', 'load']],
    );
    expect(code, stderr).toBe(0);
    const lost = stdout.indexOf('the connection is lost; waiting until the device answers');
    const rest = stdout.indexOf('the connection was lost; sending the rest of 2 (');
    expect(lost).toBeGreaterThan(0);
    expect(rest).toBeGreaterThan(lost);
    expect(await status()).toMatchObject({ active: 1, state: 'settled' });
  });

  test('a frontend whose script throws is confirmed by no page, and deploying it ends with 5', async (context) => {
    const { folder, device, host, status } = await lampAt(context);
    const throws = lamp('2', { 'assets/app-3f2a9c1b.js': 'throw new Error("oops");' });
    const { code, stderr } = await deploy(folder, throws, device, ['--within', '10']);
    expect(stderr).toContain(`${host}: went back to 1, not 2: no page of it confirmed within 10 s`);
    expect(code).toBe(5);
    expect(await status()).toMatchObject({
      ...{ active: 0, state: 'settled', last: { outcome: 'fell_back', reason: 'not_confirmed' } },
    });
  });

  test('what a page confirms with the id of its build is deployed', async (context) => {
    const { folder, device, status } = await lampAt(context);
    const image = lamp('2');
    const { build } = inspect(image);
    const deployed = deploy(folder, image, device);
    await vi.waitFor(async () => expect(await status()).toMatchObject({ state: 'trial' }), 20_000);
    // As the script of a page does it; and before, that of another build.
    const confirm = async (build: string) => {
      const headers = { 'Content-Type': 'application/json' };
      const body = JSON.stringify({ build });
      return (await fetch(`${device}/api/ota/confirm`, { method: 'POST', headers, body })).status;
    };
    await vi.waitFor(async () => expect(await confirm('0123456789abcdef')).toBe(409), 5000);
    expect(await status()).toMatchObject({ state: 'trial' });
    expect(await confirm(build ?? '')).toBe(200);
    const { code, stdout } = await deployed;
    expect(code).toBe(0);
    expect(stdout).toContain('runs 2 in www_1, confirmed');
  });

  test('a device that takes signed images alone, and no step back, is told of others before they are sent', async ({
    onTestFinished,
  }) => {
    const folder = mkdtempSync(join(tmpdir(), 'faceplate-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const pair = () => generateKeyPairSync('ed25519');
    const [ours, others] = [pair(), pair()];
    writeFileSync(
      join(folder, 'pub.pem'),
      ours.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    );
    const key = ({ privateKey }: ReturnType<typeof pair>) =>
      new SigningKey(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
    const at = (version: string, sequence: number, by: SigningKey | null = key(ours)) => {
      const files = Object.entries({ 'index.html': `${PAGE}${version}`, ...SCRIPT });
      const sources = files.map(([path, text]) => ({ path, bytes: Buffer.from(text) }));
      const options = {
        size: 1 << 20,
        version,
        api: null,
        gzip: 'auto',
        stamp: 'confirm',
      } as const;
      return pack(sources, { ...options, sequence, sign: by }).image;
    };
    const strict = ['--key', 'pub.pem', '--no-step-back'];
    const device = await simulator(folder, at('1', 5), onTestFinished, strict);
    const [known, stranger] = [key(ours).id, key(others).id];
    for (const [image, words] of [
      [at('2', 6, null), `not signed.*Sign it: the device knows ${known}\\. Nothing was sent`],
      [
        at('2', 6, key(others)),
        `signed by key ${stranger}, and the device knows ${known}\\. Nothing`,
      ],
      [at('2', 4), 'Older than.*Its sequence is 4, and 5 was confirmed\\. Nothing was sent'],
    ] as const) {
      const { code, stderr } = await deploy(folder, image, device, ['--confirm', 'load']);
      expect([code, stderr]).toEqual([4, expect.stringMatching(new RegExp(words))]);
    }
    const { code } = await deploy(folder, at('2', 6), device, ['--confirm', 'load']);
    expect(code).toBe(0);
    expect(await (await fetch(`${device}/api/ota/status`)).json()).toMatchObject({
      ...{ active: 1, state: 'settled', signed_by: [known], lowest_sequence: 6 },
      slots: [{ sequence: 5 }, { sequence: 6, signer: known, api: [1, 1] }],
    });
  });

  for (const more of [[], ['--password-for-reading']]) {
    const name = ['a device with a password', ...more].join(' ');
    test(`${name} takes what comes from who knows it, and is asked before anything is sent`, async ({
      onTestFinished,
    }) => {
      const folder = mkdtempSync(join(tmpdir(), 'faceplate-'));
      onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
      const password = 'gr\u00fcner Zwerg';
      writeFileSync(join(folder, 'right'), `${password}\n`);
      const options = ['--password', password, ...more];
      const device = await simulator(folder, lamp('1'), onTestFinished, options);
      const push = (args: string[], environment?: string) =>
        deploy(folder, lamp('2'), device, ['--confirm', 'load', ...args], environment);
      for (const [args, environment, kind] of [
        [[], undefined, 'password-needed'],
        [[], '', 'password-needed'],
        [[], 'brauner Zwerg', 'wrong-password'],
        [['--header', 'Authorization: Bearer x'], password, 'password-needed'],
      ] as const) {
        const { code, stdout, stderr } = await push([...args, '--json'], environment);
        expect([code, JSON.parse(stdout)]).toMatchObject([4, { error: { kind } }]);
        expect(stdout + stderr).not.toContain('Zwerg');
      }
      // A keyboard may type it in two parts.
      const { code, stdout, stderr } = await push(['--json'], 'gru\u0308ner Zwerg');
      expect([code, JSON.parse(stdout)]).toMatchObject([0, { sent: true, slot: 'www_1' }]);
      expect(stdout + stderr).not.toMatch(/Zwerg|Faceplate [\da-f]/);
      const again = await push(['--password-file', 'right']);
      expect([again.code, again.stdout]).toEqual([0, expect.stringContaining('nothing was sent')]);
      writeFileSync(join(folder, '.env'), `FACEPLATE_PASSWORD="${password}"`);
      const third = await deploy(folder, lamp('3'), device, ['--confirm', 'load']);
      expect(third).toMatchObject({ code: 0, stderr: '' });
    });
  }

  test('a device that wants a password to be set first says so', async ({ onTestFinished }) => {
    const folder = mkdtempSync(join(tmpdir(), 'faceplate-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const device = await simulator(folder, lamp('1'), onTestFinished, ['--demand-password']);
    const { code, stderr } = await deploy(folder, lamp('2'), device, [], 'correct horse');
    expect(code).toBe(4);
    expect(stderr).toContain('it wants a password to be set first. Nothing was sent. Set one by');
  });

  test('with --confirm device the device settles by itself', async (context) => {
    const { folder, device, status } = await lampAt(context);
    const { code } = await deploy(folder, lamp('2'), device, ['--confirm', 'device']);
    expect(code).toBe(0);
    expect(await status()).toMatchObject({ active: 1, state: 'settled' });
  });
});
