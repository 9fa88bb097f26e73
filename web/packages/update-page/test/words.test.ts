// Every message: there is one for everything that can go wrong, and no two are the same.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Problem, Unreachable, type UnreachableKind } from '../src/device.js';
import { duration, size } from '../src/format.js';
import { NotAnImage } from '../src/image.js';
import { judge, refusal } from '../src/judge.js';
import type { LastChange, Status } from '../src/status.js';
import { describeLast } from '../src/last.js';
import { explain } from '../src/words.js';
import { de } from '../src/words/de.js';
import { en } from '../src/words/en.js';
import { SLOT_SIZE, settled } from './fake.js';

/** The slugs of the table of errors in the documentation of the API. */
function documented(): string[] {
  const docs = readFileSync(new URL('../../../../docs/http-api.md', import.meta.url), 'utf8');
  const table = docs.slice(docs.indexOf('\n## Errors'), docs.indexOf('\n## Files'));
  const rows = table.matchAll(/^\| \d{3} \| (.+?) \|/gm);
  return [...rows].flatMap(([, cell]) =>
    [...(cell ?? '').matchAll(/`([a-z-]+)`/g)].map(([, slug]) => slug as string),
  );
}

/**
 * Those that a request of the page never or hardly ever causes, or that its login deals with: the device's own words
 * are good enough.
 */
const IMPOSSIBLE = [
  'bad-body',
  'bad-digest',
  'bad-pass',
  'bad-patch',
  'bad-path',
  'bad-query',
  'bad-request',
  'bad-ssid',
  'compressed',
  'digest-mismatch',
  'ended-early',
  'expectation',
  'foreign-host',
  'foreign-origin',
  'headers-too-large',
  'http-version',
  'length-required',
  'login-busy',
  'media-type',
  'method',
  'no-answer',
  'no-frontend',
  'no-image',
  'no-memory',
  'no-place',
  'no-tls',
  'no-websocket',
  'not-found',
  'other-base',
  'range',
  'session-over',
  'stale-nonce',
  'target-too-long',
  'too-many-attempts',
  'too-many-live',
  'wrong-password',
];

const spoken = () => documented().filter((slug) => !IMPOSSIBLE.includes(slug));

const problem = (kind: string, detail = '') => new Problem(kind, 400, detail, 'Their title');
const UNREACHABLE: UnreachableKind[] = [
  'silent',
  'foreign',
  'lost',
  'restarted',
  'gone',
  'not_back',
  'not_restarted',
];
const everything = (): [string, unknown][] => [
  ...spoken().map((slug): [string, unknown] => [slug, problem(slug, 'what is wrong')]),
  ...UNREACHABLE.map((kind): [string, unknown] => [kind, new Unreachable(kind)]),
  ['no image', new NotAnImage('other')],
  ['aborted', new DOMException('aborted', 'AbortError')],
  ['anything else', new TypeError('x is not a function')],
];

test('every error of the documented API that the page can meet has words of its own', () => {
  const slugs = documented();
  expect(slugs.length).toBeGreaterThan(30);
  expect(slugs).toContain('too-slow');
  const fallback = explain(problem('from-the-future'));
  expect(fallback.title).toBe('Their title');
  for (const slug of spoken()) {
    expect(explain(problem(slug)).title, slug).not.toBe('Their title');
  }
  for (const slug of IMPOSSIBLE) {
    expect(slugs, 'is not in the table any more').toContain(slug);
    expect(explain(problem(slug)).title, slug).toBe('Their title');
  }
});

test('no two errors have the same title', () => {
  const all = everything().map(([, error]) => explain(error));
  const said = all.map((words) => words.title);
  expect(said.filter((text, i) => said.indexOf(text) !== i)).toEqual([]);
});

test.each(everything())('the words for %s are a title, sentences and a next step', (_, error) => {
  const { title, text, next } = explain(error);
  expect(title).toMatch(/^[A-Z][^.]{5,45}$/);
  expect(text).toMatch(/^[A-Zx].+\.$/);
  expect(next).toMatch(/^[A-Z].+\.$/);
  expect(text).not.toMatch(/undefined|null|\.\.| {2}/);
});

test('a title from the outside is not taken for words of ours', () => {
  for (const kind of ['constructor', '__proto__', 'toString']) {
    expect(explain(problem(kind)).title).toBe('Their title');
  }
});

test('what only the device knows is told as a sentence', () => {
  expect(explain(problem('not-now', 'the gate is moving')).text).toBe(
    'The gate is moving. The device still runs what it ran.',
  );
  const { text } = explain(problem('rejected', 'block 7 is used twice'));
  expect(text).toMatch(/^Block 7 is used twice\. /);
  const large = new Problem('too-large', 413, 'd', 't', SLOT_SIZE);
  expect(explain(large).text).toMatch(/ It has room for 1 MiB\. /);
  expect(explain(problem('from-the-future', 'it is new')).text).toMatch(/It is new\. /);
});

test('anything that is thrown has words', () => {
  for (const thrown of ['a text', null, undefined, 7, {}, new Error('')]) {
    const { title, text, next } = explain(thrown);
    expect([title, text, next].every(Boolean)).toBe(true);
  }
});

describe('the last change of slot', () => {
  const after = (last: LastChange | null, changes: Partial<Status> = {}): Status => {
    const status = settled();
    const slots = status.slots.map((slot, i) => ({ ...slot, version: i ? '1.5' : '1.4' }));
    return { ...status, slots, last, ...changes };
  };
  const told = (last: LastChange, changes: Partial<Status> = {}) => {
    const words = describeLast(after(last, changes));
    return `${words?.title}: ${words?.text}`;
  };

  test('is nothing where there was none', () => {
    expect(describeLast(after(null))).toBeNull();
  });

  test.each([
    ['not_confirmed', 'was not confirmed in time'],
    ['kept_restarting', 'kept restarting the device'],
    ['did_not_mount', 'could not be read from the flash'],
    [null, 'did not work'],
    ['something new', 'did not work'],
  ])('tells a fallback with its reason (%s)', (reason, why) => {
    const last = { outcome: 'fell_back', reason, from: 1, to: 0 } as LastChange;
    expect(told(last)).toContain(`The device went back to 1.4 because 1.5 ${why}.`);
  });

  test('tells an update, and whether it is still on trial', () => {
    const last = { outcome: 'updated', reason: null, from: 0, to: 1 } as const;
    expect(told(last)).toMatch(/^Updated to 1\.5/);
    const trial = { confirm: 'client', seconds_left: 9, boots_left: 1 } as const;
    expect(told(last, { state: 'trial', trial })).toMatch(/^1\.5 is on trial/);
  });

  test('tells a rollback and a frontend that was kept', () => {
    expect(told({ outcome: 'rolled_back', reason: null, from: 1, to: 0 })).toMatch(
      /^Went back to 1\.4: The device went back to 1\.4 because somebody asked for it\.$/,
    );
    expect(told({ outcome: 'rolled_back', reason: 'not_confirmed', from: 1, to: 0 })).toMatch(
      /asked for it, before 1\.5 was confirmed\.$/,
    );
    expect(told({ outcome: 'rolled_back', reason: null, from: 0, to: 1 })).toMatch(
      /^Went to 1\.5: The device went to 1\.5/,
    );
    expect(told({ outcome: 'kept', reason: 'no_way_back', from: 1, to: 1 })).toMatch(
      /^Kept 1\.5: .+ nothing to go back to/,
    );
  });

  test('names a frontend without a version by its slot', () => {
    const slots = settled().slots.map((slot) => ({ ...slot, version: null }));
    const last = { outcome: 'fell_back', reason: 'did_not_mount', from: 1, to: 0 } as const;
    expect(told(last, { slots })).toMatch(
      /back to the frontend in www_0 because the frontend in www_1 could not be read/,
    );
  });

  test('has no words for an outcome that is unknown', () => {
    const last = { outcome: 'invented', reason: null, from: 0, to: 1 } as unknown as LastChange;
    expect(describeLast(after(last))).toBeNull();
  });
});

describe('whether a device takes an image', () => {
  const facts = {
    bytes: 8192,
    version: '1',
    build: null,
    api: { min: 1, max: 2 },
    sequence: 6,
    signer: null as string | null,
    madeFor: SLOT_SIZE,
  };
  const [KEY, OTHER] = ['d75a980182b10ab7', '0123456789abcdef'];
  const signed = { signed_by: [OTHER, KEY] };
  const trial = { confirm: 'client', seconds_left: 9, boots_left: 1 } as const;
  const upload = { phase: 'writing', received: 0, written: 0, total: 8192 } as const;
  const with_api = (api: number) => ({ device: { ...settled().device, api } });
  const small = settled().slots.map((slot) => ({ ...slot, size: 0 }));

  test('is not questioned without a reason', () => {
    expect(judge(facts, settled())).toBeNull();
    expect(judge({ ...facts, bytes: SLOT_SIZE }, settled())).toBeNull();
    expect(judge({ ...facts, api: null }, { ...settled(), ...with_api(9) })).toBeNull();
    expect(judge(facts, { ...settled(), ...with_api(2) })).toBeNull();
    expect(judge(facts, { ...settled(), state: 'recovery' })).toBeNull();
    // Whoever signed it, where the device does not ask for that.
    for (const keys of [{}, { signed_by: null }]) {
      expect(judge({ ...facts, signer: KEY }, { ...settled(), ...keys })).toBeNull();
    }
    for (const signer of [KEY, OTHER]) {
      expect(judge({ ...facts, signer }, { ...settled(), ...signed })).toBeNull();
    }
    for (const lowest of [undefined, null, 0, 5, 6]) {
      const most = lowest === undefined ? {} : { lowest_sequence: lowest };
      expect(judge(facts, { ...settled(), ...most })).toBeNull();
    }
  });

  test.each([
    ['too large', { bytes: SLOT_SIZE + 4096 }, {}, 'too-large'],
    ['made for a larger slot', { madeFor: 2 * SLOT_SIZE }, {}, 'not-an-image'],
    ['for a newer firmware', { api: { min: 2, max: 3 } }, {}, 'other-firmware'],
    ['for an older firmware', {}, with_api(3), 'other-firmware'],
    ['not signed', {}, signed, 'not-signed'],
    ['signed by somebody else', { signer: OTHER }, { signed_by: [KEY] }, 'other-key'],
    ['a step back', {}, { lowest_sequence: 7 }, 'step-back'],
    ['a step back and not counted', { sequence: 0 }, { lowest_sequence: 1 }, 'step-back'],
    ['not signed and a step back', {}, { ...signed, lowest_sequence: 7 }, 'not-signed'],
    [
      'for other firmware and a step back',
      {},
      { ...with_api(3), lowest_sequence: 7 },
      'other-firmware',
    ],
    ['refused on trial', {}, { state: 'trial', trial }, 'on-trial'],
    ['refused by a busy device', {}, { upload }, 'busy'],
    ['refused before a restart', {}, { upload: { ...upload, phase: 'restarting' } }, 'restarting'],
    ['refused at fault', {}, { fault: 'page 2' }, 'nvs-fault'],
    ['refused without slots', {}, { slots: small }, 'no-slots'],
  ] as const)('is told when it is %s', (_, wrong, changes, kind) => {
    const words = judge({ ...facts, ...wrong }, { ...settled(), ...changes } as Status);
    expect(words?.title).toBe(explain(problem(kind)).title);
  });

  test('is told of other firmware with the one that would do', () => {
    expect(judge({ ...facts, api: { min: 2, max: 3 } }, settled())?.text).toMatch(
      /^It needs firmware API 2 to 3, this device has 1\. /,
    );
    expect(judge({ ...facts, api: { min: 2, max: 2 } }, settled())?.text).toMatch(/ API 2, this/);
  });

  test('is not told of signature and sequence before there is a file', () => {
    const strict = { ...settled(), ...signed, lowest_sequence: 7 };
    expect(refusal({ bytes: 0 }, strict)).toBeNull();
  });

  test.each(['not-signed', 'other-key', 'bad-signature', 'step-back'])(
    'has words of its own for %s, in each language',
    (slug) => {
      for (const words of [en, de]) {
        const { title, text, next } = explain(problem(slug), words);
        expect(title).not.toBe('Their title');
        expect(text).not.toMatch(/^what/i);
        expect(next).not.toBe(words.loadAnew);
      }
    },
  );
});

describe('the tables of words', () => {
  /** What stands for a part of a sentence: no word of any language. */
  const PARTS = ['%1', '%2', '%3'];
  const flat = (value: unknown, path: string, into: Map<string, string>): Map<string, string> => {
    const filled: unknown =
      typeof value === 'function' ? (value as (...parts: string[]) => unknown)(...PARTS) : value;
    if (typeof filled === 'string') into.set(path, filled);
    else {
      for (const [key, inner] of Object.entries(filled as object)) {
        flat(inner, `${path}.${key}`, into);
      }
    }
    return into;
  };
  const [english, german] = [flat(en, '', new Map()), flat(de, '', new Map())];

  test('have the same keys', () => {
    expect([...german.keys()].sort()).toEqual([...english.keys()].sort());
    expect(english.size).toBeGreaterThan(180);
  });

  test('say every part that they are given, in every language', () => {
    const parts = (text: string) => PARTS.filter((part) => text.includes(part));
    for (const [key, text] of english) {
      expect(parts(german.get(key) ?? ''), key).toEqual(parts(text));
    }
  });

  test('are whole sentences of a length that one reads', () => {
    for (const [key, text] of [...english, ...german]) {
      expect(text, key).not.toMatch(/undefined|null|\.\.|^\s|\s$|\s{2}/);
      for (const sentence of text.split(/[.:;!?] /)) {
        expect(sentence.split(/\s+/).length, `${key}: ${sentence}`).toBeLessThanOrEqual(22);
      }
    }
  });

  /** Those that German does not have as well, such as "was" or "in". */
  const ENGLISH =
    /\b(the|and|is|are|were|has|have|it|its|of|to|for|with|by|not|no|this|that|what|back|device|file|running|frontend|choose|keep|again|try|old|new|your)\b/i;

  test('have no English left in German, and nothing untranslated', () => {
    for (const [key, text] of german) expect(text, key).not.toMatch(ENGLISH);
    /** The same in both: names, units, numbers, and words that German has taken in. */
    const words = (text: string) => /[a-z]{3}/i.test(text) || text.includes('/');
    const same = [...german].filter(([key, text]) => words(text) && text === english.get(key));
    expect(same.map(([key, text]) => `${key}: ${text}`)).toEqual([
      '.bar.speed: %1/s',
      '.details.name: Name',
      '.details.chip: Chip',
      '.details.firmware: Firmware',
      '.details.api: API',
      '.details.version: Version',
      '.details.build: Build',
      '.details.hash: SHA-256',
      '.details.problem: Problem',
    ]);
  });

  test('name nothing that only a developer knows, but in the details', () => {
    for (const [key, text] of [...english, ...german]) {
      if (!key.startsWith('.details.')) expect(text, key).not.toMatch(/\b(slots?|image|trials)\b/i);
    }
  });

  test('explain every error in German, too', () => {
    for (const [what, error] of everything()) {
      const { title, text, next } = explain(error, de);
      for (const said of [title, text, next]) expect(said, what).not.toMatch(/undefined/);
      expect(title, what).not.toBe(explain(error).title);
    }
  });

  test('write sizes and times as each language does', () => {
    expect(size(1_572_864, en)).toBe('1.5 MiB');
    expect(size(1_572_864, de)).toBe('1,5 MiB');
    expect(size(303_104, de)).toBe('296 KiB');
    expect([42, 185, 7800, 356_400].map((s) => duration(s, en))).toEqual([
      '42 s',
      '3 min 5 s',
      '2 h 10 min',
      '4 d 3 h',
    ]);
    expect(duration(356_400, de)).toBe('4 T 3 Std.');
  });
});
