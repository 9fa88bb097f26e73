// The client of a device's API: one method for each request.
import type { Status } from './status.js';

/** A refusal of the device: problem+json (RFC 9457). */
export declare class Problem extends Error {
  /** The last part of `type`, such as `busy`, `on-trial`, `too-large`. */
  readonly kind: string;
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  /** `too-large`: bytes of a slot. */
  readonly slotSize: number | null;
}

/** No answer, or none that a device gives. */
export declare class Unreachable extends Error {}

/** What the device did with an image. */
export interface Uploaded {
  readonly slot: number;
  readonly bytes: number;
  readonly sectors: { readonly written: number; readonly same: number };
  readonly version: string | null;
  readonly sha256: string;
  readonly confirm: 'device' | 'client';
  readonly reboot_ms: number;
}

export declare class Device {
  /** `base`: such as `http://192.168.4.1`; without it the host of the page. */
  constructor(base?: string);
  /** Gives up after `timeoutMs` (default 4000). */
  status(options?: { timeoutMs?: number; signal?: AbortSignal }): Promise<Status>;
  upload(
    image: Blob,
    options?: { confirm?: 'device' | 'client'; within?: number; signal?: AbortSignal },
  ): Promise<Uploaded>;
  confirm(): Promise<Status>;
  rollback(): Promise<{ slot: number; reboot_ms: number }>;
}
