// One bar over a whole update: a number from 0 to 1 that never runs back.
import type { UpdateState } from './update.js';

export type Phase = UpdateState['phase'] | 'done';

/** Where the bar is, and what its figures are. Times are milliseconds since 1970. */
export interface Meter {
  readonly phase: Phase;
  /** 0 to 1. */
  readonly value: number;
  /** Of the image, on flash so far; 0 of 0 where there is none here. */
  readonly written: number;
  readonly total: number;
  /** Bytes a second, smoothed; null while nobody can know. */
  readonly speed: number | null;
  /** When it entered this phase. */
  readonly since: number;
  /** What the speed was measured from. */
  readonly mark: { readonly at: number; readonly written: number };
}

/**
 * Where each phase begins and ends, and the milliseconds that it usually takes (of those that count
 * no bytes): by the pace of a chip with a frontend of some 600 KiB.
 */
const SPANS: Record<Phase, readonly [from: number, to: number, usual: number]> = {
  reconnecting: [0, 0.62, 0],
  sending: [0, 0.62, 0],
  writing: [0, 0.62, 0],
  checking: [0.62, 0.7, 1000],
  switching: [0.7, 0.72, 300],
  restarting: [0.72, 0.88, 4000],
  confirming: [0.88, 0.99, 4000],
  done: [1, 1, 0],
};
const ORDER = Object.keys(SPANS) as Phase[];

/** How much of the speed is what was measured last. */
const SMOOTH = 0.3;
/** A speed over less time than this is noise. */
const MEASURE_MS = 400;

export function startMeter(phase: Phase, total: number, now: number): Meter {
  const mark = { at: now, written: 0 };
  const value = SPANS[phase][0];
  return { phase, value, written: 0, total, speed: null, since: now, mark };
}

/** The bar after what the client reports; what would lead back is no news. */
export function advance(meter: Meter, state: UpdateState | { phase: 'done' }, now: number): Meter {
  const { phase } = state;
  const again = phase === 'reconnecting';
  if (!again && ORDER.indexOf(phase) < ORDER.indexOf(meter.phase)) return meter;
  const since = phase === meter.phase ? meter.since : now;
  const total = 'total' in state ? state.total : meter.total;
  const none = again || phase === 'sending';
  const flashed = 'written' in state ? state.written : none ? 0 : total;
  const written = Math.max(meter.written, Math.min(flashed, total));
  const [from, to, usual] = SPANS[phase];
  // Slower and slower towards the end, which only the next phase reaches.
  const part = usual ? 1 - Math.exp((since - now) / usual) : total ? written / total : 0;
  const value = Math.max(meter.value, from + (to - from) * part);
  // What was lost is no pace.
  const anew = { speed: null, mark: { at: now, written } };
  const { speed, mark } = again ? anew : measure(meter, written, now);
  return { phase, value, written, total, speed, since, mark };
}

function measure({ speed, mark }: Meter, written: number, now: number) {
  const ms = now - mark.at;
  if (written === mark.written || ms < MEASURE_MS) return { speed, mark };
  const latest = ((written - mark.written) * 1000) / ms;
  const smooth = speed === null ? latest : speed + (latest - speed) * SMOOTH;
  return { speed: smooth, mark: { at: now, written } };
}

/** Seconds that the rest of the update usually takes; null while nobody can know. */
export function secondsLeft(meter: Meter, now: number): number | null {
  const { phase, total, written, speed, since } = meter;
  const later = ORDER.slice(ORDER.indexOf(phase) + 1).reduce((sum, at) => sum + SPANS[at][2], 0);
  if (phase === 'sending' || phase === 'writing') {
    return speed ? (total - written) / speed + later / 1000 : null;
  }
  if (phase === 'reconnecting') return null;
  return Math.max(1, (SPANS[phase][2] - (now - since) + later) / 1000);
}
