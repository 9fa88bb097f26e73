// What a device may say of its lamp, its sensor and its log, and what is made of it.
import { expect, test } from 'vitest';
import {
  isSame,
  parseLamp,
  parseLog,
  parseSeries,
  withLine,
  withReading,
  type Series,
} from '../src/live/data.js';

test.each([
  ['{"on":true,"colour":"#ffaa00"}', { on: true, colour: '#ffaa00' }],
  ['{"on":false,"colour":"#FFAA00","more":1}', { on: false, colour: '#ffaa00' }],
  ['{"on":1,"colour":"#ffaa00"}', null],
  ['{"on":true}', null],
  ['{"on":true,"colour":"red"}', null],
  ['{"on":true,"colour":"#fa0"}', null],
  ['{"on":true,"colour":"#ffaa00;x"}', null],
  ['null', null],
  ['[]', null],
  ['', null],
  ['{"on":tr', null],
])('of the lamp %s is %o', (text, lamp) => {
  expect(parseLamp(text)).toEqual(lamp);
});

test('a lamp is the same where both parts are', () => {
  const lamp = { on: true, colour: '#ffaa00' };
  expect(isSame(lamp, { ...lamp })).toBe(true);
  expect(isSame(lamp, { ...lamp, on: false })).toBe(false);
  expect(isSame(lamp, { ...lamp, colour: '#ffaa01' })).toBe(false);
});

test.each([
  [
    '{"every_ms":1000,"unit":"°C","celsius":[21.5,21.6]}',
    { everyMs: 1000, unit: '°C', values: [21.5, 21.6] },
  ],
  ['{"every_ms":250,"celsius":[]}', { everyMs: 250, unit: '', values: [] }],
  [
    '{"every_ms":1,"unit":"something long","celsius":[1,null,"2",3,{}]}',
    { everyMs: 1, unit: 'somethin', values: [1, 3] },
  ],
  ['{"every_ms":0,"celsius":[1]}', null],
  ['{"every_ms":-1,"celsius":[1]}', null],
  ['{"every_ms":"1","celsius":[1]}', null],
  ['{"every_ms":1000,"celsius":1}', null],
  ['<h1>Not found</h1>', null],
])('of the sensor %s is %o', (text, series) => {
  expect(parseSeries(text)).toEqual(series);
});

test('as many readings are kept as the device keeps', () => {
  const many = Array.from({ length: 1000 }, (_, n) => n);
  const series = parseSeries(JSON.stringify({ every_ms: 1, celsius: many })) as Series;
  expect([series.values.length, series.values[0]]).toEqual([300, 700]);
  const next = withReading(series, '{"celsius":1000}');
  expect([next.values.length, next.values[0], next.values.at(-1)]).toEqual([300, 701, 1000]);
  for (const wrong of ['', '{}', '{"celsius":null}', '{"celsius":"1"}', 'NaN', '{"celsius":1e999}'])
    expect(withReading(series, wrong), wrong).toBe(series);
});

test('of the log its last lines are kept, and nothing that is none', () => {
  expect(parseLog('')).toEqual([]);
  expect(parseLog('one\r\ntwo\n\nthree\n')).toEqual(['one', 'two', 'three']);
  const many = Array.from({ length: 500 }, (_, n) => `${n}`);
  const lines = parseLog(many.join('\n'));
  expect([lines.length, lines[0]]).toEqual([100, '400']);
  expect(withLine(lines, '{"line":"new"}')).toEqual([...lines.slice(1), 'new']);
  for (const wrong of ['', '[]', '{"line":1}', '{"lines":"x"}'])
    expect(withLine(lines, wrong), wrong).toBe(lines);
});
