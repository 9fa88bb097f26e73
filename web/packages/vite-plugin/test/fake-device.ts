// A device on loopback that does what a test wants: takes images, restarts, serves, goes back.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import { inspect, pack, type Inspected, type SourceFile } from '../src/packer.js';

/** What a device does after an upload. */
export type Habit =
  /** Runs the new frontend on trial, and waits. */
  | 'trial'
  /** The same, and goes back when it has been asked for its status some more. */
  | 'falls back'
  /** Somebody else has confirmed before anyone asks. */
  | 'confirmed by others'
  /** Keeps the new frontend unconfirmed, since there is nothing to go back to. */
  | 'keeps it'
  /** Somebody else has sent another image as soon as this one is confirmed. */
  | 'replaced by others'
  /** Runs on trial from the beginning. */
  | 'is on trial'
  | 'recovery';

export interface Fake {
  readonly address: string;
  /** `METHOD path` of what was asked for, but the status. */
  readonly requests: string[];
}

/** An image of `files`, called `version`. */
export function imageOf(version: string, files: Record<string, string>): Uint8Array<ArrayBuffer> {
  const sources = Object.entries(files).map(([path, text]): SourceFile => ({
    path,
    bytes: Buffer.from(text),
  }));
  return pack(sources, { size: 1 << 20, version, api: null, gzip: 'auto' }).image;
}

/** How often a device on trial is asked until it goes back. */
const PATIENCE = 4;

export async function fakeDevice(
  running: Uint8Array<ArrayBuffer>,
  habit: Habit = 'trial',
  /** Answers in the place of the device where it returns true. */
  instead: (incoming: IncomingMessage, outgoing: ServerResponse) => boolean = () => false,
): Promise<Fake> {
  const requests: string[] = [];
  const slots: (Inspected | null)[] = [inspect(running), null];
  let [active, boot, asked] = [0, 1, 0];
  let state: 'settled' | 'trial' | 'recovery' = habit === 'is on trial' ? 'trial' : 'settled';
  let last: object | null = null;

  const status = () => {
    if (state === 'trial' && habit === 'falls back' && ++asked > PATIENCE) {
      [active, state] = [0, 'settled'];
      boot++;
      last = { outcome: 'fell_back', reason: 'not_confirmed', from: 1, to: 0 };
    }
    if (state === 'trial' && habit === 'keeps it' && ++asked > PATIENCE) {
      state = 'settled';
      last = { outcome: 'kept', reason: 'no_way_back', from: 1, to: 1 };
    }
    return {
      device: {
        ...{ name: 'lamp', firmware: '1.0.0', api: 1, chip: 'esp32s3' },
        ...{ boot_id: `b${boot}`, uptime_ms: 1000 },
      },
      active,
      state,
      trial: state === 'trial' ? { confirm: 'client', seconds_left: 50, boots_left: 2 } : null,
      last,
      slots: slots.map((image, index) => ({
        ...{ label: `www_${index}`, size: 1 << 20, used: 8192, valid: image !== null },
        ...{ version: image?.manifest?.version ?? null, sha256: image?.sha256 ?? null },
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
      ...{ version: manifest?.version ?? null, sha256, confirm: 'client', reboot_ms: 1 },
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
    if (url !== '/api/ota/status') requests.push(`${method} ${url}`);
    if (instead(incoming, outgoing)) return;
    const json = (body: unknown) => {
      outgoing.setHeader('Content-Type', 'application/json');
      outgoing.end(JSON.stringify(body));
    };
    if (url === '/api/ota/status') json(status());
    else if (url === '/api/ota/confirm') {
      state = 'settled';
      json(status());
      if (habit === 'replaced by others') slots[1] = inspect(imageOf('9', { 'index.html': '9' }));
    } else if (url.startsWith('/api/ota/frontend')) {
      void buffer(incoming).then((body) => json(upload(body)));
    } else file(url, outgoing);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}
