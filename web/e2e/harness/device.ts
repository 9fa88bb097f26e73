// A simulated device: one process of `faceplate sim` over a flash file of its own; or of another program
// that obeys the same arguments, if `FACEPLATE_DEVICE` names one.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Status } from '../../packages/update-page/src/status.js';
import { faceplate } from './command.js';
import { hashFlash, writeSlot } from './flash.js';
import { sleep, until } from './wait.js';

export type { Status };

export interface DeviceOptions {
  /** The image that the new device runs; without one it starts in recovery. */
  readonly www?: string;
  /** The image that is in its other slot, as from an earlier update. */
  readonly other?: string;
  /** How long a restart takes. */
  readonly rebootMs?: number;
  /** Hosts that lead to it besides its own names. */
  readonly hosts?: readonly string[];
  /** What else `faceplate sim` is told, at every power-on. */
  readonly args?: readonly string[];
}

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** What `faceplate sim` says when it has booted. */
const SERVES = /^http:\/\/([^/]+)\/ serves /m;
const PORT_IS_TAKEN = /address already in use/i;

export class Device {
  readonly #rebootMs: number;
  readonly #timing: 'real' | 'none';
  #process: ChildProcess | null = null;
  #address = '127.0.0.1:0';
  /** All that the device printed, over all its lives. */
  output = '';

  private constructor(
    readonly flash: string,
    rebootMs: number,
    timing: 'real' | 'none' = 'real',
    readonly args: readonly string[] = [],
  ) {
    this.#rebootMs = rebootMs;
    this.#timing = timing;
  }

  /** Makes a device and powers it on. */
  static async start(options: DeviceOptions = {}): Promise<Device> {
    const { www, other, rebootMs = 700, hosts = [], args = [] } = options;
    const more = [...hosts.flatMap((host) => ['--host', host]), ...args];
    const folder = await mkdtemp(join(tmpdir(), 'faceplate-e2e-'));
    const device = new Device(join(folder, 'flash.bin'), rebootMs, 'real', more);
    try {
      await device.powerOn(www ? ['--www', www] : []);
      if (other) {
        await device.powerOff();
        await writeSlot(device.flash, 1, await readFile(other));
        await device.powerOn();
      }
    } catch (error) {
      await device.remove();
      throw error;
    }
    return device;
  }

  /** Powers on what is in a flash file, with a flash that takes no time; for counting operations. */
  static async fast(flash: string, powerCutAfter: number): Promise<Device> {
    const device = new Device(flash, 0, 'none');
    await device.powerOn(['--power-cut-after', String(powerCutAfter)]);
    return device;
  }

  /** `http://ADDRESS`, the same over all restarts. */
  get url(): string {
    return `http://${this.#address}`;
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  /** Starts the process and waits until it serves. */
  async powerOn(args: readonly string[] = []): Promise<void> {
    if (this.#process) throw new Error('the device is on already');
    let from = this.#start(args);
    const address = await until(
      'the device serves',
      async () => {
        if (this.#hasEnded()) {
          // While it was off, a connection of the tests beside may have been given its port.
          if (!PORT_IS_TAKEN.test(this.output.slice(from))) {
            throw new Error(`the device did not start:\n${this.output}`);
          }
          await sleep(200);
          from = this.#start(args);
        }
        return SERVES.exec(this.output.slice(from))?.[1];
      },
      { every: 10 },
    );
    this.#address = address;
  }

  /** Starts the process; where what it prints begins in the output. */
  #start(args: readonly string[]): number {
    const child = spawn(
      process.env['FACEPLATE_DEVICE'] ?? faceplate(),
      [
        ...['sim', '--flash', this.flash, '--listen', this.#address],
        ...['--flash-timing', this.#timing, '--reboot-ms', String(this.#rebootMs)],
        ...this.args,
        ...args,
      ],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    this.#process = child;
    const from = this.output.length;
    const note = (text: Buffer): void => {
      this.output += text.toString();
    };
    child.stdout.on('data', note);
    child.stderr.on('data', note);
    child.on('error', (error) => (this.output += `${error.message}\n`));
    child.on('exit', (code, signal) => {
      this.output += `[ended with ${code ?? signal}]\n`;
    });
    return from;
  }

  /** Takes the power away, whatever the device is doing. */
  async powerOff(): Promise<void> {
    const child = this.#process;
    if (!child) return;
    if (!this.#hasEnded()) {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    }
    this.#process = null;
  }

  /** Waits until the process ends by itself, as it does after a power cut of its own; returns its status. */
  async ended(): Promise<number | null> {
    const child = this.#process;
    if (!child) throw new Error('the device is off');
    await until('the device ends by itself', async () => this.#hasEnded(), { timeout: 60_000 });
    this.#process = null;
    return child.exitCode;
  }

  #hasEnded(): boolean {
    return this.#process?.exitCode !== null || this.#process?.signalCode !== null;
  }

  /** Takes the power away and leaves nothing behind. */
  async remove(): Promise<void> {
    await this.powerOff();
    await rm(dirname(this.flash), { recursive: true, force: true });
  }

  /** One request by a client that is no browser. */
  send(method: string, path: string, body?: Uint8Array | string, type?: string): Promise<Answer> {
    const headers: Record<string, string | number> = {};
    if (body !== undefined) headers['Content-Length'] = Buffer.byteLength(body);
    if (type) headers['Content-Type'] = type;
    return new Promise((resolve, reject) => {
      const sent = request(this.url + path, { method, headers, agent: false }, (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('error', reject);
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, body: Buffer.concat(parts).toString() }),
        );
      });
      sent.on('error', reject);
      sent.end(body);
    });
  }

  /** Its status; throws when it does not answer. */
  async status(): Promise<Status> {
    const answer = await this.send('GET', '/api/ota/status');
    return JSON.parse(answer.body) as Status;
  }

  /** Waits for a status; a device that restarts is asked again. */
  statusWhen(
    what: string,
    is: (status: Status) => boolean,
    options?: { timeout?: number; every?: number },
  ): Promise<Status> {
    return until(
      what,
      async () => {
        const status = await this.status().catch(() => null);
        return status && is(status) ? status : null;
      },
      options,
    );
  }

  /** Version of the frontend that runs. */
  async version(): Promise<string | null> {
    const status = await this.status();
    return status.slots[status.active]?.version ?? null;
  }

  /** Sends an image and waits until the device has restarted with it. */
  async update(image: Uint8Array, query = ''): Promise<Status> {
    const before = await this.status();
    const answer = await this.send(
      'POST',
      `/api/ota/frontend${query}`,
      image,
      'application/octet-stream',
    );
    if (answer.status !== 200) throw new Error(`${answer.status}: ${answer.body}`);
    return this.statusWhen(
      'the device has restarted',
      (now) => now.device.boot_id !== before.device.boot_id,
    );
  }

  /** Says that the frontend on trial works. */
  async confirm(): Promise<void> {
    const answer = await this.send('POST', '/api/ota/confirm', '{}', 'application/json');
    if (answer.status !== 200) throw new Error(`${answer.status}: ${answer.body}`);
  }

  /** What must not change when somebody tries to change something: every byte, and no restart. */
  async fingerprint(): Promise<{ boot: string; flash: string; upload: unknown }> {
    const status = await this.status();
    return {
      boot: status.device.boot_id,
      flash: await hashFlash(this.flash),
      upload: status.upload,
    };
  }
}
