// A device in memory and a browser that takes notes, for tests with a clock of their own.
import type { Browser } from '../src/browser.js';
import { Problem, Unreachable, type Device, type Uploaded } from '../src/device.js';
import type { FrameReport } from '../src/frame.js';
import * as more from '../src/more.js';
import type { LastChange, Slot, Status, Trial } from '../src/status.js';
import { block, file, image, manifest, superblock } from './image-file.js';

export const OLD = { version: '1.4.0', build: 'a'.repeat(16), sha256: 'a'.repeat(64) };
export const NEW = { version: '1.5.0', build: '0123456789abcdef', sha256: 'b'.repeat(64) };
const OLDER = { version: '1.3.0', build: 'c'.repeat(16), sha256: 'c'.repeat(64) };

const slot = (label: string, content: typeof OLD): Slot => ({
  label,
  size: 1 << 20,
  used: 16_384,
  valid: true,
  problem: null,
  ...content,
});

export class MemoryDevice {
  readonly base = '';
  now: Status = {
    device: {
      name: 'kitchen',
      firmware: '0.1.0',
      api: 1,
      chip: 'esp32s3',
      boot_id: 'boot-0',
      uptime_ms: 1000,
    },
    active: 0,
    state: 'settled',
    trial: null,
    last: null,
    slots: [slot('www_0', OLD), slot('www_1', OLDER)],
    upload: null,
    fault: null,
  };
  down = false;
  /** Commands that came. */
  readonly asked: string[] = [];
  /** Whether the person enters the password, where it is wanted. */
  enters = true;
  /** What was sent. */
  sent: Blob | null = null;
  /** Ends the upload that runs. */
  answer: (result: Uploaded | Error) => void = () => undefined;
  #boots = 0;

  get client(): Device {
    return this as unknown as Device;
  }

  async status(): Promise<Status> {
    if (this.down) throw new Unreachable('silent');
    return this.now;
  }

  async ready(): Promise<boolean> {
    this.asked.push('ready');
    return this.enters;
  }

  async unlock(): Promise<void> {
    if (!this.enters) throw new Problem('password-needed', 401);
  }

  /** What it tells of its chunks; nothing, as firmware from before there were patches. */
  list: ArrayBuffer | null = null;
  async chunks(slot: number): Promise<ArrayBuffer> {
    if (!this.list) throw new Problem('not-found', 404);
    this.asked.push(`chunks ${slot}`);
    return this.list;
  }

  async image(): Promise<ArrayBuffer> {
    if (this.down) throw new Unreachable('silent');
    return new ArrayBuffer(16_384);
  }

  upload(image: Blob, { within, signal }: { within?: number; signal?: AbortSignal } = {}) {
    this.asked.push(`upload within ${within}`);
    this.sent = image;
    this.progress('writing', 0, image.size);
    return new Promise<Uploaded>((resolve, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason as Error));
      this.answer = (result) => (result instanceof Error ? reject(result) : resolve(result));
    });
  }

  async confirm(build?: string): Promise<Status> {
    this.asked.push(`confirm ${build ?? 'anything'}`);
    if (!this.now.trial) throw new Problem('not-on-trial', 409);
    return this.settle();
  }

  async rollback(): Promise<{ slot: number; reboot_ms: number }> {
    this.asked.push('rollback');
    const { active } = this.now;
    this.restart(
      1 - active,
      { outcome: 'rolled_back', reason: null, from: active, to: 1 - active },
      { confirm: 'device', seconds_left: 30, boots_left: 2 },
    );
    return { slot: 1 - active, reboot_ms: 500 };
  }

  progress(phase: 'writing' | 'checking' | 'restarting', written: number, total = 16_384): void {
    this.now = { ...this.now, upload: { phase, received: written, written, total } };
  }

  /** Has all of the new frontend, and says so. */
  take(): void {
    const slots = [this.now.slots[0] as Slot, slot('www_1', NEW)];
    this.now = { ...this.now, slots };
    this.progress('restarting', 16_384);
    const sectors = { written: 4, same: 0 };
    this.answer({
      slot: 1,
      bytes: 16_384,
      sectors,
      confirm: 'client',
      reboot_ms: 500,
      version: NEW.version,
      sha256: NEW.sha256,
    });
  }

  restart(active: number, last: LastChange | null, trial: Trial | null): void {
    const device = { ...this.now.device, boot_id: `boot-${++this.#boots}`, uptime_ms: 5 };
    const state = trial ? 'trial' : 'settled';
    this.now = { ...this.now, device, active, last, trial, state, upload: null };
  }

  /** Runs the new frontend on trial. */
  restartNew(confirm: Trial['confirm'] = 'client'): void {
    this.restart(
      1,
      { outcome: 'updated', reason: null, from: 0, to: 1 },
      { confirm, seconds_left: 300, boots_left: 2 },
    );
  }

  fallBack(reason: LastChange['reason'] = 'not_confirmed'): void {
    this.restart(0, { outcome: 'fell_back', reason, from: 1, to: 0 }, null);
  }

  settle(): Status {
    return (this.now = { ...this.now, state: 'settled', trial: null });
  }
}

export class NotingBrowser implements Browser {
  /** How often the frontend was opened unseen. */
  opened = 0;
  /** Whether leaving asks; whether the tab stays where it is. */
  held = 0;
  stayed = 0;
  readonly left: (string | undefined)[] = [];
  /** What the page in the frame tells. */
  inside: FrameReport | null = null;
  isUnseen = false;
  hasFailed = false;
  /** How often the part that updates was loaded, and whether it can be. */
  loads = 0;
  gone = false;
  load = async () => {
    this.loads++;
    if (this.gone) throw new TypeError('error loading dynamically imported module');
    return { ...more, frame: this.frame, hold: this.hold, save: this.save };
  };
  readonly frame = {
    home: '/',
    open: () => void this.opened++,
    close: () => undefined,
    report: () => this.inside,
    loading: () => false,
  };
  leave = (home: string | undefined) => void this.left.push(home);
  hold = () => {
    this.held++;
    return () => void this.held--;
  };
  /** What was saved, by name. */
  readonly saved: [name: string, bytes: number][] = [];
  save = (file: Blob, name: string) => void this.saved.push([name, file.size]);
  stay = () => {
    this.stayed++;
    return () => void this.stayed--;
  };
  see = (): void => undefined;
  onSeen = (seen: () => void) => {
    this.see = seen;
    return () => void (this.see = () => undefined);
  };
  unseen = () => this.isUnseen;
  failed = () => this.hasFailed;
}

/** An image with this version and the build of `NEW`. */
export function imageFile(version = NEW.version, note = ''): File {
  const first = block(1, [[...superblock(), manifest(version, [1, 2], 2), ...file]]);
  const parts = [image(first, first, 1), new Uint8Array(4096 - note.length), note];
  return new File(parts, 'www.bin');
}
