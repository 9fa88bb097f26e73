// The chart of a sensor as numbers and words; Sensor.svelte draws it.
import type { Series } from './data.js';

/** The drawing, in units of its own: it is stretched to the width that there is. */
export const WIDTH = 300;
export const HEIGHT = 100;

/** What a sensor's noise is not blown up beyond. */
const LEAST_SPAN = 1;

/** Lowest and highest of what is drawn, in whole halves, so that the lines stay where they are. */
export function bounds(values: readonly number[]): readonly [low: number, high: number] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const [from, to] = [Math.floor(low * 2) / 2, Math.ceil(high * 2) / 2];
  const more = Math.max(0, LEAST_SPAN - (to - from)) / 2;
  return [from - more, to + more];
}

/** Where a reading is; the newest is at the right, also while there are few. */
export function place(
  values: readonly number[],
  at: number,
  most: number,
  [low, high] = bounds(values),
): [x: number, y: number] {
  const x = WIDTH - ((values.length - 1 - at) * WIDTH) / Math.max(1, most - 1);
  const y = HEIGHT - (((values[at] ?? low) - low) * HEIGHT) / (high - low);
  return [Math.round(x * 10) / 10, Math.round(y * 10) / 10];
}

/** The line through all readings as the `d` of a path. */
export function path(values: readonly number[], most: number): string {
  const edges = bounds(values);
  return values
    .map((_, at) => `${at ? 'L' : 'M'}${place(values, at, most, edges).join(' ')}`)
    .join('');
}

/** Such as `21.6 °C`. */
export const reading = (value: number, unit: string): string => `${value.toFixed(1)} ${unit}`;

/** Such as `2 min 5 s`. */
export function span(ms: number): string {
  const seconds = Math.round(ms / 1000);
  const [min, s] = [Math.floor(seconds / 60), seconds % 60];
  return [min && `${min} min`, (s || !min) && `${s} s`].filter(Boolean).join(' ');
}

/** The chart for who does not see it. */
export function summary({ values, unit, everyMs }: Series): string {
  if (!values.length) return 'No readings yet.';
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const time = span((values.length - 1) * everyMs);
  return `Between ${reading(low, unit)} and ${reading(high, unit)} in the last ${time}.`;
}

/** A reading that is looked at, and when it was. */
export function told({ values, unit, everyMs }: Series, at: number): string {
  const value = values[at];
  if (value === undefined) return '';
  const past = values.length - 1 - at;
  return `${reading(value, unit)}${past ? `, ${span(past * everyMs)} ago` : ' now'}`;
}
