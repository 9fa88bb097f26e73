// Knows a device, and keeps the one state from which all that is shown follows; what is done is work.ts,
// which is loaded when it is wanted.
import { browser, type Browser, type More } from './browser.js';
import { DeviceReader, isLocked, pageBase, Problem, Unreachable } from './reader.js';
import { recallFailed, takeNote } from './left.js';
import { isCalm, isWanted } from './rest-view.js';
import { recall, remember } from './session.js';
import { START, type Named, type State } from './state.js';
import type { Status } from './status.js';
import { watch } from './watch.js';

export interface UpdaterOptions {
  /** Seconds that the new frontend has to prove that it works, 10 to 3600; 300 without it. */
  readonly within?: number | undefined;
  /** The address of the frontend: loaded unseen before, and shown after an update; this page again without it. */
  readonly home?: string | undefined;
  /** Sends all of a file, where by itself it sends what differs from what the device has. */
  readonly full?: boolean | undefined;
}

/** A look that fails so soon after one that did not is counted from that one. */
const LAST_HEARD_MS = 6000;

type Work = InstanceType<More['Work']>;

const updaters = new Map<string, Updater>();

/** The updater of a device: one for each, which lives on while its page is not shown. */
export function updaterFor(
  device: DeviceReader = new DeviceReader(),
  options: UpdaterOptions = {},
): Updater {
  let updater = updaters.get(device.base);
  if (!updater) updaters.set(device.base, (updater = new Updater(device, options)));
  updater.options = options;
  return updater;
}

export class Updater {
  options: UpdaterOptions;
  state: State = START;
  /** The part that is loaded when it is wanted; null until then. */
  more: More | null = null;
  readonly device: DeviceReader;
  readonly #browser: Browser;
  readonly #listeners = new Set<(state: State) => void>();
  #work: Work | null = null;
  #loading: Promise<boolean> | null = null;
  /** Loads of it that failed. */
  #failed = 0;
  /** What a person wanted and could not be done without it. */
  #again: ((work: Work) => unknown) | null = null;
  /** The frontend that this page came with. */
  #first: Status | null = null;
  #begun = false;
  /** The page before has left an update that is not over. */
  #left = false;
  #stopWatching: (() => void) | null = null;
  #letGo: (() => void) | null = null;
  #unsee: (() => void) | null = null;

  constructor(device: DeviceReader, options: UpdaterOptions = {}, surroundings: Browser = browser) {
    this.device = device;
    this.#browser = surroundings;
    this.options = options;
  }

  /** The address of the frontend. */
  get home(): string {
    const { base } = this.device;
    // A device at another host is shown by a page that it did not serve.
    return this.options.home ?? `${/^https?:/.test(base) ? pageBase() : base}/`;
  }

  /** Calls back with the state, now and whenever it changes, until the returned function is called. */
  subscribe(listener: (state: State) => void): () => void {
    // In the hidden frame the page around it is at work.
    if (this.#browser.unseen()) {
      listener(this.state);
      return () => undefined;
    }
    this.#listeners.add(listener);
    this.set({ home: this.home });
    if (!this.#begun) {
      this.#begun = true;
      this.#left = !!(recall('pending') ?? recall('sending'));
      this.set({ end: takeNote(), failed: recallFailed() });
      if (this.#left) void this.load();
    }
    this.rest();
    return () => {
      this.#listeners.delete(listener);
      this.rest();
    };
  }

  /** Reads the file; nothing is sent. */
  choose(file: File): Promise<void> {
    return this.#do((work) => work.choose(file));
  }

  /** Sends the file that was chosen, if it still is what was shown. */
  install(): Promise<void> {
    return this.#do((work) => work.install());
  }

  /** The same, or what could not be done before: without the password that is to know the device at all. */
  async tryAgain(): Promise<void> {
    await (this.state.locked
      ? this.device.ready()
      : this.#do(this.#again ?? ((work) => work.install())));
  }

  /** Breaks the upload off. */
  cancel(): void {
    this.#work?.cancel();
  }

  /** Keeps the frontend that is shown, by a person's word. */
  keep(): Promise<void> {
    return this.#do((work) => work.keep());
  }

  /** Goes back to the other frontend. */
  goBack(): Promise<void> {
    return this.#do((work) => work.goBack());
  }

  /** Keeps the image that runs, as a file of the browser. */
  backup(): Promise<void> {
    return this.#do((work) => work.backup());
  }

  /** Loads what the device runs now. */
  reload(): void {
    if (this.state.leaving) return;
    this.set({ leaving: true });
    this.#browser.leave(this.options.home);
  }

  dismiss(): void {
    this.set({ end: null, changed: false });
  }

  /** Loads the part that updates, unless it is there: before anything is sent. Whether it is there then. */
  load(): Promise<boolean> {
    return (this.#loading ??= this.#load());
  }

  async #load(): Promise<boolean> {
    try {
      const more = await this.#browser.load();
      this.#work = new more.Work(this, more);
      this.more = more;
    } catch {
      this.#loading = null;
      this.#failed++;
      this.set({ missing: true });
      return false;
    }
    this.set({ missing: false });
    this.rest();
    this.#work.begin();
    this.#join();
    return true;
  }

  /** Does what a person wants, when all is there that it takes. */
  async #do(act: (work: Work) => unknown): Promise<void> {
    if (!this.#work) {
      this.#again = act;
      this.set({ busy: true });
      await this.load();
      this.set({ busy: false });
    }
    if (!this.#work) return;
    this.#again = null;
    await act(this.#work);
  }

  // For the part that updates, too

  set(change: Partial<State>): void {
    this.state = { ...this.state, ...change };
    for (const listener of this.#listeners) listener(this.state);
  }

  /** Looks at the device from time to time, unless an update does so anyway or nobody is there. */
  rest(): void {
    const { run } = this.state;
    const alive = this.#listeners.size > 0 || !!run;
    // Without the part that proves another build unseen, this page goes there as any other does.
    if (alive && this.#work) this.#letGo ??= this.#browser.stay();
    if (alive) this.#unsee ??= this.#browser.onSeen(() => this.#seen());
    else {
      this.#letGo?.();
      this.#unsee?.();
      this.#letGo = this.#unsee = null;
    }
    const wanted = this.#listeners.size > 0 && !run;
    if (wanted && !this.#stopWatching) {
      this.#stopWatching = watch(this.device, (status, error) => this.hear(status, error));
    } else if (!wanted) {
      this.#stopWatching?.();
      this.#stopWatching = null;
      if (!run) this.#work?.close();
    }
  }

  hear(heard: Status | null, error?: unknown): void {
    const now = Date.now();
    if (!heard) {
      const { heard: last, silent } = this.state;
      const denied = error instanceof Problem;
      const foreign = error instanceof Unreachable && error.kind === 'foreign';
      const since = silent ?? (now - last < LAST_HEARD_MS ? last : now);
      // Who says no is not silent.
      return this.set({ silent: denied ? null : since, foreign, denied, locked: isLocked(error) });
    }
    const status = this.#work?.own(heard) ?? heard;
    const first = (this.#first ??= status);
    const stale = identity(status) !== identity(first);
    const { status: before, end } = this.state;
    const moved = !!before && identity(status) !== identity(before);
    // An end tells of what ran, and another frontend runs by now; of a failure work.ts knows more.
    const late = before
      ? moved && end?.kind !== 'failed'
      : end && 'to' in end && !isNamed(end.to, status);
    this.set({
      status,
      heard: now,
      silent: null,
      foreign: false,
      denied: false,
      locked: false,
      stale,
      ...(late && { end: null }),
    });
    this.#join(moved);
  }

  /** Does what follows from what the device said: takes part, goes to what runs now. `moved`: since it spoke last. */
  #join(moved = false): void {
    const { run, leaving, status, stale } = this.state;
    if (!status || run || leaving) return;
    if (this.#work) this.#work.join(status, stale, moved);
    else if (this.#left || isWanted(this.state) || this.#browser.failed()) this.#want(status);
    const { file, end, busy } = this.state;
    const told = end && !isCalm(end);
    if (stale && status.state === 'settled' && !file && !told && !busy) this.reload();
  }

  /** Loads the part that updates, and where it is not to be had, all of the page, once for each start. */
  #want({ device }: Status): void {
    // Some browsers remember for as long as a page lives that one of its files was not to be had.
    const again = this.#left && this.#failed > 1 && recall('missing') !== device.boot_id;
    if (again && remember('missing', device.boot_id)) this.reload();
    else void this.load();
  }

  /** What a page has slept through is no silence. */
  #seen(): void {
    const { silent, run } = this.state;
    if (silent !== null || run) this.set({ silent: Date.now() });
  }
}

/** Whether that runs, as far as its name tells. */
function isNamed({ version, build }: Named, { active, slots }: Status): boolean {
  const runs = slots[active];
  return version === (runs?.version ?? null) && (!build || build === runs?.build);
}

/** Two statuses with the same identity come from the same frontend. */
const identity = ({ active, slots }: Status) => active + (slots[active]?.sha256 ?? '');
