// A device on loopback that does what a test wants: takes images, restarts, serves, goes back.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import { inspect, pack, type Inspected, type SourceFile } from 'faceplate-pack';

/** What a device does after an upload. */
export type Habit =
  /** Runs the new frontend on trial, and waits; confirms it itself where it is asked to. */
  | 'trial'
  /** The same; somebody opens the new page, which confirms itself. */
  | 'is looked at'
  /** The same, and goes back when it has been asked for its status some more. */
  | 'falls back'
  /** Somebody else has confirmed before anyone asks. */
  | 'confirmed by others'
  /** Keeps the new frontend unconfirmed, since there is nothing to go back to. */
  | 'keeps it'
  /** Somebody else has sent another image as soon as this one is confirmed. */
  | 'replaced by others'
  /** Has nothing to go back to. */
  | 'has no way back'
  /** Runs on trial from the beginning. */
  | 'is on trial'
  /** The same, and confirms that itself. */
  | 'confirms itself'
  /** The same, but a person does before. */
  | 'is kept by somebody'
  | 'recovery';

export interface Fake {
  readonly address: string;
  /** `METHOD path` of what was asked for, but the status, chunks, and whether there is a password. */
  readonly requests: string[];
  /** What came to be confirmed. */
  readonly bodies: string[];
}

/** An image of `files`, called `version`. */
export function imageOf(
  version: string,
  files: Record<string, string>,
  stamp: 'none' | 'confirm' = 'none',
): Uint8Array<ArrayBuffer> {
  const sources = Object.entries(files).map(([path, text]): SourceFile => ({
    path,
    bytes: Buffer.from(text),
  }));
  return pack(sources, { size: 1 << 20, version, api: null, gzip: 'auto', stamp }).image;
}

/** How often a device on trial is asked until it goes back, or somebody has looked at it. */
const PATIENCE = 4;

export async function fakeDevice(
  running: Uint8Array<ArrayBuffer>,
  habit: Habit = 'trial',
  /** Answers in the place of the device where it returns true. */
  instead: (incoming: IncomingMessage, outgoing: ServerResponse) => boolean = () => false,
): Promise<Fake> {
  const requests: string[] = [];
  const bodies: string[] = [];
  const slots: (Inspected | null)[] = [inspect(running), null];
  const onTrial = ['is on trial', 'confirms itself', 'is kept by somebody'];
  const byItself = ['confirms itself', 'is kept by somebody'].includes(habit);
  let confirm: 'client' | 'device' = byItself ? 'device' : 'client';
  let [active, boot, asked] = [0, 1, 0];
  let state: 'settled' | 'trial' | 'recovery' = onTrial.includes(habit) ? 'trial' : 'settled';
  let last: object | null = null;

  const goBack = (why: object) => {
    [active, state, last] = [0, 'settled', why];
    boot++;
  };
  /** A device that confirms by itself does so when its time is over. */
  const left = () =>
    confirm === 'device' && habit !== 'is kept by somebody' ? PATIENCE >> 2 : 50 - (asked >> 2);
  const status = () => {
    const over = state === 'trial' && ++asked > PATIENCE;
    if (over && habit === 'falls back') {
      goBack({ outcome: 'fell_back', reason: 'not_confirmed', from: 1, to: 0 });
    } else if (over && habit === 'keeps it') {
      state = 'settled';
      last = { outcome: 'kept', reason: 'no_way_back', from: 1, to: 1 };
    } else if (over && (habit === 'is looked at' || confirm === 'device')) state = 'settled';
    return {
      device: {
        ...{ name: 'lamp', firmware: '1.0.0', api: 1, chip: 'esp32s3' },
        ...{ boot_id: `b${boot}`, uptime_ms: 1000 },
      },
      active,
      state,
      trial: state === 'trial' ? { confirm, seconds_left: left(), boots_left: 2 } : null,
      last,
      slots: slots.map((image, index) => ({
        ...{ label: `www_${index}`, size: 1 << 20, used: 8192, valid: image !== null },
        ...{ version: image?.manifest?.version ?? null, sha256: image?.sha256 ?? null },
        build: image?.build ?? null,
        problem: image ? null : 'empty',
      })),
      upload: null,
      fault: null,
    };
  };
  const upload = (image: Uint8Array) => {
    slots[1] = inspect(image);
    [active, last] = [1, { outcome: 'updated', reason: null, from: 0, to: 1 }];
    boot++;
    state =
      habit === 'recovery' ? 'recovery' : habit === 'confirmed by others' ? 'settled' : 'trial';
    const { sha256, manifest } = slots[1];
    return {
      ...{ slot: 1, bytes: image.length, sectors: { written: 2, same: 0 } },
      ...{ version: manifest?.version ?? null, sha256, confirm, reboot_ms: 1 },
    };
  };
  const file = (path: string, outgoing: ServerResponse) => {
    const name = path === '/' ? 'index.html' : decodeURIComponent(path.slice(1));
    const plain = slots[active]?.files.get(name);
    const packed = slots[active]?.files.get(`${name}.gz`);
    if (!plain && packed) outgoing.setHeader('Content-Encoding', 'gzip');
    outgoing.statusCode = plain || packed ? 200 : 404;
    outgoing.end(plain ?? packed);
  };

  const server = createServer((incoming, outgoing) => {
    const { method, url = '/' } = incoming;
    const isAsked = /^\/api\/ota\/(status|login|frontend\/chunks.*)$/.test(url);
    if (!isAsked) requests.push(`${method} ${url}`);
    if (instead(incoming, outgoing)) return;
    const json = (body: unknown) => {
      outgoing.setHeader('Content-Type', 'application/json');
      outgoing.end(JSON.stringify(body));
    };
    const refuse = (kind: string) => {
      outgoing.writeHead(409, { 'Content-Type': 'application/problem+json' });
      outgoing.end(JSON.stringify({ type: `/problems/${kind}`, title: kind, status: 409 }));
    };
    if (url === '/api/ota/status') json(status());
    else if (url === '/api/ota/confirm') {
      void buffer(incoming).then((body) => {
        const { build } = JSON.parse(body.toString()) as { build?: string };
        bodies.push(body.toString());
        if (build !== undefined && build !== slots[active]?.build) return refuse('other-build');
        state = 'settled';
        json(status());
        if (habit === 'replaced by others') slots[1] = inspect(imageOf('9', { 'index.html': '9' }));
      });
    } else if (url === '/api/ota/rollback') {
      if (habit === 'has no way back') return refuse('no-way-back');
      goBack({ outcome: 'rolled_back', reason: null, from: 1, to: 0 });
      json({ slot: 0, reboot_ms: 1 });
    } else if (url.startsWith('/api/ota/frontend/chunks')) {
      // As firmware from before there were patches.
      outgoing.writeHead(404).end();
    } else if (url.startsWith('/api/ota/frontend')) {
      confirm = url.includes('confirm=client') ? 'client' : 'device';
      void buffer(incoming).then((body) => json(upload(body)));
    } else file(url, outgoing);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, requests, bodies };
}
