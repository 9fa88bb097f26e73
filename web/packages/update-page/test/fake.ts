// A device that does what a test says, on a port of its own: enough of docs/http-api.md for the client.
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Device } from '../src/device.js';
import type { LastChange, Slot, Status, Trial, UploadProgress } from '../src/status.js';

type Changing<T> = { -readonly [K in keyof T]: T[K] };

const sha = (digit: string) => digit.repeat(64);
export const OLD = { version: '1.4.0', sha256: sha('a') };
export const NEW = { version: '1.5.0', sha256: sha('b') };
export const SLOT_SIZE = 1 << 20;

function slot(index: number, content: { version: string; sha256: string }): Slot {
  const sizes = { size: SLOT_SIZE, used: 8192 };
  return { label: `www_${index}`, ...sizes, valid: true, problem: null, build: null, ...content };
}

/** The status of a settled device with the old frontend in both slots. */
export function settled(): Changing<Status> {
  return {
    device: {
      name: 'fake',
      firmware: '0.1.0',
      api: 1,
      chip: 'none',
      boot_id: 'boot-0',
      uptime_ms: 1000,
    },
    active: 0,
    state: 'settled',
    trial: null,
    last: null,
    slots: [slot(0, OLD), slot(1, OLD)],
    upload: null,
    fault: null,
  };
}

export const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

export class FakeDevice {
  status = settled();
  /** Requests that came, such as `POST /api/ota/confirm`. */
  readonly asked: string[] = [];
  /** Whether connections are cut off as soon as something is asked. */
  down = false;
  /** Milliseconds without an answer in a restart. */
  downMs = 15;
  /** Statuses that are answered at the same time at most; more than one would be impolite. */
  mostAtOnce = 0;
  /** Milliseconds that a status takes. */
  statusMs = 0;
  /** Replaces what happens with a request; `false` leaves it to the device. */
  on: (
    what: string,
    request: IncomingMessage,
    response: ServerResponse,
  ) => boolean | Promise<boolean> = () => false;

  /** Statuses that were answered. */
  #told = 0;
  readonly #server: Server;
  #boots = 0;
  #atOnce = 0;

  private constructor() {
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => response.destroy(error as Error));
    });
  }

  static async start(): Promise<FakeDevice> {
    const fake = new FakeDevice();
    await new Promise<void>((resolve) => fake.#server.listen(0, '127.0.0.1', resolve));
    return fake;
  }

  stop(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  get base(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get client(): Device {
    return new Device(this.base);
  }

  count(what: string): number {
    return this.asked.filter((asked) => asked === what).length;
  }

  problem(response: ServerResponse, status: number, kind: string, more = {}): true {
    response.writeHead(status, { 'Content-Type': 'application/problem+json' });
    const title = `title of ${kind}`;
    const detail = `detail of ${kind}`;
    response.end(JSON.stringify({ type: `/problems/${kind}`, title, status, detail, ...more }));
    return true;
  }

  progress(phase: UploadProgress['phase'], received: number, written: number, total = 8192) {
    this.status.upload = { phase, received, written, total };
  }

  /** Ends when the client has been told what is now; the first answer may have been on its way before. */
  async seen(): Promise<void> {
    const enough = this.#told + 2;
    while (this.#told < enough) await pause(1);
  }

  /** Puts the new frontend into the other slot, as an upload does. */
  take(): number {
    const to = 1 - this.status.active;
    this.status.slots = this.status.slots.map((old, i) => (i === to ? slot(to, NEW) : old));
    return to;
  }

  /** Restarts with this slot; `trial` and `last` say how it goes on. */
  async restart(active: number, last: LastChange | null, trial: Trial | null): Promise<void> {
    this.down = true;
    this.#server.closeAllConnections();
    await pause(this.downMs);
    this.#boots += 1;
    const device = { ...this.status.device, boot_id: `boot-${this.#boots}`, uptime_ms: 5 };
    const state = trial ? 'trial' : 'settled';
    this.status = { ...this.status, device, active, last, trial, state, upload: null };
    this.down = false;
  }

  /** Restarts with the frontend in the other slot, on trial. */
  restartNew(confirm: Trial['confirm'] = 'client'): Promise<void> {
    const { active } = this.status;
    const last = { outcome: 'updated', reason: null, from: active, to: 1 - active } as const;
    return this.restart(1 - active, last, { confirm, seconds_left: 60, boots_left: 2 });
  }

  /** Goes back by itself. */
  fallBack(reason: LastChange['reason'] = 'not_confirmed'): Promise<void> {
    const { active } = this.status;
    const last = { outcome: 'fell_back', reason, from: active, to: 1 - active } as const;
    return this.restart(1 - active, last, null);
  }

  settle(): void {
    this.status = { ...this.status, state: 'settled', trial: null };
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const what = `${request.method} ${request.url?.replace('/api/ota/', '').replace(/^status\?.*/, 'status')}`;
    this.asked.push(what);
    if (this.down) return void request.socket.destroy();
    if (await this.on(what, request, response)) return;
    if (what === 'GET status') {
      this.mostAtOnce = Math.max(this.mostAtOnce, ++this.#atOnce);
      if (this.statusMs) await pause(this.statusMs);
      this.#atOnce -= 1;
      response.on('close', () => (this.#told += 1));
      return this.#json(response, 200, this.status);
    }
    if (request.method === 'GET') return void this.problem(response, 404, 'not-found');
    const json = request.headers['content-type'] === 'application/json';
    if (what.startsWith('POST frontend')) {
      if (request.headers['content-type'] !== 'application/octet-stream') {
        return void this.problem(response, 415, 'media-type');
      }
      return this.#upload(request, response);
    }
    if (!json) return void this.problem(response, 415, 'media-type');
    if (what === 'POST confirm') {
      if (!this.status.trial) return void this.problem(response, 409, 'not-on-trial');
      this.settle();
      return this.#json(response, 200, this.status);
    }
    if (what === 'POST rollback') {
      const { active } = this.status;
      const last = { outcome: 'rolled_back', reason: null, from: active, to: 1 - active } as const;
      const trial = { confirm: 'device', seconds_left: 30, boots_left: 2 } as const;
      this.#json(response, 202, { slot: 1 - active, reboot_ms: 1 });
      await pause(1);
      return this.restart(1 - active, last, trial);
    }
    this.problem(response, 404, 'not-found');
  }

  #json(response: ServerResponse, status: number, body: unknown): void {
    response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
  }

  /** The body, with the pace of a device that writes. */
  async #upload(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const total = Number(request.headers['content-length']);
    let received = 0;
    this.progress('writing', 0, 0, total);
    for await (const chunk of request) received += (chunk as Buffer).length;
    this.progress('writing', received, 0, total);
    await this.seen();
    this.progress('writing', received, 4096, total);
    await this.seen();
    this.progress('checking', total, total, total);
    await this.seen();
    this.progress('switching', total, total, total);
    await this.seen();
    const to = this.take();
    this.progress('restarting', total, total, total);
    this.accept(response, to, total);
    await pause(1);
    await this.restartNew();
  }

  /** Answers that the image was taken. */
  accept(response: ServerResponse, to: number, total = 8192): void {
    this.#json(response, 200, {
      slot: to,
      bytes: total,
      sectors: { written: 2, same: 0 },
      ...NEW,
      confirm: 'client',
      reboot_ms: 1,
    });
  }
}
