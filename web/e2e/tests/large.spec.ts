// Frontends of 3.9 MB in slots of 4 MiB, with the time that flash takes: whoever waits for the device, waits
// long enough for so much to be erased, written, read back, and checked when it starts.
import { randomBytes } from 'node:crypto';
import { open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { REPOSITORY } from '../harness/command.js';
import type { Device } from '../harness/device.js';
import { slotOffset } from '../harness/flash.js';
import { distPath } from '../harness/frontends.js';
import { page as html, type Site } from '../harness/sites.js';
import { expect, test } from '../harness/test.js';
import { UpdatePage } from '../harness/update-page.js';

const TABLE = 'partitions/16mb-4m.csv';
const ARGS = ['--partitions', REPOSITORY + TABLE];
const SLOT = ['--size', '4MiB'];

/** A recording that does not compress, other bytes in each. */
const LONG = 3_850_000;
const site = (version: string, files: Site['files'] = {}): Site => ({
  version,
  files: { 'index.html': html(version), 'talk.mp3': randomBytes(LONG), ...files },
});

/** Erasing a whole slot and programming it takes 23 s; each of these tests does that twice at least. */
test.describe.configure({ timeout: 240_000 });

/** How long something took, for whoever looks at what the tests say. */
async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
  const begin = Date.now();
  const done = await work();
  console.log(`${what}: ${((Date.now() - begin) / 1000).toFixed(1)} s`);
  return done;
}

/** Changes one of the last bytes that a slot's image has, while the device is off. */
async function damage(device: Device, slot: 0 | 1, used: number): Promise<void> {
  const file = await open(device.flash, 'r+');
  const at = (await slotOffset(slot, TABLE)) + used - 10_000;
  await file.write(Buffer.alloc(64, 0x5a), 0, 64, at);
  await file.close();
}

test('`push`, `faceplate-deploy`, the way back, and a start with a frontend that is broken at its end', async ({
  startDevice,
  pack,
  run,
}) => {
  const device = await startDevice({ www: await pack(site('1'), ...SLOT), args: ARGS });
  const target = `127.0.0.1:${device.port}`;
  const LOAD = ['--confirm', 'load'];

  await timed('push into the empty slot', async () => {
    const push = run.push(await pack(site('2'), ...SLOT), target, ...LOAD);
    expect(await push.ended(), push.output()).toBe(0);
  });
  await timed('faceplate-deploy over the older frontend', async () => {
    const deploy = run.deploy(await pack(site('3'), ...SLOT), '--device', target, ...LOAD);
    expect(await deploy.ended(), deploy.output()).toBe(0);
  });
  await timed('push over the older frontend', async () => {
    const push = run.push(await pack(site('4'), ...SLOT), target, ...LOAD);
    expect(await push.ended(), push.output()).toBe(0);
  });
  const status = await device.status();
  expect(status).toMatchObject({ active: 1, state: 'settled' });
  expect(status.slots.map(({ used }) => used > LONG)).toEqual([true, true]);

  await timed('rollback', async () => {
    const back = run.faceplate('rollback', target);
    expect(await back.ended(), back.output()).toBe(0);
  });
  expect(await device.version()).toBe('3');

  // Both slots are read to their end before the first answer.
  await device.powerOff();
  await damage(device, 0, status.slots[0]?.used ?? 0);
  await timed('start with the other frontend', () => device.powerOn());
  const after = await device.status();
  expect(after).toMatchObject({
    active: 1,
    last: { outcome: 'fell_back', reason: 'did_not_mount', from: 0, to: 1 },
  });
  await device.powerOff();
  await damage(device, 1, after.slots[1]?.used ?? 0);
  await timed('start with the recovery page', () => device.powerOn());
  expect((await device.status()).state).toBe('recovery');
  await timed('push in recovery', async () => {
    const push = run.push(await pack(site('5'), ...SLOT), target, ...LOAD);
    expect(await push.ended(), push.output()).toBe(0);
  });
});

test('the Update page', async ({ page, startDevice, pack }) => {
  const device = await startDevice({ www: await pack(site('1'), ...SLOT), args: ARGS });
  const app = await filesBelow(distPath('new'));
  const over = async (version: string) => {
    const image = await pack(site(version, app), ...SLOT);
    await device.update(await readFile(image));
    await device.confirm();
  };
  await over('2');
  await over('3');
  const update = await UpdatePage.open(page, device);
  await update.file.setInputFiles(await pack(site('4', app), ...SLOT));
  await timed('the Update page over the older frontend', async () => {
    await update.install.click();
    await expect(update.says('Updated to 4')).toBeVisible({ timeout: 120_000 });
  });
  expect(await device.status()).toMatchObject({ active: 1, state: 'settled' });
});

async function filesBelow(folder: string): Promise<Record<string, Buffer>> {
  const files: Record<string, Buffer> = {};
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    files[path.slice(folder.length + 1)] = await readFile(path);
  }
  return files;
}
