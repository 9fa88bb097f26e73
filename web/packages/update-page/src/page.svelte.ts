// What the Update page knows and can do: a thin state machine between the client and the markup.
import type { Device } from './device.js';
import { readImage, type ImageFacts } from './image.js';
import { leaveNote, leavePending, takeNote, recallPending } from './note.js';
import { rollBack, type RollbackOutcome } from './rollback.js';
import type { Status } from './status.js';
import { resume, update, type Outcome, type UpdateState } from './update.js';
import { watch } from './watch.js';
import { describeLast, explain, type Message as Words } from './words.js';

/** A file that is a frontend image. */
export interface Chosen {
  readonly kind: 'chosen';
  readonly file: File;
  readonly facts: ImageFacts;
}

/** What the person is doing. Everything else on the page follows from the device's status. */
export type Step =
  | { readonly kind: 'idle' }
  | Chosen
  /** `chosen` is null where there is no file here: after a reload, or going back. */
  | { readonly kind: 'running'; readonly chosen: Chosen | null; readonly state: UpdateState }
  /** `chosen` is what can be tried again. */
  | { readonly kind: 'failed'; readonly chosen: Chosen | null; readonly words: Words }
  /** The device runs another frontend now, and its page is about to be loaded. */
  | { readonly kind: 'leaving' };

/** Uptime and seconds left are shown in whole seconds. */
const TICK_MS = 1000;

export class Page {
  status = $state.raw<Status | null>(null);
  /** Why the device did not answer when it was asked last. */
  silent = $state.raw<Words | null>(null);
  step = $state.raw<Step>({ kind: 'idle' });
  /** How the update ended that the page before this one followed. */
  note = $state.raw<Ran | null>(null);
  /** A command of the person is on its way. */
  busy = $state.raw(false);
  /** The device runs another frontend than the one that this page came with. */
  stale = $state.raw(false);
  /** Milliseconds since the status was true. */
  age = $state.raw(0);

  #heard = 0;
  #first: Status | null = null;
  #abort = new AbortController();
  readonly #device: Device;
  readonly #within: number;
  readonly #home: string | undefined;

  /**
   * `within`: seconds that the new frontend has to confirm itself. `home`: what to load after an
   * update; without it the page itself.
   */
  constructor(device: Device, within: number, home?: string) {
    this.#device = device;
    this.#within = within;
    this.#home = home;
  }

  /** Follows the device until the returned function is called. */
  start(): (() => void) | undefined {
    // In the hidden frame the page before this one is still at work.
    if (self !== top) return;
    // `leave` leaves no other.
    this.note = takeNote() as unknown as Ran | null;
    const timer = setInterval(() => (this.age = performance.now() - this.#heard), TICK_MS);
    const stop = watch(this.#device, (status, error) => {
      this.silent = status ? null : explain(error);
      if (status) this.#hear(status);
    });
    const pending = recallPending();
    if (pending) void this.#follow(null, (options) => resume(this.#device, pending, options));
    return () => {
      stop();
      clearInterval(timer);
    };
  }

  /** Reads the image; nothing is sent. */
  async choose(file: File): Promise<void> {
    this.note = null;
    try {
      this.step = { kind: 'chosen', file, facts: await readImage(file) };
    } catch (error) {
      const { text, ...words } = explain(error);
      this.step = {
        kind: 'failed',
        chosen: null,
        words: { ...words, text: `${file.name}: ${text}` },
      };
    }
  }

  install(chosen: Chosen): void {
    this.#state(chosen, { phase: 'sending', received: 0, total: chosen.file.size });
    void this.#follow(chosen, (options) =>
      update(this.#device, chosen.file, {
        ...options,
        within: this.#within,
        onPending: leavePending,
      }),
    );
  }

  cancel(): void {
    this.#abort.abort();
  }

  async keep(): Promise<void> {
    await this.#command(async () => this.#hear(await this.#device.confirm()));
  }

  /** Goes back to the other slot, and loads what the device runs then. */
  async goBack(): Promise<void> {
    // An update that waits for its confirmation sees the way back by itself.
    if (this.step.kind === 'running') return this.#command(() => this.#device.rollback());
    this.#state(null, { phase: 'restarting' });
    await this.#follow(null, (options) => rollBack(this.#device, options));
  }

  /** Loads what the device runs now. */
  leave(note?: Ran): void {
    this.step = { kind: 'leaving' };
    if (note) leaveNote({ ...note, kind: note.result } as never);
    // Going to an address that differs in its hash alone would load nothing.
    if (this.#home !== undefined) history.replaceState(null, '', this.#home);
    location.reload();
  }

  /** What the device says from time to time. */
  #hear(status: Status): void {
    this.#heard = performance.now();
    this.age = 0;
    this.status = status;
    const first = (this.#first ??= status);
    const { kind } = this.step;
    if (kind === 'running' || kind === 'leaving') return;
    const restarted = status.device.boot_id !== first.device.boot_id;
    this.stale = restarted && identity(status) !== identity(first);
    if (this.stale && kind === 'idle' && document.hidden) this.leave();
  }

  /** Sends one request at a time for the person. */
  async #command(command: () => Promise<unknown>): Promise<void> {
    this.busy = true;
    try {
      await command();
    } catch (error) {
      // An update that runs goes on: it will be told how it ended.
      if (this.step.kind !== 'running') this.#fail(null, error);
    } finally {
      this.busy = false;
    }
  }

  /** Sees an update or a way back through to its end. */
  async #follow(chosen: Chosen | null, run: (options: Following) => Promise<Ended>): Promise<void> {
    const { signal } = (this.#abort = new AbortController());
    const onState = (state: UpdateState) => this.#state(chosen, state);
    const frame = document.createElement('iframe');
    const open = () => this.#show(frame);
    this.note = null;
    try {
      const ended = await run({ signal, open, onState });
      leavePending(null);
      if (ended.result === 'updated') return this.leave(ended);
      if (ended.result === 'rolled_back') {
        return this.leave({ ...ended, result: 'went_back', last: null });
      }
      const status = await this.#device.status();
      const words = ended.result === 'went_back' ? describeLast(status) : null;
      this.step = words ? { kind: 'failed', chosen: null, words } : { kind: 'idle' };
      this.#hear(status);
    } catch (error) {
      leavePending(null);
      if (signal.aborted) {
        this.step = chosen ?? { kind: 'idle' };
        // What was heard last is this very upload, and nobody else's.
        this.status &&= { ...this.status, upload: null };
      } else this.#fail(chosen, error);
    } finally {
      frame.remove();
    }
  }

  /** Loads the new frontend where nobody sees it: there it confirms itself, if it works. */
  #show(frame: HTMLIFrameElement): void {
    frame.src = this.#home ?? '/';
    // A frontend may focus a field of its own.
    frame.inert = true;
    // Of the page's size, as a frontend may measure itself.
    frame.style.cssText =
      'visibility:hidden;position:fixed;inset:0;width:100%;height:100%;border:0';
    document.body.append(frame);
  }

  #state(chosen: Chosen | null, state: UpdateState): void {
    this.step = { kind: 'running', chosen, state };
  }

  #fail(chosen: Chosen | null, error: unknown): void {
    this.step = { kind: 'failed', chosen, words: explain(error) };
  }
}

/** Two statuses with the same identity come from the same frontend. */
const identity = ({ active, slots }: Status) => active + (slots[active]?.sha256 ?? '');

/** What both an update and a way back are told. */
interface Following {
  readonly signal: AbortSignal;
  readonly open: () => void;
  readonly onState: (state: UpdateState) => void;
}

type Ended = Outcome | RollbackOutcome;

/** An end after which a frontend runs. */
type Ran = Exclude<Outcome, { result: 'recovery' }>;
