// A device in memory that does what a test says, at once; for tests of what the page shows.
import type { Device, Uploaded } from '../src/device.js';
import type { Slot, Status } from '../src/status.js';
import { block, file, image, manifest, superblock } from '../test/image-file.js';

const SLOT: Slot = {
  label: 'www_0',
  size: 1 << 20,
  used: 303_104,
  valid: true,
  version: '1.4.0',
  build: null,
  sha256: 'a'.repeat(64),
  problem: null,
};

/** What a device says when all is well. */
export const SETTLED: Status = {
  device: {
    name: 'kitchen',
    firmware: '0.1.0',
    api: 1,
    chip: 'esp32s3',
    boot_id: 'boot-0',
    uptime_ms: 65_000,
  },
  active: 0,
  state: 'settled',
  trial: null,
  last: null,
  slots: [SLOT, { ...SLOT, label: 'www_1', version: '1.3.0', sha256: 'b'.repeat(64) }],
  upload: null,
  fault: null,
};

let devices = 0;

export class FakeDevice {
  /** There is one updater for each device, by its address. */
  readonly base = `http://device-${devices++}`;
  /** What is answered; an error is thrown. */
  answer: Status | Error = SETTLED;
  /** Commands that came. */
  readonly asked: string[] = [];
  /** Ends the upload that runs. */
  finish: (result: Uploaded | Error) => void = () => undefined;

  get client(): Device {
    return this as unknown as Device;
  }

  /** Changes what is answered. */
  set(change: Partial<Status>): void {
    this.answer = { ...SETTLED, ...change };
  }

  /** What is in the other slot. */
  setOther(change: Partial<Slot>): void {
    this.set({ slots: [SLOT, { ...SLOT, ...change }] });
  }

  async status(): Promise<Status> {
    if (this.answer instanceof Error) throw this.answer;
    return this.answer;
  }

  async unlock(): Promise<void> {}

  upload(_image: Blob, { signal }: { signal?: AbortSignal } = {}): Promise<Uploaded> {
    this.asked.push('upload');
    return new Promise((resolve, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason as Error));
      this.finish = (result) => (result instanceof Error ? reject(result) : resolve(result));
    });
  }

  async confirm(): Promise<Status> {
    this.asked.push('confirm');
    this.set({});
    return this.status();
  }

  async rollback(): Promise<{ slot: number; reboot_ms: number }> {
    this.asked.push('rollback');
    return { slot: 1, reboot_ms: 500 };
  }
}

/** An image with this version, as it is chosen; of two blocks and some more. */
export function imageFile(version: string, more = 2): File {
  const first = block(1, [[...superblock(), manifest(version), ...file]]);
  return new File([image(first, first, more)], 'www.bin');
}
