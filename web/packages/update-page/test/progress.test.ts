// The one bar over a whole update.
import { expect, test } from 'vitest';
import { advance, secondsLeft, startMeter, type Meter } from '../src/progress.js';
import type { UpdateState } from '../src/update.js';

const TOTAL = 600_000;
const writing = (written: number) => ({ phase: 'writing', written, total: TOTAL }) as const;

/** The bar after these states, `ms` apart. */
function follow(states: (UpdateState | { phase: 'done' })[], ms = 500): Meter[] {
  let meter = startMeter('sending', TOTAL, 0);
  return states.map((state, i) => (meter = advance(meter, state, (i + 1) * ms)));
}

const WHOLE: (UpdateState | { phase: 'done' })[] = [
  { phase: 'sending', received: 0, total: TOTAL },
  { phase: 'sending', received: 60_000, total: TOTAL },
  writing(4096),
  writing(200_000),
  writing(400_000),
  writing(600_000),
  { phase: 'checking', total: TOTAL },
  { phase: 'checking', total: TOTAL },
  { phase: 'switching', total: TOTAL },
  { phase: 'restarting' },
  { phase: 'restarting' },
  { phase: 'confirming', secondsLeft: 300 },
  { phase: 'confirming', secondsLeft: 299 },
  { phase: 'done' },
];

test('it begins empty, only ever grows, and is full at the end and not before', () => {
  const values = follow(WHOLE).map(({ value }) => value);
  expect(values[0]).toBe(0);
  expect(values).toEqual([...values].sort((a, b) => a - b));
  expect(new Set(values).size).toBeGreaterThan(10);
  expect(values.at(-1)).toBe(1);
  expect(values.at(-2)).toBeLessThan(1);
});

test('nothing that leads back is news, whatever comes in whatever order', () => {
  let seed = 20_261_128;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  for (let round = 0; round < 200; round++) {
    const states = Array.from({ length: 30 }, () => WHOLE[random(WHOLE.length)] ?? writing(0));
    let before = startMeter('sending', TOTAL, 0);
    for (const [i, state] of states.entries()) {
      const after = advance(before, state, i * 100);
      expect(after.value).toBeGreaterThanOrEqual(before.value);
      expect(after.written).toBeGreaterThanOrEqual(before.written);
      expect(after.value).toBeLessThanOrEqual(1);
      before = after;
    }
  }
});

test('a connection that was lost is no step back, and what was lost no pace', () => {
  const states = [
    writing(4096),
    writing(200_000),
    { phase: 'reconnecting', total: TOTAL },
  ] as const;
  const [, before, lost] = follow([...states]);
  expect(lost).toMatchObject({ phase: 'reconnecting', value: before?.value, written: 200_000 });
  expect(before?.speed).not.toBeNull();
  expect(lost?.speed).toBeNull();
  expect(secondsLeft(lost as Meter, 2000)).toBeNull();
  // The device goes over what it has already, and on.
  const on = follow([...states, { phase: 'sending', received: 0, total: TOTAL }, writing(50_000)]);
  expect(on.at(-1)).toMatchObject({ phase: 'writing', value: before?.value, written: 200_000 });
  expect(follow([...states, writing(300_000)]).at(-1)?.value).toBeGreaterThan(before?.value ?? 1);
});

test('no step of it is a jump: phases meet where the one before ends', () => {
  const [last, check] = follow([writing(TOTAL), { phase: 'checking', total: TOTAL }]);
  expect((check?.value ?? 0) - (last?.value ?? 0)).toBeLessThan(0.01);
  const first = follow([{ phase: 'sending', received: 60_000, total: TOTAL }, writing(4096)]);
  expect((first[1]?.value ?? 0) - (first[0]?.value ?? 0)).toBeLessThan(0.01);
});

test('bytes that do not move do not move the bar', () => {
  const values = follow([writing(1000), writing(1000), writing(1000)]).map(({ value }) => value);
  expect(new Set(values).size).toBe(1);
});

test('it moves through a phase without bytes, slower and slower, and never to its end', () => {
  const restarting = Array.from({ length: 100 }, () => ({ phase: 'restarting' }) as const);
  const values = follow(restarting).map(({ value }) => value);
  expect(new Set(values.slice(0, 20)).size).toBe(20);
  expect(values.at(-1)).toBeLessThanOrEqual(0.88);
});

test('the speed is smooth, and what it says of the time left comes true', () => {
  // 60 kB a second, and one second without any.
  const bytes = [30, 60, 90, 90, 90, 120, 150, 180, 210, 240, 270, 300].map((kb) => kb * 1000);
  const meters = follow(bytes.map((at) => writing(at)));
  const speeds = meters.map(({ speed }) => speed ?? 0);
  expect(Math.min(...speeds)).toBeGreaterThan(30_000);
  expect(Math.max(...speeds)).toBeLessThan(121_000);
  const last = meters.at(-1) as Meter;
  const left = secondsLeft(last, meters.length * 500) ?? 0;
  // 300 kB more, and what comes after it.
  expect(left).toBeGreaterThan(5 + 4);
  expect(left).toBeLessThan(7 + 10);
});

test('nobody knows a time left before there is a speed', () => {
  expect(secondsLeft(startMeter('sending', TOTAL, 0), 100)).toBeNull();
});

test('an update without bytes of ours has a bar, too', () => {
  const begun = startMeter('restarting', 0, 0);
  expect(begun.value).toBe(0.72);
  expect(advance(begun, { phase: 'restarting' }, 1000).value).toBeGreaterThan(0.72);
});
