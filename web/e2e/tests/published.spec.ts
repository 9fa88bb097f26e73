// Frontends that others have published on npm: packed, brought to slots of 4 MiB, and every file comes back as it is.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { faceplate, REPOSITORY } from '../harness/command.js';
import type { Device } from '../harness/device.js';
import { expect, test } from '../harness/test.js';
import published from '../published/frontends.json' with { type: 'json' };

// Where no tool looks for sources.
const FOLDER = join(REPOSITORY, 'web/e2e/node_modules/.published');
const TABLE = join(REPOSITORY, 'partitions/16mb-4m.csv');

const exec = promisify(execFile);

/** The unpacked package, which is fetched once, and is what its lock says or nothing. */
async function fetched({ name, version, integrity }: (typeof published)[number]): Promise<string> {
  const spec = `${name}@${version}`;
  const home = join(FOLDER, spec.replace('/', '+'));
  if (existsSync(home)) return home;
  const temporary = `${home}.${process.pid}`;
  await mkdir(temporary, { recursive: true });
  try {
    const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
    await exec(npm, ['pack', spec, '--silent', '--pack-destination', temporary]);
    const [archive = ''] = await readdir(temporary);
    const bytes = await readFile(join(temporary, archive));
    const found = `sha512-${createHash('sha512').update(bytes).digest('base64')}`;
    expect(found, spec).toBe(integrity);
    await exec('tar', ['-xzf', archive], { cwd: temporary });
    await rename(join(temporary, 'package'), home);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
  return home;
}

async function below(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return files.map(({ parentPath, name }) => join(parentPath, name).slice(folder.length + 1));
}

/** A file as the device sends it, unpacked where it says that it is packed. */
async function get(device: Device, path: string): Promise<Buffer> {
  const url = `${device.url}/${path.split('/').map(encodeURIComponent).join('/')}`;
  // Without `fetch`, which unpacks by itself whatever is said.
  const { stdout } = await exec(
    'curl',
    ['--silent', '--fail', '--header', 'Accept-Encoding: gzip', '--include', url],
    { encoding: 'buffer', maxBuffer: 8 << 20 },
  );
  const end = stdout.indexOf('\r\n\r\n');
  const head = stdout.subarray(0, end).toString('latin1');
  const body = stdout.subarray(end + 4);
  return /^content-encoding: gzip$/im.test(head) ? gunzipSync(body) : body;
}

test.describe.configure({ timeout: 600_000 });

test('each is brought over the one before, and serves every file byte for byte', async ({
  startDevice,
  run,
}, info) => {
  const packages: string[] = [];
  try {
    for (const one of published) packages.push(await fetched(one));
  } catch (error) {
    // The registry is somebody else's computer; a wrong package is not.
    const { stderr } = error as { stderr?: string };
    test.skip(stderr !== undefined && /ENOTFOUND|ECONN|ETIMEDOUT|EAI_AGAIN/.test(stderr), stderr);
    throw error;
  }
  const device = await startDevice({ args: ['--partitions', TABLE] });
  for (const [at, { name, version, folder }] of published.entries()) {
    // As their makers would for a device: without what only developers need.
    const dist = info.outputPath('dist', String(at));
    const wanted = (path: string) => !/\.map$/.test(path);
    await cp(join(packages[at] ?? '', folder), dist, { recursive: true, filter: wanted });
    const image = info.outputPath(`${at}.bin`);
    const options = ['--size', '4MiB', '--app-version', version, '--stamp'];
    await exec(faceplate(), ['pack', dist, '-o', image, ...options]);
    const begin = Date.now();
    const push = run.push(image, `127.0.0.1:${device.port}`, '--confirm', 'load');
    expect(await push.ended(), push.output()).toBe(0);
    const seconds = (Date.now() - begin) / 1000;
    const status = await device.status();
    expect(status).toMatchObject({ state: 'settled' });
    expect(status.slots[status.active]).toMatchObject({ version, size: 4 << 20 });

    const all = (await below(dist)).filter((path) => !/(^|\/)\./.test(path));
    expect(all.length).toBeGreaterThan(10);
    for (const path of all) {
      const served = await get(device, path);
      // A page has the stamp in it, and is otherwise the same.
      const clean = Buffer.from(
        /\.html?$/.test(path)
          ? served.toString('latin1').replace(STAMP, '')
          : served.toString('latin1'),
        'latin1',
      );
      const want = await readFile(join(dist, path));
      expect(clean.equals(want), `${name}: ${path}`).toBe(true);
    }
    console.log(
      `${name} ${version}: ${all.length} files, image ${(await stat(image)).size} B, ` +
        `pushed and confirmed in ${seconds.toFixed(1)} s`,
    );
  }
});

/** What `--stamp` writes into a page. */
const STAMP =
  /<meta name="faceplate-build" content="[0-9a-f]{16}"><script src="[^"]*faceplate-confirm\.js"><\/script>/;
