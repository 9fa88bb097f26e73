// What is shown while nobody does anything, and what all views share. The rest is drawn by view.ts, which
// is loaded when it is wanted.
import { relation } from './compare.js';
import { duration, size } from './format.js';
import { silenceOf, type Silence } from './silence.js';
import type { Control, ControlId, Notice, Tone, View } from './shown.js';
import type { End, Named, State } from './state.js';
import type { Slot } from './status.js';
import type { Row, RestWords } from './words/words.js';

/** How often the page has to be drawn anew while nothing else happens: times count in seconds. */
export const TICK_MS = 1000;

/** An end that needs no explaining. */
export const isCalm = (end: End) =>
  end.kind === 'updated' ? end.how === 'proved' : end.kind === 'rolled_back' && !end.forward;

/** What a frontend on the device is remembered by. */
export const idOf = ({ build, sha256 }: Slot) => build ?? sha256 ?? '';

/** Whether something is to be told or done that only the part on demand can. */
export function isWanted({ status, end, run, file, failed }: State): boolean {
  const { last, trial, upload, fault, slots, active } = status ?? {};
  return !!(
    run ||
    file ||
    (end && !isCalm(end)) ||
    trial ||
    upload ||
    fault ||
    slots?.some((slot) => !slot.size || failed[idOf(slot)]) ||
    (last?.reason && last.from !== active)
  );
}

/** What follows from a state for every part of the page. */
export interface Known {
  readonly active: Slot | null;
  readonly other: Slot | null;
  readonly silence: Silence;
  /** Seconds since the status was true. */
  readonly age: number;
}

export function known(state: State, now: number): Known {
  const { status, heard } = state;
  return {
    active: status?.slots[status.active] ?? null,
    other: status?.slots[1 - status.active] ?? null,
    silence: silenceOf(state, now),
    age: Math.max(0, now - heard) / 1000,
  };
}

export const nameOf = (what: Named | null, w: RestWords) => what?.version ?? w.unnamed;

/** What tells a frontend from another one of the same name. */
export const differs = ({ build, sha256, label, used }: Slot, w: RestWords) =>
  w.back.build((build ?? sha256 ?? label).slice(0, 8), size(used, w));

export const say = (tone: Tone, [title, text = '', next = '']: Row): Notice => ({
  tone,
  title,
  text,
  next,
  link: null,
});

/** A control as most are. */
export const put = (
  id: ControlId,
  label: string,
  more?: Partial<Omit<Control, 'id' | 'label'>>,
): Control => ({
  id,
  label,
  rank: 'secondary',
  place: 'task',
  disabled: false,
  href: null,
  ask: null,
  ...more,
});

/** The page at rest; where more than that is wanted, what can be told without it. */
export function restView(state: State, w: RestWords, now: number): View {
  const { status, silent, foreign, denied, locked, end, leaving, stale, busy, missing } = state;
  const { active, other, silence, age } = known(state, now);
  const { runs, notices, controls: c, back: b } = w;
  const wanted = isWanted(state);
  const lost = silence === 'lost';
  const recovery = status?.state === 'recovery';
  const settled = status?.state === 'settled';
  const calm = end && isCalm(end) && !lost ? end : null;
  const name = nameOf(active, w);
  const time = (seconds: number) => duration(seconds, w);
  const controls: Control[] = [];

  const told = (): Notice | null => {
    if (leaving) return null;
    if (calm && 'to' in calm) {
      const row = calm.kind === 'updated' ? notices.updated : notices.rolledBack;
      return say('good', row(nameOf(calm.to, w)));
    }
    if (denied) return say('warning', locked ? notices.locked : notices.denied);
    if (lost) return say('bad', foreign ? w.unreachable.foreign : notices.silent);
    if (recovery) return say('bad', notices.recovery);
    if (stale && (missing || settled)) return say('info', notices.stale);
    return missing ? say('bad', notices.missing) : null;
  };

  const look = (): View['runs'] => {
    const as = (text: string, tone: Tone = 'info') => ({ name, text, tone });
    if (!status) return { ...as(w.asking), name: '' };
    if (leaving) return as(runs.loading, 'good');
    if (lost) return as(runs.silent(time((now - (silent ?? 0)) / 1000)), 'bad');
    if (recovery) return { ...as(runs.recovery, 'bad'), name: w.nothing };
    if (status.trial) return as('');
    const uptime = time(status.device.uptime_ms / 1000 + age);
    return status.last?.outcome === 'kept'
      ? as(runs.kept(uptime), 'warning')
      : as(runs.settled(uptime), 'good');
  };

  const line = (): View['back'] => {
    if (!other || leaving || recovery) return null;
    if (!other.valid) return { text: b.none, warning: true };
    const there = nameOf(other, w);
    const is = active ? relation(other, active) : 'other';
    const same = is === 'same' || there === name;
    const full = there === name ? `${there} (${differs(other, w)})` : there;
    const text =
      is === 'identical'
        ? b.identical
        : same
          ? b.same(there, differs(other, w))
          : (is === 'newer' ? b.newer : b.kept)(there);
    if (!wanted && is !== 'identical') {
      const label = is === 'newer' ? c.goForward : c.goBack;
      controls.push(
        put('goBack', label(full), {
          place: 'back',
          disabled: busy || lost,
        }),
      );
    }
    return { text, warning: false };
  };

  const notice = told();
  const free = status && !wanted && !leaving;
  if (free) controls.push(put('choose', c.choose, { rank: 'primary', disabled: busy }));
  if (stale && (missing || settled) && !lost && !leaving) {
    const rank = free ? 'secondary' : 'primary';
    controls.push(put('reload', c.reload, { place: 'notice', rank, disabled: busy }));
  } else if ((missing || locked) && !leaving)
    controls.push(put('tryAgain', c.tryAgain, { place: 'notice', disabled: busy }));
  if (calm && notice) controls.push(put('dismiss', c.dismiss, { place: 'notice', disabled: busy }));
  return {
    title: status?.device.name ?? w.heading,
    runs: look(),
    notice,
    task: free ? { kind: 'choose', hint: w.task.chooseHint } : { kind: 'none', text: '' },
    back: line(),
    controls,
    details: { heading: w.details.heading, sections: [] },
    spoken: notice?.title ?? '',
  };
}
