// Everything that is shown, as a function of what is known: no two parts of it can contradict.
import { isForward, relation } from './compare.js';
import { failureOf } from './failure.js';
import type { PageFailure } from './global.js';
import { duration, size } from './format.js';
import { refusal } from './judge.js';
import { advance, secondsLeft, startMeter, type Meter, type Phase } from './progress.js';
import { differs, idOf, known, nameOf, put, restView, say, type Known } from './rest-view.js';
import type { Control, ControlId, Notice, Progress, Section, Task, Tone, View } from './shown.js';
import {
  SAID,
  THREW,
  type End,
  type ImageFile,
  type Named,
  type Run,
  type State,
} from './state.js';
import type { LastChange, Slot, Status, UploadProgress } from './status.js';
import { toState } from './update.js';
import { explainFailure, whyBack, type Words } from './words.js';

export { TICK_MS } from './rest-view.js';
export type * from './shown.js';

/** How a frontend confirms itself: the README of this package. */
export const HOW_HREF = 'https://www.npmjs.com/package/faceplate-update-page#in-every-page-confirm';

/** `now`: milliseconds since 1970. */
export function view(state: State, words: Words, now: number): View {
  return new Drawing(state, words, now).view();
}

/** One look at the state; its fields are what more than one part of the page needs. */
class Drawing {
  readonly #state: State;
  readonly #w: Words;
  readonly #now: number;
  readonly #status: Status | null;
  readonly #active: Slot | null;
  readonly #other: Slot | null;
  readonly #silence: Known['silence'];
  readonly #age: number;
  /** What there is to be seen without any of this. */
  readonly #rest: View;

  constructor(state: State, words: Words, now: number) {
    this.#state = state;
    this.#w = words;
    this.#now = now;
    const { active, other, silence, age } = known(state, now);
    this.#status = state.status;
    this.#active = active;
    this.#other = other;
    this.#silence = silence;
    this.#age = age;
    this.#rest = restView(state, words, now);
  }

  view(): View {
    const task = this.#task();
    const notice = this.#notice();
    const { title, details } = this.#rest;
    return {
      title,
      runs: this.#runs(),
      notice,
      task,
      controls: this.#controls(task, notice),
      back: this.#back(),
      details: {
        heading: details.heading,
        sections: this.#details(),
        wifi: this.#status?.device.wifi ? this.#w.details.wifi : '',
        backup: this.#backup(),
      },
      spoken: 'title' in task && task.kind !== 'chosen' ? task.title : (notice?.title ?? ''),
    };
  }

  // What runs

  #runs(): View['runs'] {
    const { runs } = this.#w;
    const { run, leaving } = this.#state;
    const status = this.#status;
    const told = (name: string, text: string, tone: Tone = 'info') => ({ name, text, tone });
    if (!status) return this.#rest.runs;
    const { trial, last, state } = status;
    if (leaving || this.#over() === 'works') {
      return told(this.#name(run?.to ?? this.#active), runs.loading, 'good');
    }
    if (run?.meter.phase === 'restarting') {
      return told(`${this.#name(run.from)} → ${this.#name(run.to)}`, runs.restarting);
    }
    const { name } = this.#rest.runs;
    if (this.#silence === 'restarting') return told(name, runs.restarting);
    if (this.#silence === 'lost' || state === 'recovery') return this.#rest.runs;
    if (!trial) {
      const how = this.#active && this.#state.failed[idOf(this.#active)];
      if (how !== THREW && how !== SAID) return this.#rest.runs;
      const why = how === THREW ? this.#w.whyThrew : this.#w.whySaid;
      const up = this.#time(status.device.uptime_ms / 1000 + this.#age);
      return told(name, runs.doubtful(up, why), 'warning');
    }
    // The time that is left is told once, with the task.
    if (trial.confirm === 'client') return told(name, runs.onTrial);
    return told(name, (last?.outcome === 'updated' ? runs.settling : runs.backAgain)(this.#left()));
  }

  // The one notice

  #notice(): Notice | null {
    const { notices: n } = this.#w;
    const { run, end, report, leaving, changed, file, denied } = this.#state;
    const status = this.#status;
    if (leaving || this.#over()) return null;
    if (run && this.#silence === 'restarting') return null;
    if (run || this.#deciding()) {
      const told = this.#told(report);
      if (told) return told;
    }
    if (run) return null;
    // What went wrong with the person's own update says more than that the device is silent.
    if (end && (this.#silence !== 'lost' || end.kind === 'failed')) return this.#ended(end);
    if (this.#silence === 'lost' || denied) return this.#rest.notice;
    if (!status || this.#silence === 'restarting') return null;
    if (status.state === 'recovery') return this.#rest.notice;
    if (changed) return say('warning', n.changed);
    const refused = this.#refused();
    if (!refused) return this.#rest.notice;
    const tone = file ? 'bad' : 'warning';
    return { tone, link: null, ...explainFailure(failureOf(refused), this.#w) };
  }

  /** What the hidden frame tells while it is to be decided. */
  #told(report: State['report']): Notice | null {
    const { notices: n } = this.#w;
    if (!report || report.outcome === 'confirmed') return null;
    if (report.outcome === 'other-build') return say('warning', n.otherBuild);
    const name = this.#name(this.#state.run?.to ?? this.#active);
    if (report.outcome === 'forbidden') return say('warning', n.openIt(name));
    const { failure } = report;
    return failure && say('bad', n.throws(name, at(failure)));
  }

  #ended(end: End): Notice {
    const w = this.#w;
    const n = w.notices;
    switch (end.kind) {
      case 'updated': {
        const name = this.#name(end.to);
        if (end.kept) return say('warning', n.kept(name));
        if (end.how === 'said') {
          const { error } = end;
          return say('warning', error ? n.saidDespite(name, cut(error, ERROR_MAX)) : n.said(name));
        }
        return say('good', end.how === 'proved' ? n.updated(name) : n.confirmed(name));
      }
      case 'rolled_back':
        return say('good', (end.forward ? n.wentTo : n.rolledBack)(this.#name(end.to)));
      case 'recovery':
        return say('bad', n.recovery);
      case 'cancelled':
        return end.late
          ? say('warning', n.tooLate(this.#name(this.#active)))
          : say('info', n.cancelled(this.#name(this.#active), this.#afterCancel(end.had)));
      case 'interrupted':
        return say('warning', n.interrupted(this.#name(this.#active)));
      case 'failed': {
        const { failure } = end;
        // A firmware says no by these, and nothing is broken.
        const calm =
          'type' in failure && /^(not-now|unauthorized|forbidden|password-.*)$/.test(failure.type);
        const tone = calm ? 'info' : 'bad';
        return { tone, link: null, ...explainFailure(failure, w) };
      }
      case 'went_back': {
        const { reason, report } = end;
        const [to, from] = [this.#name(end.to), this.#name(end.from)];
        if (reason === 'replaced') return say('warning', n.replaced(to));
        if (report?.failure) return say('bad', n.threw(to, from, at(report.failure)));
        if (reason !== 'not_confirmed') {
          return say('bad', n.wentBack(to, from, whyBack(reason, w)));
        }
        if (!report) return say('bad', n.nobodyLoaded(to, from));
        if (report.outcome === 'other-build') return say('bad', n.otherBuild);
        if (report.outcome === 'forbidden') return say('bad', n.notOpened(to, from));
        const link = { text: n.how, href: HOW_HREF };
        return { ...say('bad', n.neverConfirmed(to, from)), link };
      }
    }
  }

  /** What became of the way back: still there, overwritten, or there never was one. */
  #afterCancel(had: Named | null | undefined): string {
    const { notices: n } = this.#w;
    if (this.#other?.valid) return n.stillBack(this.#name(this.#other));
    return had ? n.overwritten(this.#name(had)) : '';
  }

  // The task

  #task(): Task {
    const { task } = this.#w;
    const { run, leaving, file, silent } = this.#state;
    const status = this.#status;
    const over = this.#over();
    if (over === 'works') return this.#progress(startMeter('done', 0, this.#now));
    if (over) return { kind: 'none', text: '' };
    if (run) return this.#running(run);
    if (leaving) return this.#progress(startMeter('done', 0, this.#now));
    if (!status) return { kind: 'none', text: '' };
    if (this.#silence === 'restarting' && silent !== null) {
      const meter = startMeter('restarting', 0, silent);
      return { ...this.#progress(meter), figures: this.#waiting(silent) };
    }
    const { upload, trial } = status;
    if (upload && this.#silence !== 'lost') return this.#others(upload);
    if (this.#deciding() && trial) {
      return {
        ...this.#progress(startMeter('confirming', 0, this.#now)),
        kind: 'verdict',
        title: task.deciding(this.#name(this.#active)),
        figures: '',
        text: task.decidingText(this.#left()),
      };
    }
    if (trial) return { kind: 'none', text: task.settling };
    if (file) return this.#chosen(file);
    const refused = this.#refused();
    return refused ? { kind: 'none', text: task.none } : { kind: 'choose', hint: task.chooseHint };
  }

  #running(run: Run): Progress {
    const { what, meter, stopping } = run;
    const { bar, runs } = this.#w;
    const { silent, heard, leaving, report } = this.#state;
    const done = advance(meter, { phase: 'done' }, this.#now);
    if (leaving) {
      return { ...this.#progress(done), ...(what === 'back' && { text: runs.loading }) };
    }
    const { phase } = meter;
    // It is asked all the time; an answer that takes a second is no news.
    const since = silent ?? Math.max(heard, meter.since);
    const quiet = this.#now - since >= QUIET_MS;
    const restarts = phase === 'confirming' && this.#silence === 'restarting';
    return {
      ...this.#progress(meter),
      ...(phase === 'confirming' && { kind: 'verdict' }),
      ...(phase === 'confirming' && this.#told(report) && { text: '' }),
      ...(what === 'back' &&
        phase !== 'confirming' && {
          title: isForward(run.from, run.to) ? bar.goingTo(this.#name(run.to)) : bar.goingBack,
          text: bar.goingBackText,
        }),
      ...(stopping && { title: bar.stopping, text: bar.stoppingText, figures: '' }),
      // At its end a trial is over, by a restart.
      ...(restarts && { kind: 'progress', title: bar.phases.restarting, figures: '' }),
      ...(restarts && { text: bar.meaning.restarting }),
      ...(quiet && { figures: this.#waiting(since) }),
      // A restart is silent.
      frozen: phase === 'reconnecting' || (quiet && phase !== 'restarting' && !restarts),
    };
  }

  #waiting(since: number): string {
    return this.#w.bar.waiting(this.#time((this.#now - since) / 1000));
  }

  #others(upload: UploadProgress): Progress {
    const { bar } = this.#w;
    const begun = startMeter('sending', upload.total, this.#now);
    const { written, total } = upload;
    return {
      ...this.#progress(advance(begun, toState(upload), this.#now)),
      title: bar.others,
      figures: bar.bytes(this.#size(written), this.#size(total)),
      text: '',
    };
  }

  #progress(meter: Meter): Progress {
    const { phases, meaning } = this.#w.bar;
    const { phase, value } = meter;
    return {
      kind: 'progress',
      title: phases[phase],
      value,
      percent: `${Math.floor(value * 100)} %`,
      figures: this.#figures(meter),
      text: meaning[phase],
      frozen: false,
    };
  }

  #figures(meter: Meter): string {
    const { bar } = this.#w;
    const { phase, written, total, speed } = meter;
    if (phase === 'done' || phase === 'reconnecting') return '';
    if (phase === 'confirming') return this.#status?.trial ? bar.undecided(this.#left()) : '';
    const moving = phase === 'sending' || phase === 'writing';
    const left = secondsLeft(meter, this.#now);
    return [
      moving && total && bar.bytes(this.#size(written), this.#size(total)),
      moving && speed && bar.speed(this.#size(speed)),
      left !== null && bar.left(this.#time(Math.ceil(left))),
    ]
      .filter(Boolean)
      .join(' · ');
  }

  #chosen(file: ImageFile): Task {
    const { task } = this.#w;
    if (!this.#active) return { kind: 'none', text: '' };
    const [to, from] = [this.#name(file), this.#name(this.#active)];
    const is = relation(file, this.#active);
    const title =
      is === 'newer' || is === 'older' || is === 'other' ? task[is](to, from) : task[is](to);
    const other = this.#other;
    const text =
      is === 'identical' || this.#refused()
        ? ''
        : !other?.valid || relation(other, this.#active) === 'identical'
          ? task.overwritesNothing
          : relation(file, other) === 'identical'
            ? task.isThere
            : task.overwrites(this.#name(other));
    return { kind: 'chosen', title, file: `${file.name} · ${this.#size(file.bytes)}`, text };
  }

  // What can be done

  #controls(task: Task, notice: Notice | null): Control[] {
    const { controls: c, ask } = this.#w;
    const { run, end, file, busy, stale, home, leaving, report } = this.#state;
    const list: Control[] = [];
    const add = (id: ControlId, label: string, more?: Partial<Control>): void => {
      list.push(put(id, label, { disabled: busy, ...more }));
    };
    if (leaving || this.#over()) return list;
    const deciding = run ? run.meter.phase === 'confirming' : this.#deciding();
    const silent = this.#silence !== 'none' && this.#silence !== 'quiet';
    if (run && deciding && this.#silence === 'restarting') return list;
    if (deciding) {
      const bad = !!report?.failure;
      // While it is about to prove itself there is nothing to be done, unless it can't do so unseen.
      const rank = bad || (run && report?.outcome !== 'forbidden') ? 'secondary' : 'primary';
      add('look', c.look, { rank, href: home, disabled: silent });
      add('goBack', c.goBackNow, { rank: bad ? 'primary' : 'secondary', disabled: busy || silent });
      add('keep', c.keep, { disabled: busy || silent });
      if (bad) list.unshift(...list.splice(1, 1));
      return list;
    }
    if (run) {
      const { phase } = run.meter;
      if (
        run.what === 'update' &&
        (phase === 'sending' || phase === 'writing' || phase === 'reconnecting')
      ) {
        add('cancel', c.cancel, { disabled: run.stopping });
      }
      return list;
    }
    const again =
      !!file &&
      ((end?.kind === 'failed' && !end.back) ||
        end?.kind === 'cancelled' ||
        end?.kind === 'went_back');
    const refused = this.#refused();
    if (task.kind === 'chosen' && file && this.#active) {
      const identical = relation(file, this.#active) === 'identical';
      if (again && !refused && !identical) {
        add('tryAgain', c.tryAgain, { rank: 'primary', place: 'notice' });
      } else if (!identical && !refused) {
        add('install', c.install(this.#name(file)), { rank: 'primary', disabled: busy || silent });
      }
      add('choose', c.another);
    } else if (task.kind === 'choose') add('choose', c.choose, { rank: 'primary' });
    if (this.#state.missing || this.#state.locked) add('tryAgain', c.tryAgain, { place: 'notice' });
    // Where nothing else is to be told, or just this.
    const mayLoad = end ? end.kind !== 'failed' : !refused && !this.#state.changed;
    if (stale && mayLoad && this.#status?.state === 'settled' && !silent) {
      const rank = list.some(isPrimary) ? 'secondary' : 'primary';
      add('reload', c.reload, { place: 'notice', rank });
    }
    if (notice && end) add('dismiss', c.dismiss, { place: 'notice' });
    // The same thing is offered once.
    const same = again && !!this.#other && relation(file, this.#other) === 'identical';
    if (this.#mayGoBack() && !same) {
      const [other, runs] = [this.#otherName(), this.#name(this.#active)];
      const failed = this.#failedBefore();
      const warning = failed ? ask.warning(other, failed) : '';
      const label = failed ? c.anyway : this.#otherIs() === 'newer' ? c.goForward : c.goBack;
      add('goBack', label(other), {
        rank: failed ? 'danger' : 'secondary',
        place: 'back',
        disabled: busy || silent,
        ask: {
          title: `${label(other)}?`,
          text: `${warning}${warning && ' '}${ask.text(other, runs)}`,
          yes: label(other),
          no: ask.no,
        },
      });
    }
    return list;
  }

  /** What runs can be saved, but not while the device is busy with an update. */
  #backup(): Control | null {
    const { run, busy, leaving } = this.#state;
    const { state, upload } = this.#status ?? {};
    if (!this.#active?.valid || state === 'recovery' || upload || run || leaving) return null;
    const disabled = busy || this.#silence === 'lost' || this.#silence === 'restarting';
    return put('backup', this.#w.controls.backup, { place: 'details', disabled });
  }

  /** A person can end the trial that somebody began. */
  #deciding(): boolean {
    return (
      this.#status?.trial?.confirm === 'client' && !this.#state.run && this.#silence !== 'lost'
    );
  }

  /** The device has decided on the update of this page, which is about to say so. */
  #over(): 'works' | 'otherwise' | null {
    const { run } = this.#state;
    const { trial, state, last } = this.#status ?? {};
    if (run?.meter.phase !== 'confirming') return null;
    if (state === 'recovery' || trial?.confirm === 'client') return null;
    const { to } = run;
    const runs = to?.version === this.#active?.version && to?.build === this.#active?.build;
    return runs && !trial && last?.outcome !== 'kept' ? 'works' : 'otherwise';
  }

  /** Why nothing, or not this file, can be installed; a trial and an upload are told as the task. */
  #refused() {
    const { run, file } = this.#state;
    const status = this.#status;
    if (!status || run || status.upload || status.trial) return null;
    return refusal(file ?? { bytes: 0 }, status);
  }

  // The other frontend on the device

  #back(): View['back'] {
    const { back } = this.#w;
    const { run, leaving } = this.#state;
    const status = this.#status;
    const other = this.#other;
    if (!status || !other || leaving || status.state === 'recovery') return null;
    if (this.#silence === 'restarting') return null;
    // What was heard before a long silence says nothing of now.
    if (!run && status.upload && this.#silence === 'lost') return null;
    const phase = run ? run.meter.phase : status.upload?.phase;
    if (phase && isUpload(phase) && run?.what !== 'back') {
      return { text: back.writing, warning: false };
    }
    // While it restarts, which one is the other is about to change.
    if (phase && phase !== 'confirming') return null;
    if (!other.valid) {
      // Before an update what runs is about to become it.
      const yet = this.#task().kind === 'chosen';
      return { text: yet ? back.notYet : back.none, warning: !yet };
    }
    const name = this.#name(other);
    const failed = this.#failedBefore();
    if (failed) return { text: back.failed(name, failed), warning: true };
    if (status.trial) {
      return { text: (this.#wentBack() ? back.forward : back.kept)(name), warning: false };
    }
    return this.#rest.back;
  }

  #otherIs() {
    return this.#other && this.#active ? relation(this.#other, this.#active) : 'other';
  }

  /** How the other one failed, here or for the device, as the end of a sentence. */
  #failedBefore(): string | null {
    const { failed } = this.#state;
    const { last, active } = this.#status ?? {};
    const how = this.#other && failed[idOf(this.#other)];
    if (how === THREW) return this.#w.whyThrew;
    if (how === SAID) return this.#w.whySaid;
    if (how) return whyBack(how, this.#w);
    if (!last?.reason || last.from !== 1 - (active ?? 0)) return null;
    if (last.outcome === 'rolled_back') return this.#w.whyTaken;
    return last.outcome === 'fell_back' ? whyBack(last.reason, this.#w) : null;
  }

  /** Somebody went back from the other one. */
  #wentBack(): boolean {
    return this.#status?.last?.outcome === 'rolled_back';
  }

  #mayGoBack(): boolean {
    const status = this.#status;
    const other = this.#other;
    if (!status || !other?.valid || status.upload || status.fault !== null) return false;
    if (status.state === 'recovery' || this.#otherIs() === 'identical') return false;
    // After "go back" it would lead forward again.
    return !status.trial || !this.#wentBack();
  }

  /** Names what differs where the versions are the same. */
  #otherName(): string {
    const other = this.#other;
    const name = this.#name(other);
    return other && name === this.#name(this.#active)
      ? `${name} (${differs(other, this.#w)})`
      : name;
  }

  // Technical details

  #details(): Section[] {
    const status = this.#status;
    const { details: d } = this.#w;
    if (!status) return [];
    const { device, last, trial, fault, slots, active, lowest_sequence: lowest } = status;
    const section = (heading: string, rows: (readonly [string, unknown])[]): Section => ({
      heading,
      rows: rows.filter(([, value]) => value).map(([name, value]) => [name, `${value}`]),
    });
    /** What a slot and a file tell alike. */
    const content = (of: Slot | ImageFile, size: string): [string, unknown][] => [
      [d.version, of.version],
      [d.build, of.build],
      [d.size, size],
      [d.api, range(of.api)],
      [d.sequence, of.sequence],
      [d.key, of.signer],
      [d.hash, of.sha256],
    ];
    const { file, end, report, run } = this.#state;
    const { sent } = run ?? {};
    // Which of the two the error is of that is told.
    const back = end?.kind === 'went_back' ? end.report : null;
    const failure = (back ?? report)?.failure;
    const failed = back ? 1 - active : active;
    return [
      section(d.device, [
        [d.name, device.name],
        [d.chip, device.chip],
        [d.firmware, device.firmware],
        [d.api, device.api],
        [d.key, status.signed_by?.join(', ')],
        [d.sequence, lowest && `≥ ${lowest}`],
        [d.uptime, this.#time(device.uptime_ms / 1000 + this.#age)],
        [d.boot, device.boot_id],
        [d.boots, trial && `${trial.boots_left}`],
        [d.last, last && changeOf(last, slots)],
        [d.fault, fault],
      ]),
      ...slots.map((slot, index) =>
        section(`${slot.label} (${index === active ? d.active : d.inactive})`, [
          ...content(
            slot,
            slot.valid ? d.of(this.#size(slot.used), this.#size(slot.size)) : this.#size(slot.size),
          ),
          [d.problem, slot.problem ?? (index === failed && failure && whole(failure))],
        ]),
      ),
      ...(file
        ? [
            section(d.file, [
              [d.name, file.name],
              ...content(file, this.#size(file.bytes)),
              [d.sends, sent && d.of(this.#size(sent.bytes), this.#size(sent.total))],
            ]),
          ]
        : []),
    ];
  }

  // Words for parts

  #name(what: Named | null): string {
    return nameOf(what, this.#w);
  }

  #time(seconds: number): string {
    return duration(seconds, this.#w);
  }

  /** Until the trial is over. All that tells it counts from here: two clocks differ by a second at times. */
  #left(): string {
    // The device tells whole seconds: rounded up, what is drawn between two answers never runs back.
    return this.#time(Math.ceil((this.#status?.trial?.seconds_left ?? 0) - this.#age));
  }

  #size(bytes: number): string {
    return size(bytes, this.#w);
  }
}

/** Lowest and highest, once where they are the same. */
const range = (api: object | null | undefined) => [...new Set(Object.values(api ?? {}))].join('–');

/** An answer that takes this long is no news. */
const QUIET_MS = 2000;

/** As the API tells it. */
const changeOf = ({ outcome, reason, from, to }: LastChange, slots: readonly Slot[]) =>
  `${outcome}${reason ? ` (${reason})` : ''}: ${slots[from]?.label} → ${slots[to]?.label}`;

const isPrimary = ({ rank }: Control) => rank === 'primary';

const isUpload = (phase: Phase) => !['restarting', 'confirming', 'done'].includes(phase);

/** An error, and where it is. */
const whole = ({ text, place }: PageFailure) => (place ? `${text} (${place})` : text);

/** The same, so short that what is to be pressed stays in sight; the details have all of it. */
const at = ({ text, place }: PageFailure) =>
  whole({ text: cut(text, ERROR_MAX), place: place && cut(place, PLACE_MAX) });

/** Characters of an error: four lines on a phone. */
const ERROR_MAX = 120;
/** Of the place: the name of a file with a hash, and where in it. */
const PLACE_MAX = 60;

const cut = (text: string, most: number) =>
  text.length > most ? `${text.slice(0, most - 1).trimEnd()}…` : text;
