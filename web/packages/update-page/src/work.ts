// What a person wants of a device, done: reading a file, sending it, following it to the verdict, going back.
import type { More } from './browser.js';
import { isForward } from './compare.js';
import { Device, Problem, Unreachable } from './device.js';
import { failureOf } from './failure.js';
import type { Outcome } from './follow.js';
import { keepOpening, type FrameReport } from './frame.js';
import { NotAnImage, readImage } from './image.js';
import {
  leaveFailed,
  leaveNote,
  leavePending,
  leaveSending,
  recallPending,
  recallSending,
  type Sending,
} from './note.js';
import { advance, startMeter } from './progress.js';
import { idOf } from './rest-view.js';
import { rollBack, type RollbackOutcome } from './rollback.js';
import { backupName } from './save.js';
import { sha256 } from './sha256.js';
import { SAID, THREW, type End, type ImageFile, type Named, type Run } from './state.js';
import type { Slot, Status } from './status.js';
import {
  found,
  resume,
  update,
  type FollowOptions,
  type UpdateOptions,
  type UpdateState,
} from './update.js';
import type { Updater } from './updater.js';
import { sleep } from './wait.js';

/** A phone that was put away, or that has to find its Wi-Fi again, needs minutes. */
const WITHIN = 300;
/** Larger files are no frontends: no chip has a slot for them. */
const WHOLE_BYTES = 16 << 20;
/** A device lets go of an upload at once when it is told, and after 15 s when it is not. */
const STOP_MS = 18_000;
/** An upload of the same length after this is another one. */
const LEFTOVER_MS = 60_000;

/** What works for an updater, on its state. */
export class Work {
  readonly #updater: Updater;
  readonly #device: Device;
  readonly #frame: More['frame'];
  readonly #hold: More['hold'];
  readonly #save: More['save'];
  #blob: File | null = null;
  #abort = new AbortController();
  /** Total of an upload that was broken off, while the device may still be busy with it. */
  #leftover: { total: number; until: number } | null = null;
  /** The frontend on trial is not to be confirmed by us: its update was cancelled. */
  #shunned = false;
  /** Of the last update that broke off: in which boot of the device, and whether by a person. */
  #lost: { boot: string | undefined; cancelled: boolean } = { boot: undefined, cancelled: false };
  #stopOpening: (() => void) | null = null;
  #opened = '';
  #release: (() => void) | null = null;
  /** The person said here that what runs on trial is to stay. */
  #said = false;
  /** What was the way back before the update that runs. */
  #had: Named | null = null;

  constructor(updater: Updater, { frame, hold, save }: Pick<More, 'frame' | 'hold' | 'save'>) {
    this.#updater = updater;
    this.#device = Device.of(updater.device);
    this.#frame = frame;
    this.#hold = hold;
    this.#save = save;
  }

  /** Reads the file; nothing is sent. */
  async choose(file: File): Promise<void> {
    if (this.#updater.state.run) return;
    this.#blob = file;
    this.#updater.set({ end: null, changed: false, busy: true });
    try {
      const { facts } = await read(file);
      if (this.#blob === file) this.#updater.set({ file: facts });
    } catch (error) {
      this.#updater.set({ file: null, end: failed(error) });
    } finally {
      this.#updater.set({ busy: false });
    }
  }

  /** Sends the file that was chosen, if it still is what was shown. */
  async install(): Promise<void> {
    const { file: shown, run, busy } = this.#updater.state;
    const blob = this.#blob;
    if (!blob || !shown || run || busy) return;
    this.#updater.set({ end: null, changed: false, busy: true });
    try {
      const { facts, image } = await read(blob).catch(gone);
      this.#updater.set({ busy: false });
      // Firefox gives the new bytes of a file that has changed without a word.
      if (JSON.stringify(facts) !== JSON.stringify(shown)) {
        // WebKit gives them cut off at the length that they had: then it seems the same.
        if (facts.bytes === shown.bytes) throw new NotAnImage('gone');
        this.#updater.set({ file: facts, changed: true });
      } else await this.#send(facts, image);
    } catch (error) {
      const end = failed(error);
      this.#updater.set({ busy: false, end, ...(!mayTryAgain(end) && { file: null }) });
    }
  }

  /** Breaks the upload off. */
  cancel(): void {
    const { run } = this.#updater.state;
    if (!run || run.stopping) return;
    this.#updater.set({ run: { ...run, stopping: true } });
    this.#abort.abort();
  }

  /** Keeps the frontend that is shown, by a person's word. */
  keep(): Promise<void> {
    const { status } = this.#updater.state;
    const build = status?.slots[status.active]?.build;
    return this.#command(async () => {
      this.#said = true;
      const report = this.#updater.state.report;
      try {
        const now = await this.#device.confirm(build);
        const slot = now.slots[now.active];
        if (report?.outcome !== 'confirmed') this.#know(slot, report?.failure ? THREW : SAID);
        this.#updater.hear(now);
      } catch (error) {
        this.#said = false;
        throw error;
      }
    });
  }

  /** Goes back to the other frontend. */
  async goBack(): Promise<void> {
    const { run, status } = this.#updater.state;
    // An update that waits for its verdict sees the way back by itself.
    if (run) return this.#command(() => this.#device.rollback());
    const [from, to] = [named(status, status?.active), named(status, 1 - (status?.active ?? 0))];
    await this.#follow({ what: 'back', from, to }, 0, 'switching', (options) =>
      rollBack(this.#device, options),
    );
  }

  /** Gives the browser the image that runs, to keep it. */
  backup(): Promise<void> {
    const { status } = this.#updater.state;
    return this.#command(async () => {
      const image = new Blob([await this.#device.image()]);
      if (status) this.#save(image, backupName(status));
    });
  }

  /** Goes on with what the page before left. */
  begin(): void {
    const pending = recallPending();
    const sending = recallSending();
    if (pending) {
      const { what = 'update', from = null, to = null, report = null } = pending;
      void this.#follow({ what, from, to }, 0, 'restarting', (options) =>
        resume(this.#device, pending, options),
      );
      this.#updater.set({ report });
    } else if (sending) void this.#rejoin(sending);
  }

  /** Finds out what became of an upload that a reload has broken off. */
  async #rejoin(sending: Sending): Promise<void> {
    const { total, within, from = null, to = null } = sending;
    this.#leftover = { total, until: Date.now() + LEFTOVER_MS };
    leaveSending(null);
    try {
      const pending = await found(this.#device, sending, within, null, null, {});
      leavePending({ ...pending, from, to });
      await this.#follow({ what: 'update', from, to }, 0, 'restarting', (options) =>
        resume(this.#device, pending, options),
      );
    } catch (error) {
      const lost = error instanceof Unreachable && /^(lost|restarted)$/.test(error.kind);
      this.#updater.set({ end: lost ? { kind: 'interrupted' } : failed(error) });
    }
  }

  /** The status without an upload that was broken off: that is nobody else's. */
  own(status: Status): Status {
    const left = this.#leftover;
    if (!left) return status;
    if (status.upload?.total === left.total && Date.now() <= left.until) {
      return { ...status, upload: null };
    }
    this.#leftover = null;
    return status;
  }

  /** Takes part in an update of somebody else: proves its frontend. */
  join(status: Status, stale: boolean, moved: boolean): void {
    this.#mend(status, stale, moved);
    if (!status.trial) this.#shunned = false;
    if (status.trial?.confirm === 'client' && stale && !this.#shunned) {
      this.#open(status.device.boot_id);
    } else this.#tell(status, stale);
  }

  /** Tells what went wrong in this page itself, where it is of the frontend that runs. */
  #tell(status: Status, stale: boolean): void {
    const slot = status.slots[status.active];
    const { build, failure, outcome } = window.faceplate ?? {};
    // One that failed with nobody waiting for its word may have lost the network for a moment.
    const ours = !stale && outcome === 'failed' && failure && build === (slot?.build ?? null);
    if (!ours || !slot) return this.close();
    if (this.#updater.state.failed[idOf(slot)] !== THREW) this.#know(slot, THREW);
    const report = status.trial?.confirm === 'client' ? { build, failure, outcome } : null;
    if (report) this.#updater.set({ report });
    else this.close();
  }

  /** What was told may have ended since, and a device that was lost says what came of it. `moved`: something else runs. */
  #mend(status: Status, stale: boolean, moved: boolean): void {
    const { end } = this.#updater.state;
    const { last, active, trial } = status;
    const tell = (end: End | null, more?: { file: null }) => this.#updater.set({ end, ...more });
    // The person has decided.
    if (end?.kind === 'cancelled' && end.late && !trial) tell(null);
    if (end?.kind !== 'failed') return;
    const { failure } = end;
    if (failure.kind === 'problem' && (moved || isOver(failure.type, status))) tell(null);
    if (failure.kind !== 'unreachable') return;
    const { why } = failure;
    const gone = why === 'gone';
    const to = named(status, active);
    const { cancelled, boot } = this.#lost;
    const late = moved && !!trial;
    // It took the file after all.
    if (cancelled && gone && (late || !moved)) {
      this.#shunned ||= late;
      tell({ kind: 'cancelled', late, had: this.#had });
    } else if (why === 'not_back' && last?.outcome === 'fell_back' && to) {
      const from = named(status, 1 - active);
      tell({ kind: 'went_back', from, to, reason: last.reason, report: null });
    } else if (moved || /^(silent|foreign|not_back)$/.test(why)) {
      // What it has taken is not to be sent again; else it is the update of somebody else that runs.
      tell(null, stale && /^(gone|not_)/.test(why) ? { file: null } : undefined);
    } else if (gone) {
      tell(failed(new Unreachable(status.device.boot_id === boot ? 'lost' : 'restarted')));
    }
  }

  #open(boot: string): void {
    if (this.#opened === boot) return;
    this.close();
    this.#opened = boot;
    this.#frame.home = this.#updater.home;
    const { status } = this.#updater.state;
    const slot = status?.slots[status.active];
    const build = slot?.build ?? null;
    const take = async (told: FrameReport) => {
      const report = status ? ofBuild(build, told) : told;
      if (!report) return;
      // After the way back it is no wonder that the old page answers.
      if (report.outcome === 'other-build') {
        if (!(await this.#isTried(boot)) || this.#opened !== boot) return;
      }
      // What an earlier try told of an error is not unsaid by a page that is not ready.
      const { failure, outcome } = this.#updater.state.report ?? {};
      const against = failure || outcome === 'other-build';
      if (against && !report.failure && (!report.outcome || report.outcome === 'silent')) return;
      // Nor by one that a service worker made since.
      if (failure && report.outcome === 'other-build') return;
      this.#updater.set({ report });
      // Whoever began the update, this page has seen it.
      if (report.failure) this.#know(slot, THREW);
      else if (report.outcome === 'confirmed') this.#know(slot, null);
      // A page that is loaded anew meanwhile must not forget it.
      const pending = recallPending();
      if (pending) leavePending({ ...pending, report });
    };
    this.#stopOpening = keepOpening(this.#frame, (told) => void take(told));
  }

  /** Whether the device still tries what the frame was opened for. */
  async #isTried(boot: string): Promise<boolean> {
    const status = await this.#device.status().catch(() => null);
    return !!status?.trial && (boot === 'new' || status.device.boot_id === boot);
  }

  /** Takes the frame away. */
  close(): void {
    this.#opened = '';
    this.#stopOpening?.();
    this.#stopOpening = null;
    if (this.#updater.state.report && !this.#updater.state.run) this.#updater.set({ report: null });
  }

  // What is done

  async #send(file: ImageFile, image: Blob): Promise<void> {
    const { within = WITHIN, full = false } = this.#updater.options;
    const { status } = this.#updater.state;
    const other = status?.slots[1 - status.active];
    this.#had = other?.valid ? named(status, 1 - (status?.active ?? 0)) : null;
    const to = { version: file.version, build: file.build };
    const names = { what: 'update', from: named(status, status?.active), to } as const;
    await this.#follow(names, file.bytes, 'sending', (options) => {
      if (status) {
        const { active, last, device } = status;
        leaveSending({ bootId: device.boot_id, active, last, total: file.bytes, within, ...names });
      }
      return update(this.#device, image, {
        ...options,
        within,
        // What was too large to be read as a whole is too large to be compared.
        ...(file.sha256 ? { full, sha256: file.sha256 } : { full: true }),
        onSend: (sent) => {
          const { run } = this.#updater.state;
          if (run) this.#updater.set({ run: { ...run, sent } });
        },
        onPending: (pending) => {
          leaveSending(null);
          leavePending({ ...pending, ...names });
        },
      });
    });
  }

  /** Sees an update or a way back through to its end. */
  async #follow(
    names: Pick<Run, 'what' | 'from' | 'to'>,
    total: number,
    phase: UpdateState['phase'],
    work: (options: Following) => Promise<Outcome | RollbackOutcome>,
  ): Promise<void> {
    const { signal } = (this.#abort = new AbortController());
    const boot = this.#updater.state.status?.device.boot_id;
    const update = names.what === 'update';
    const meter = startMeter(phase, total, Date.now());
    this.#leftover = null;
    this.#said = false;
    const run: Run = { ...names, meter, sent: null, stopping: false };
    this.#updater.set({ run, end: null, changed: false, report: null, holding: update });
    if (update) this.#release = this.#hold();
    this.#updater.rest();
    let at: UpdateState | null = null;
    const move = (state: UpdateState) => {
      at = state;
      const { run } = this.#updater.state;
      if (run) this.#updater.set({ run: { ...run, meter: advance(run.meter, state, Date.now()) } });
    };
    try {
      const outcome = await work({
        signal,
        onState: move,
        onLook: (status) => {
          this.#updater.hear(status);
          // Nothing moves where nothing is heard, but a restart is silent.
          if (at && (status || at.phase === 'restarting')) move(at);
        },
        open: () => {
          // What was cancelled is not to be proved.
          if (!signal.aborted) this.#open(this.#updater.state.status?.device.boot_id ?? 'new');
        },
      });
      await this.#ended(names, outcome);
    } catch (error) {
      // What the device refused is not what it is busy with.
      if (total && !(error instanceof Problem))
        this.#leftover = { total, until: Date.now() + LEFTOVER_MS };
      this.#lost = { boot, cancelled: signal.aborted };
      await this.#look(error);
      const end = signal.aborted ? await this.#stopped(boot) : failed(error);
      this.#over(update || end.kind !== 'failed' ? end : { ...end, back: true });
    }
  }

  async #ended({ from, to }: Pick<Run, 'from' | 'to'>, outcome: Outcome | RollbackOutcome) {
    const tried = this.#updater.state.run?.meter.phase === 'confirming';
    // The device knows a moment before the page in the frame does.
    for (let tries = 6; tries-- && this.#mayProve(outcome);) await sleep(300);
    // Reads what the frame says last.
    this.#stopOpening?.();
    this.#stopOpening = null;
    const { report } = this.#updater.state;
    const status = await this.#device.status().catch(() => this.#updater.state.status);
    this.#updater.hear(status);
    if (outcome.result === 'recovery') return this.#over({ kind: 'recovery' });
    const runs: Named = named(status, outcome.slot) ?? { version: outcome.version, build: null };
    if (outcome.result === 'went_back') {
      const { last } = outcome;
      const fell = last?.outcome === 'fell_back';
      const reason = fell ? last.reason : 'replaced';
      if (fell && !report?.failure) this.#know(status?.slots[last.from], reason);
      if (last?.outcome === 'rolled_back') return this.#over({ kind: 'rolled_back', to: runs });
      return this.#over({ kind: 'went_back', from: to, to: runs, reason, report });
    }
    const kept = status?.last?.outcome === 'kept';
    const proved = report?.outcome === 'confirmed' && !this.#said;
    const how = proved ? 'proved' : this.#said ? 'said' : null;
    const end: End =
      outcome.result === 'rolled_back' && !tried
        ? { kind: 'rolled_back', to: runs, forward: isForward(from, runs) }
        : {
            kind: 'updated',
            to: runs,
            kept,
            ...(how && { how }),
            ...(report?.failure && { error: report.failure.text }),
          };
    // A page that nobody has proved is not loaded in place of one that works.
    if (kept || !this.#updater.state.stale) return this.#over(end);
    this.#done();
    leaveNote(end);
    this.#updater.reload();
  }

  /** Whether the page in the frame is about to know that the device took its word. */
  #mayProve({ result }: Outcome | RollbackOutcome): boolean {
    const { report } = this.#updater.state;
    const open = !report?.failure && !report?.outcome;
    const kept = this.#updater.state.status?.last?.outcome === 'kept';
    return (
      !kept && !this.#said && !!this.#stopOpening && open && /^(updated|rolled_back)$/.test(result)
    );
  }

  /** Remembers how a frontend failed; null when it has proved itself. */
  #know(slot: Slot | undefined, how: string | null): void {
    if (!slot?.valid) return;
    const failed = { ...this.#updater.state.failed, [idOf(slot)]: how ?? '' };
    leaveFailed(failed);
    this.#updater.set({ failed });
  }

  #over(end: End): void {
    this.#done();
    const { status } = this.#updater.state;
    // What was heard last may be this very upload, and nobody else's.
    if (status && this.#leftover) this.#updater.set({ status: { ...status, upload: null } });
    this.#updater.set({ run: null, end, report: null, ...(!mayTryAgain(end) && { file: null }) });
    this.#updater.rest();
  }

  /** Nothing of it is left but its end. */
  #done(): void {
    leavePending(null);
    leaveSending(null);
    this.close();
    this.#release?.();
    this.#release = null;
    this.#updater.set({ holding: false });
  }

  /** Waits until the device has let go of what was cancelled, or has taken it after all. */
  async #stopped(before: string | undefined): Promise<End> {
    let heard = false;
    for (const until = Date.now() + STOP_MS; Date.now() < until; await sleep(300)) {
      const status = await this.#device.status().catch(() => null);
      if (!status) continue;
      heard = true;
      const { device, upload, trial } = status;
      const late = device.boot_id !== before && !!trial;
      if (late) this.#shunned = true;
      if (upload && !late) continue;
      this.#updater.hear(status);
      return { kind: 'cancelled', late, had: this.#had };
    }
    return heard
      ? { kind: 'cancelled', late: false, had: this.#had }
      : failed(new Unreachable('gone'));
  }

  /** Sends one request at a time for the person. */
  async #command(command: () => Promise<unknown>): Promise<void> {
    this.#updater.set({ busy: true });
    try {
      await command();
    } catch (error) {
      await this.#look(error);
      this.#updater.set({ end: failed(error) });
    } finally {
      this.#updater.set({ busy: false });
    }
  }

  /** What is told of a refusal is told of what the device says after it. */
  async #look(error: unknown): Promise<void> {
    if (!(error instanceof Problem)) return;
    const status = await this.#device.status().catch(() => null);
    if (status) this.#updater.hear(status);
  }
}

type Following = Pick<FollowOptions, 'open' | 'onLook'> &
  Pick<UpdateOptions, 'onState'> & { readonly signal: AbortSignal };

/** What a page of another build tells says nothing of the one that runs. */
function ofBuild(build: string | null, told: FrameReport): FrameReport | null {
  if (told.build === build || told.outcome === 'forbidden') return told;
  // A page that is of no build and tells nothing is an error's, such as a proxy's that does not reach the device.
  if (!told.build && told.outcome === 'silent') return null;
  if (!told.build && !told.failure && !told.outcome) return told;
  return { ...told, failure: null, outcome: 'other-build' };
}

/** Whether a refusal is over: what the device was busy with, or had on trial. */
function isOver(type: string, { upload, trial }: Status): boolean {
  if (type === 'busy' || type === 'restarting') return !upload;
  return (type === 'on-trial' || type === 'other-build') && !trial;
}

/** Whether the same file may do better: not where it is gone, or was tried and did not work. */
const mayTryAgain = (end: End) =>
  end.kind === 'went_back'
    ? end.reason === 'not_confirmed' && (!end.report || end.report.outcome === 'forbidden')
    : end.kind === 'cancelled' || (end.kind === 'failed' && end.failure.kind !== 'file');

const failed = (error: unknown): End => ({ kind: 'failed', failure: failureOf(error) });

function named(status: Status | null, slot: number | undefined): Named | null {
  const { version = null, build = null } = status?.slots[slot ?? 0] ?? {};
  return status && { version, build };
}

/** A file that could be read when it was chosen, and cannot now, is another one. */
function gone(error: unknown): never {
  throw error instanceof NotAnImage && error.why === 'unreadable' ? new NotAnImage('gone') : error;
}

/** All of a file, in memory: what is sent is what was looked at. */
async function read(file: File): Promise<{ facts: ImageFile; image: Blob }> {
  const { name } = file;
  // Its beginning says whether it is worth reading.
  const first = await readImage(file);
  if (file.size > WHOLE_BYTES) return { facts: { name, sha256: null, ...first }, image: file };
  const bytes = new Uint8Array(await file.arrayBuffer());
  const image = new Blob([bytes]);
  return { facts: { name, sha256: sha256(bytes), ...(await readImage(image)) }, image };
}
