// `faceplate-deploy` against the simulated device, whose path FACEPLATE gives.
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { imageOf } from './fake-device.js';

const COMMAND = fileURLToPath(new URL('../bin/faceplate-deploy.js', import.meta.url));
const FACEPLATE = process.env['FACEPLATE'];

/** Starts a simulated device that runs `image`. */
async function simulator(folder: string, image: Uint8Array): Promise<string> {
  writeFileSync(join(folder, 'old.bin'), image);
  const args = ['sim', '--flash', 'flash.bin', '--www', 'old.bin', '--listen', '127.0.0.1:0'];
  const child = spawn(FACEPLATE as string, args, { cwd: folder });
  onTestFinished(() => void child.kill());
  for await (const line of createInterface(child.stdout)) {
    const address = /http:\/\/[\d.:]+/.exec(line)?.[0];
    if (address) return address;
  }
  throw new Error('the simulator did not start');
}

function deploy(folder: string, image: Uint8Array, device: string, args: string[] = []) {
  writeFileSync(join(folder, 'www.bin'), image);
  return new Promise<{ code: number | null; stdout: string; stderr: string }>((done) => {
    const env = { ...process.env, DEVICE: device };
    const child = execFile(
      process.execPath,
      [COMMAND, ...args],
      { cwd: folder, env },
      (_, stdout, stderr) => done({ code: child.exitCode, stdout, stderr }),
    );
  });
}

test.skipIf(!FACEPLATE)(
  'a good frontend is confirmed by a simulated device, a broken one is taken back',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'faceplate-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const page = '<script src="/assets/app-3f2a9c1b.js"></script><p>Lamp</p>';
    const script = { 'assets/app-3f2a9c1b.js': 'console.log(1);\n'.repeat(9000) };
    const device = await simulator(folder, imageOf('1', { 'index.html': page, ...script }));

    const good = imageOf('2', { 'index.html': `${page}<p>2</p>`, ...script });
    const first = await deploy(folder, good, device);
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(first.stdout).toContain('runs 2 in www_1, confirmed');

    const broken = imageOf('3', { 'index.html': page });
    const second = await deploy(folder, broken, device, ['--within', '10']);
    expect(second.stderr).toBe(
      `error: ${new URL(device).host}: went back to 2, not 3: ` +
        '/assets/app-3f2a9c1b.js is answered with status 404\n',
    );
    expect(second.code).toBe(1);
    const status = await (await fetch(`${device}/api/ota/status`)).json();
    expect(status).toMatchObject({ active: 1, state: 'settled', last: { outcome: 'fell_back' } });
  },
);
