// One update from the first byte to the verdict, as a sequence of states.
import { type Device, Problem, Unreachable } from './device.js';
import { differ } from './differ.js';
import { EVERY_MS, type FollowOptions, type FollowState, type Outcome } from './follow.js';
import { type Pending, look, resume } from './follow.js';
import { refusal } from './judge.js';
import type { LastChange, Status, UploadProgress } from './status.js';
import { sleep } from './wait.js';

export {
  resume,
  type FollowOptions,
  type FollowState,
  type Outcome,
  type Pending,
} from './follow.js';

/** Where an update is. Bytes are those of the image. */
export type UpdateState =
  /** The connection broke: it goes on by itself when the device answers again. */
  | { readonly phase: 'reconnecting'; readonly total: number }
  /** Nothing of it has reached the flash yet. */
  | { readonly phase: 'sending'; readonly received: number; readonly total: number }
  | { readonly phase: 'writing'; readonly written: number; readonly total: number }
  | { readonly phase: 'checking' | 'switching'; readonly total: number }
  | FollowState;

/** How an image is sent. */
export interface Sent {
  /** What goes over the network. */
  readonly bytes: number;
  /** Of the image. */
  readonly total: number;
  /**
   * - `patch`: what differs from what the device has
   * - `rest`: the same, of an upload that broke off
   * - `asked`: all of it, as it was asked for
   * - `unknown`: all of it, since the device does not tell what it has
   * - `differs`: all of it, since nearly nothing is the same
   * - `refused`: all of it, since the device did not take the patch
   */
  readonly how: 'patch' | 'rest' | 'asked' | 'unknown' | 'differs' | 'refused';
}

export interface UpdateOptions extends Omit<FollowOptions, 'onState'> {
  /** Seconds from the restart until the new frontend must be confirmed; 10 to 3600. Default 300. */
  readonly within?: number;
  /** Sends all of the image, where by itself it sends what differs from what the device has. */
  readonly full?: boolean;
  /**
   * Makes a patch of what the device runs, which is asked for by its SHA-256, where the caller has it. Without, or
   * where it gives null, the device is asked for the chunks.
   */
  readonly patchFrom?: (sha256: string) => Promise<Blob | null>;
  /** SHA-256 of the image in hex, where it is known. */
  readonly sha256?: string;
  /** Called with every change of state. */
  readonly onState?: (state: UpdateState) => void;
  /** Called before each time that something is sent. */
  readonly onSend?: (sent: Sent) => void;
  /** Called when the device has accepted the image: what `resume` needs after a reload of the page. */
  readonly onPending?: (pending: Pending) => void;
  /**
   * Aborting breaks the upload off. What is already on its way may be all of it: then the device
   * takes the image all the same, and goes back by itself since nobody confirms it.
   */
  readonly signal?: AbortSignal;
  /** Milliseconds without any progress after which an upload is given up; default 20 000. */
  readonly stallLimitMs?: number;
  /** Milliseconds that a device may be silent whose upload broke off and can go on; default 60 000. */
  readonly reconnectLimitMs?: number;
}

/** What a phone needs that was put away, or has to find its network again. */
const WITHIN = 300;
/** The worst erase of a chip takes 2 s, reading a slot back less than one; the rest is patience. */
const STALL_LIMIT_MS = 20_000;
/** A phone may need a minute to find its Wi-Fi again. */
const RECONNECT_LIMIT_MS = 60_000;
/** An upload that breaks off so often goes on; where that is not enough, somebody has to go closer. */
const GOES_ON = 5;
/** A patch that is nearly as long saves nothing: the device has more work with it. */
const WORTH = 0.9;
/**
 * What was sent of a cancelled upload still arrives from the buffers on the way, and until then the
 * device is busy; where it is not told of the end, it waits for 15 s.
 */
const CANCEL_LIMIT_MS = 20_000;
/** Devices to which an upload was broken off: being busy, they are so with that one. */
const broken = new WeakSet<Device>();

/**
 * Uploads an image, or what of it the device does not have, and follows it until the device has settled. What
 * the network breaks off goes on where it was, if the device can do that.
 *
 * Throws a `Problem` where the device refuses, `Unreachable` where it is lost, and the signal's
 * reason where it was aborted. A fallback is no error: it is an outcome.
 */
export async function update(
  device: Device,
  image: Blob,
  options: UpdateOptions = {},
): Promise<Outcome> {
  const { signal } = options;
  const ask = signal ? { signal } : {};
  let before = await device.status(ask);
  const until = Date.now() + CANCEL_LIMIT_MS;
  while (broken.has(device) && before.upload && Date.now() < until) {
    await sleep(options.everyMs ?? EVERY_MS, signal);
    before = await device.status(ask);
  }
  broken.delete(device);
  const refused = refusal({ bytes: image.size }, before);
  if (refused) throw refused;
  await device.unlock();

  const tell = forwards(options.onState);
  tell({ phase: 'sending', received: 0, total: image.size });
  const pending = await new Sending(device, image, tell, options).through(before);
  options.onPending?.(pending);
  return resume(device, pending, { ...options, onState: tell });
}

/** An image on its way, by one upload or more. */
class Sending {
  readonly #device: Device;
  readonly #image: Blob;
  readonly #tell: (state: UpdateState) => void;
  readonly #options: UpdateOptions;
  /** Why all of it is sent. */
  #full: 'asked' | 'refused' | null;
  /** What is on its way is a patch. */
  #patch = false;
  /** The device tells what it has: what breaks off can go on. */
  #goesOn = false;
  /** How often it did. */
  #times = 0;
  /** What was seen of the upload that runs. */
  #seen: UploadProgress | null = null;

  constructor(
    device: Device,
    image: Blob,
    tell: (state: UpdateState) => void,
    options: UpdateOptions,
  ) {
    this.#device = device;
    this.#image = image;
    this.#tell = tell;
    this.#options = options;
    this.#full = options.full ? 'asked' : null;
  }

  /** Sends until the device has all of it. */
  async through(before: Status): Promise<Pending> {
    const { signal } = this.#options;
    const total = this.#image.size;
    for (let now = before; ;) {
      try {
        return await this.#send(now);
      } catch (error) {
        signal?.throwIfAborted();
        if (this.#patch && isRefused(error)) this.#full = 'refused';
        else {
          const lost = error instanceof Unreachable && error.kind === 'lost';
          const status = lost && this.#mayGoOn() ? await look(this.#device, signal) : null;
          // It may still be busy with what broke off: then the person decides.
          if (!status || refusal({ bytes: total }, status)) throw error;
          this.#times++;
          this.#tell({ phase: 'reconnecting', total });
          this.#tell({ phase: 'sending', received: 0, total });
          now = status;
        }
      }
    }
  }

  /** Whether what breaks off now can go on: the device had begun with it, and tells what it has. */
  #mayGoOn(): boolean {
    return this.#goesOn && !!this.#seen && this.#times < GOES_ON;
  }

  /** Uploads while watching what the device makes of it. */
  async #send(before: Status): Promise<Pending> {
    const { signal, everyMs = EVERY_MS, stallLimitMs = STALL_LIMIT_MS } = this.#options;
    const { within = WITHIN, onLook } = this.#options;
    const device = this.#device;
    const total = this.#image.size;
    // Ends the upload: by the caller, or because it leads nowhere.
    const stop = new AbortController();
    // Ends the watching, with the upload.
    const over = new AbortController();
    const abort = () => stop.abort(signal?.reason);
    signal?.addEventListener('abort', abort);
    this.#seen = null;
    let sign = Date.now();

    const watch = async () => {
      while (Date.now() - sign < stallLimitMs) {
        await sleep(everyMs, over.signal);
        const status = await look(device, over.signal);
        onLook?.(status);
        // It has restarted in the middle; a connection need not notice.
        if (status && status.device.boot_id !== before.device.boot_id) break;
        const upload = status?.upload;
        if (upload?.total !== total) continue;
        if (JSON.stringify(upload) !== JSON.stringify(this.#seen)) sign = Date.now();
        this.#seen = upload;
        this.#tell(toState(upload));
      }
      stop.abort();
    };
    // Its only error is that it is over.
    watch().catch(() => undefined);
    try {
      const body = await this.#body(before, stop.signal);
      sign = Date.now();
      const { slot, sha256, version } = await device.upload(body, {
        confirm: 'client',
        within,
        patch: this.#patch,
        signal: stop.signal,
      });
      return { bootId: before.device.boot_id, slot, sha256, version, within };
    } catch (error) {
      const refused = error instanceof Problem && !this.#isSentAgain(error);
      if (!refused) broken.add(device);
      signal?.throwIfAborted();
      if (refused || (this.#patch && isRefused(error))) throw error;
      over.abort();
      const { active, last } = before;
      const bootId = before.device.boot_id;
      const onBroken = () => this.#tell({ phase: 'reconnecting', total });
      return await found(device, { bootId, active, last }, within, this.#seen, error, {
        ...this.#options,
        ...(this.#mayGoOn() && { onBroken }),
      });
    } finally {
      over.abort();
      signal?.removeEventListener('abort', abort);
    }
  }

  /** What is sent: what differs, if that is known and worth it. */
  async #body(status: Status, signal: AbortSignal): Promise<Blob> {
    const image = this.#image;
    const { sha256, onSend, patchFrom } = this.#options;
    const { valid, sha256: runs } = status.slots[status.active] ?? {};
    // What an upload has left, the device alone knows.
    const from = valid && runs && !this.#full && !this.#times;
    const made = from ? await patchFrom?.(runs) : null;
    const patch = this.#full
      ? null
      : (made ?? (await differ(this.#device, image, status, sha256, signal)));
    this.#goesOn = !!patch;
    this.#patch = !!patch && patch.size <= image.size * WORTH;
    const body = patch && this.#patch ? patch : image;
    const all = this.#full ?? (patch ? 'differs' : 'unknown');
    const how = this.#patch ? (this.#times ? 'rest' : 'patch') : all;
    onSend?.({ bytes: body.size, total: image.size, how });
    return body;
  }

  /**
   * A browser sends a request again when its connection is reset. The device is then busy with
   * the first one, or has taken it: no other update.
   */
  #isSentAgain(error: Problem): boolean {
    return !!this.#seen && error.status === 409 && error.kind !== 'other-base';
  }
}

/** Whether it is the patch that the device, or a proxy, does not take. */
const isRefused = (error: unknown) =>
  error instanceof Problem
    ? error.kind === 'other-base' ||
      error.kind === 'bad-patch' ||
      error.status === 405 ||
      error.status === 415
    : error instanceof Unreachable && error.kind === 'foreign';

/** What is to be known of a device before an upload, to find out what became of it. */
export interface Before {
  readonly bootId: string;
  readonly active: number;
  readonly last: LastChange | null;
}

/** What `found` takes besides. */
export interface FoundOptions extends UpdateOptions {
  /**
   * Called while the device is silent, or waits for more, if the upload can go on: then it may be silent for
   * `reconnectLimitMs`.
   */
  readonly onBroken?: () => void;
}

/**
 * Finds out what became of an upload whose answer did not come: it may have been taken. Throws
 * `Unreachable` where it was not, or where the device is gone, and a `Problem` where it was refused.
 */
export async function found(
  device: Device,
  before: Before,
  within: number,
  seen: UploadProgress | null,
  cause: unknown,
  options: FoundOptions,
): Promise<Pending> {
  const { signal, everyMs = EVERY_MS, stallLimitMs = STALL_LIMIT_MS, onLook, onBroken } = options;
  const { reconnectLimitMs = RECONNECT_LIMIT_MS } = options;
  const silentLimitMs = onBroken ? reconnectLimitMs : stallLimitMs;
  const { bootId } = before;
  const slot = 1 - before.active;
  let phase = seen?.phase;
  if (phase === 'restarting') return { bootId, slot, sha256: null, version: null, within };
  /** Until when it may be silent, and busy with the upload. */
  let [silent, busy] = [Date.now() + silentLimitMs, 0];
  for (; ; await sleep(everyMs, signal)) {
    const status = await look(device, signal);
    onLook?.(status);
    const now = Date.now();
    if (phase === 'writing' && (!status || status.upload)) onBroken?.();
    if (!status) {
      if (now >= silent) throw new Unreachable('gone', { cause });
      continue;
    }
    silent = now + silentLimitMs;
    busy ||= now + stallLimitMs;
    const { upload, last } = status;
    const { sha256 = null, version = null, problem } = status.slots[slot] ?? {};
    if (status.device.boot_id !== bootId) {
      // It has switched since, and perhaps back: every update leaves another `last` behind.
      if (JSON.stringify(last) === JSON.stringify(before.last)) {
        throw new Unreachable('restarted', { cause });
      }
      return { bootId, slot, sha256: null, version, within };
    }
    if (upload?.phase === 'restarting') return { bootId, slot, sha256, version, within };
    if (!upload && phase === 'checking' && problem) throw new Problem('rejected', 422, problem);
    // Without an upload it has noticed; with one it may check, or still wait for more.
    if (!upload || now >= busy) throw new Unreachable('lost', { cause });
    phase = upload.phase;
  }
}

/** What the device tells of an upload, as a phase of the whole update. */
export function toState({ phase, received, written, total }: UploadProgress): UpdateState {
  if (phase === 'writing') {
    return written ? { phase: 'writing', written, total } : { phase: 'sending', received, total };
  }
  // What the device calls restarting still waits for its answer here.
  return { phase: phase === 'checking' ? 'checking' : 'switching', total };
}

const ORDER = [
  'reconnecting',
  'sending',
  'writing',
  'checking',
  'switching',
  'restarting',
  'confirming',
] as const;

/** Passes on what is new, and nothing that would lead back, but where it begins anew. */
function forwards(onState: UpdateOptions['onState']): (state: UpdateState) => void {
  let [rank, bytes, told] = [0, -1, ''];
  return (state) => {
    const at = ORDER.indexOf(state.phase);
    const now = 'received' in state ? state.received : 'written' in state ? state.written : 0;
    const text = JSON.stringify(state);
    const back = at > 0 && (at < rank || (at === rank && now < bytes));
    if (back || text === told) return;
    [rank, bytes, told] = [at, now, text];
    onState?.(state);
  };
}
