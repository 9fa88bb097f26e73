// What differs, sent to the simulated device, whose path FACEPLATE gives: it decides.
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, test, vi, type TestContext } from 'vitest';
import { cut, readChunks } from '../src/chunks.js';
import { Device } from '../src/device.js';
import { sha256 } from '../src/sha256.js';
import { update, type Sent, type UpdateState } from '../src/update.js';
import { cutOnce } from './cut-once.js';
import { noise, type Bytes } from './images.js';

const FACEPLATE = process.env['FACEPLATE'] ?? '';

type Finish = TestContext['onTestFinished'];

/** A page, its script, and a picture that no compression makes smaller. */
const files = (version: string, script: string[]): Record<string, string | Bytes> => ({
  'index.html': `<p>${version}</p>`,
  'assets/app.js': script.join('\n'),
  'assets/photo.jpg': noise(120_000, 1),
});
/** Statements of some length, so that the script has many chunks. */
const SCRIPT = Array.from({ length: 6000 }, (_, i) => `let v${i} = ${(i * i * 7919) % 9973};`);
const EDITED = SCRIPT.toSpliced(2500, 0, 'console.log("one statement more");');

function pack(folder: string, version: string, content: Record<string, string | Bytes>): Bytes {
  const dist = join(folder, version);
  mkdirSync(join(dist, 'assets'), { recursive: true });
  for (const [name, bytes] of Object.entries(content)) writeFileSync(join(dist, name), bytes);
  const image = join(folder, `${version}.bin`);
  execFileSync(FACEPLATE, ['pack', dist, '-o', image, '--app-version', version]);
  return new Uint8Array(readFileSync(image));
}

/** A folder with images, and a simulated device that runs the first. */
async function start(onFinish: Finish, more: string[] = []) {
  const folder = mkdtempSync(join(tmpdir(), 'faceplate-'));
  onFinish(() => rmSync(folder, { recursive: true, force: true }));
  const old = pack(folder, '1', files('1', SCRIPT));
  const args = ['sim', '--flash', 'flash.bin', '--www', '1.bin', '--listen', '127.0.0.1:0'];
  const child = spawn(FACEPLATE, [...args, '--reboot-ms', '50', ...more], { cwd: folder });
  onFinish(() => void child.kill());
  for await (const line of createInterface(child.stdout)) {
    const base = /http:\/\/[\d.:]+/.exec(line)?.[0];
    if (base) return { folder, old, base, device: new Device(base) };
  }
  throw new Error('the simulator did not start');
}

/** Sends an image by the client; what it sent, and through which states it went. */
async function send(device: Device, image: Bytes, options = {}) {
  const sent: Sent[] = [];
  const states: UpdateState[] = [];
  const outcome = await update(device, new Blob([image]), {
    everyMs: 20,
    onSend: (what) => sent.push(what),
    onState: (state) => states.push(state),
    open: async () => void (await device.confirm()),
    ...options,
  });
  expect(outcome).toMatchObject({ result: 'updated' });
  const { slots, active } = await device.status();
  expect(slots[active]?.sha256).toBe(sha256(image));
  return { sent, states };
}

/** Uploads the beginning of an image and goes; ends when the device has noticed. */
async function breakOff(
  { base, device }: { base: string; device: Device },
  image: Bytes,
  at: number,
) {
  const type = { 'Content-Type': 'application/octet-stream', 'Content-Length': image.length };
  const upload = request(`${base}/api/ota/frontend`, { method: 'POST', headers: type });
  upload.on('error', () => undefined);
  upload.write(image.subarray(0, at));
  await vi.waitFor(
    async () => {
      const written = (await device.status()).upload?.written ?? 0;
      expect(written).toBeGreaterThanOrEqual(at - (at % 4096));
    },
    { timeout: 20_000 },
  );
  upload.destroy();
  await vi.waitFor(async () => expect((await device.status()).upload).toBeNull(), 20_000);
}

describe.skipIf(!FACEPLATE)('with a simulated device', { timeout: 60_000 }, () => {
  test('the chunks of an image are those that the device tells', async ({ onTestFinished }) => {
    const { device, old } = await start(onTestFinished);
    const told = readChunks(await device.chunks(0));
    expect(told?.chunks).toEqual(
      (await cut(old)).map(({ at, length, hash }) => ({ at, length, hash })),
    );
    const begun = readChunks(await device.chunks(0, 10_000));
    const first = await cut(old.slice(0, 10_000));
    expect(begun?.chunks.map(({ hash }) => hash)).toEqual(first.map(({ hash }) => hash));
    expect(new Uint8Array(await device.image())).toEqual(old);
  });

  test('of an edit, little but that is sent', async ({ onTestFinished }) => {
    const { device, folder } = await start(onTestFinished);
    const edited = pack(folder, '2', files('2', EDITED));
    const { sent } = await send(device, edited);
    expect(sent).toEqual([{ bytes: sent[0]?.bytes, total: edited.length, how: 'patch' }]);
    // The picture is there, the script compressed anew behind the edit.
    expect(sent[0]?.bytes).toBeLessThan(edited.length / 3);
    // And once more, from there.
    const back = await send(device, pack(folder, '3', files('3', SCRIPT)));
    expect(back.sent[0]?.how).toBe('patch');
  });

  test('all is sent where that is asked for, and where nothing is the same', async ({
    onTestFinished,
  }) => {
    const { device, folder } = await start(onTestFinished);
    const other = pack(folder, '2', { ...files('2', []), 'assets/photo.jpg': noise(300_000, 2) });
    const { sent } = await send(device, other);
    expect(sent).toEqual([{ bytes: other.length, total: other.length, how: 'differs' }]);
    const edited = pack(folder, '3', { ...files('3', []), 'assets/photo.jpg': noise(300_000, 2) });
    const full = await send(device, edited, { full: true });
    expect(full.sent).toEqual([{ bytes: edited.length, total: edited.length, how: 'asked' }]);
  });

  test('what an upload left that broke off is not sent again', async ({ onTestFinished }) => {
    const at = await start(onTestFinished);
    const other = pack(at.folder, '2', {
      ...files('2', []),
      'assets/photo.jpg': noise(200_000, 2),
    });
    await breakOff(at, other, 131_072);
    const { sent } = await send(at.device, other);
    expect(sent[0]?.how).toBe('patch');
    expect(sent[0]?.bytes).toBeLessThan(other.length - 131_072 + 8192);
  });

  test('a connection that breaks is followed by one that sends the rest', async ({
    onTestFinished,
  }) => {
    const { base, folder } = await start(onTestFinished);
    const other = pack(folder, '2', { ...files('2', []), 'assets/photo.jpg': noise(300_000, 2) });
    const way = await cutOnce(base, 200_000, onTestFinished);
    const { sent, states } = await send(new Device(way.base), other);
    expect(sent.map(({ how }) => how)).toEqual(['differs', 'rest']);
    expect(sent[1]?.bytes).toBeLessThan(other.length - 100_000);
    expect(way.up.filter((bytes) => bytes > 50_000)).toHaveLength(2);
    const phases = states.map(({ phase }) => phase);
    const broke = phases.indexOf('reconnecting');
    expect(phases.slice(broke, broke + 2)).toEqual(['reconnecting', 'sending']);
    expect(phases.lastIndexOf('reconnecting')).toBe(broke);
  });
});
