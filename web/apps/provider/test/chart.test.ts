// Where the chart draws what, and what it says to whom does not see it.
import { expect, test } from 'vitest';
import { HEIGHT, WIDTH, bounds, path, place, span, summary, told } from '../src/live/chart.js';

test.each([
  [[21.5], [21, 22]],
  [
    [21.5, 21.6],
    [21.25, 22.25],
  ],
  [
    [20.1, 22.9],
    [20, 23],
  ],
  [
    [-0.2, 0.1],
    [-0.5, 0.5],
  ],
  [
    [21.4, 21.4, 21.3],
    [20.75, 21.75],
  ],
])('%j is drawn between %j', (values, edges) => {
  expect(bounds(values)).toEqual(edges);
});

test('noise is not blown up, and a line does not leave the drawing', () => {
  for (let n = 0; n < 200; n++) {
    const values = Array.from({ length: 1 + (n % 9) }, (_, i) => Math.sin(n * 7 + i) * 40);
    const [low, high] = bounds(values);
    expect(high - low).toBeGreaterThanOrEqual(1);
    for (const at of values.keys()) {
      const [x, y] = place(values, at, 9);
      expect(x).toBeGreaterThanOrEqual(0);
      expect(x).toBeLessThanOrEqual(WIDTH);
      expect(y).toBeGreaterThanOrEqual(0);
      expect(y).toBeLessThanOrEqual(HEIGHT);
    }
  }
});

test('the newest reading is at the right, and a higher one is higher', () => {
  expect(place([20, 21], 1, 301)).toEqual([WIDTH, 0]);
  expect(place([20, 21], 0, 301)).toEqual([WIDTH - 1, HEIGHT]);
  expect(path([20, 21, 20.5], 3)).toBe('M0 100L150 0L300 50');
  expect(path([20], 1)).toMatch(/^M300 \d/);
  expect(path([], 300)).toBe('');
});

test.each([
  [0, '0 s'],
  [999, '1 s'],
  [59_000, '59 s'],
  [60_000, '1 min'],
  [299_000, '4 min 59 s'],
])('%i ms are %s', (ms, text) => {
  expect(span(ms)).toBe(text);
});

test('the chart is told in words', () => {
  const series = { everyMs: 1000, unit: '°C', values: [21.52, 22.04, 21.3] };
  expect(summary(series)).toBe('Between 21.3 °C and 22.0 °C in the last 2 s.');
  expect(summary({ ...series, values: [] })).toBe('No readings yet.');
  expect(told(series, 2)).toBe('21.3 °C now');
  expect(told(series, 0)).toBe('21.5 °C, 2 s ago');
  expect(told(series, 3)).toBe('');
});
