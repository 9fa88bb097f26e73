// What the device tells of its lamp, its sensor and its log, as far as it has the right shape.

export interface Lamp {
  readonly on: boolean;
  /** Such as `#ffaa00`, in lower case. */
  readonly colour: string;
}

/** Readings, the oldest first. */
export interface Series {
  readonly everyMs: number;
  readonly unit: string;
  readonly values: readonly number[];
}

/** As many as the device keeps. */
const VALUES = 300;
const LINES = 100;

/** Fields of JSON; none of what is no object. */
function fields(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

const isReading = (value: unknown): value is number => Number.isFinite(value);

export function parseLamp(text: string): Lamp | null {
  const { on, colour } = fields(text);
  if (typeof on !== 'boolean' || typeof colour !== 'string') return null;
  return /^#[\da-f]{6}$/i.test(colour) ? { on, colour: colour.toLowerCase() } : null;
}

export const isSame = (a: Lamp, b: Lamp): boolean => a.on === b.on && a.colour === b.colour;

export function parseSeries(text: string): Series | null {
  const { every_ms: everyMs, unit, celsius } = fields(text);
  if (!isReading(everyMs) || everyMs <= 0 || !Array.isArray(celsius)) return null;
  const values = celsius.filter(isReading).slice(-VALUES);
  return { everyMs, unit: typeof unit === 'string' ? unit.slice(0, 8) : '', values };
}

/** With what an event of the sensor tells. */
export function withReading(series: Series, text: string): Series {
  const { celsius } = fields(text);
  if (!isReading(celsius)) return series;
  return { ...series, values: [...series.values, celsius].slice(-VALUES) };
}

export const parseLog = (text: string): readonly string[] =>
  text
    .split(/\r?\n/)
    .filter((line) => line)
    .slice(-LINES);

/** With what an event of the log tells. */
export function withLine(lines: readonly string[], text: string): readonly string[] {
  const { line } = fields(text);
  return typeof line === 'string' ? [...lines, line].slice(-LINES) : lines;
}
