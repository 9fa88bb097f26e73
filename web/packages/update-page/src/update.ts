// One update from the first byte to the verdict, as a sequence of states.
import { type Device, Problem, Unreachable } from './device.js';
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
  /** Nothing of it has reached the flash yet. */
  | { readonly phase: 'sending'; readonly received: number; readonly total: number }
  | { readonly phase: 'writing'; readonly written: number; readonly total: number }
  | { readonly phase: 'checking' | 'switching'; readonly total: number }
  | FollowState;

export interface UpdateOptions extends Omit<FollowOptions, 'onState'> {
  /** Seconds from the restart until the new frontend must be confirmed; 10 to 3600. Default 300. */
  readonly within?: number;
  /** Called with every change of state. */
  readonly onState?: (state: UpdateState) => void;
  /** Called when the device has accepted the image: what `resume` needs after a reload of the page. */
  readonly onPending?: (pending: Pending) => void;
  /**
   * Aborting breaks the upload off. What is already on its way may be all of it: then the device
   * takes the image all the same, and goes back by itself since nobody confirms it.
   */
  readonly signal?: AbortSignal;
  /** Milliseconds without any progress after which an upload is given up; default 20 000. */
  readonly stallLimitMs?: number;
}

/** What a phone needs that was put away, or has to find its network again. */
const WITHIN = 300;
/** The worst erase of a chip takes 2 s, reading a slot back less than one; the rest is patience. */
const STALL_LIMIT_MS = 20_000;
/**
 * What was sent of a cancelled upload still arrives from the buffers on the way, and until then the
 * device is busy; where it is not told of the end, it waits for 15 s.
 */
const CANCEL_LIMIT_MS = 20_000;
/** Devices to which an upload was broken off: being busy, they are so with that one. */
const broken = new WeakSet<Device>();

/**
 * Uploads an image and follows it until the device has settled.
 *
 * Throws a `Problem` where the device refuses, `Unreachable` where it is lost, and the signal's
 * reason where it was aborted. A fallback is no error: it is an outcome.
 */
export async function update(
  device: Device,
  image: Blob,
  options: UpdateOptions = {},
): Promise<Outcome> {
  const { signal, within = WITHIN } = options;
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
  const pending = await send(device, image, before, within, tell, options);
  options.onPending?.(pending);
  return resume(device, pending, { ...options, onState: tell });
}

/** Uploads while watching what the device makes of it. */
async function send(
  device: Device,
  image: Blob,
  before: Status,
  within: number,
  tell: (state: UpdateState) => void,
  options: UpdateOptions,
): Promise<Pending> {
  const { signal, everyMs = EVERY_MS, stallLimitMs = STALL_LIMIT_MS } = options;
  const total = image.size;
  // Ends the upload: by the caller, or because it leads nowhere.
  const stop = new AbortController();
  // Ends the watching, with the upload.
  const over = new AbortController();
  const abort = () => stop.abort(signal?.reason);
  signal?.addEventListener('abort', abort);
  let seen: UploadProgress | null = null;

  const watch = async () => {
    let sign = Date.now();
    while (Date.now() - sign < stallLimitMs) {
      await sleep(everyMs, over.signal);
      const status = await look(device, over.signal);
      options.onLook?.(status);
      // It has restarted in the middle; a connection need not notice.
      if (status && status.device.boot_id !== before.device.boot_id) break;
      const upload = status?.upload;
      if (upload?.total !== total) continue;
      if (JSON.stringify(upload) !== JSON.stringify(seen)) sign = Date.now();
      seen = upload;
      tell(toState(upload));
    }
    stop.abort();
  };
  // Its only error is that it is over.
  watch().catch(() => undefined);
  try {
    const { slot, sha256, version } = await device.upload(image, {
      confirm: 'client',
      within,
      signal: stop.signal,
    });
    return { bootId: before.device.boot_id, slot, sha256, version, within };
  } catch (error) {
    // A browser sends a request again when its connection is reset. The device is then busy with
    // the first one, or has taken it: no other update.
    const sentAgain = seen && error instanceof Problem && error.status === 409;
    const refused = error instanceof Problem && !sentAgain;
    if (!refused) broken.add(device);
    signal?.throwIfAborted();
    if (refused) throw error;
    over.abort();
    const { active, last } = before;
    const bootId = before.device.boot_id;
    return await found(device, { bootId, active, last }, within, seen, error, options);
  } finally {
    over.abort();
    signal?.removeEventListener('abort', abort);
  }
}

/** What is to be known of a device before an upload, to find out what became of it. */
export interface Before {
  readonly bootId: string;
  readonly active: number;
  readonly last: LastChange | null;
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
  { signal, everyMs = EVERY_MS, stallLimitMs = STALL_LIMIT_MS, onLook }: UpdateOptions,
): Promise<Pending> {
  const { bootId } = before;
  const slot = 1 - before.active;
  let phase = seen?.phase;
  if (phase === 'restarting') return { bootId, slot, sha256: null, version: null, within };
  for (const until = Date.now() + stallLimitMs; ; await sleep(everyMs, signal)) {
    const status = await look(device, signal);
    onLook?.(status);
    const late = Date.now() >= until;
    if (!status) {
      if (late) throw new Unreachable('gone', { cause });
      continue;
    }
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
    if (!upload || late) throw new Unreachable('lost', { cause });
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

const ORDER = ['sending', 'writing', 'checking', 'switching', 'restarting', 'confirming'] as const;

/** Passes on what is new, and nothing that would lead back. */
function forwards(onState: UpdateOptions['onState']): (state: UpdateState) => void {
  let [rank, bytes, told] = [0, -1, ''];
  return (state) => {
    const at = ORDER.indexOf(state.phase);
    const now = 'received' in state ? state.received : 'written' in state ? state.written : 0;
    const text = JSON.stringify(state);
    if (at < rank || (at === rank && now < bytes) || text === told) return;
    [rank, bytes, told] = [at, now, text];
    onState?.(state);
  };
}
