// Errors and the last change in words for people.
import { type Failure, failureOf } from './failure.js';
import { size } from './format.js';
import { en } from './words/en.js';
import type { Message, Row, Words } from './words/words.js';

export type { Message, Words } from './words/words.js';

/** A row of the table with what it leaves out. */
const message = ([title, text = '', next = '']: Row): Message => ({ title, text, next });

/** Words for anything that `update`, `readImage` or a `Device` throws. */
export function explain(error: unknown, words: Words = en): Message {
  return explainFailure(failureOf(error), words);
}

export function explainFailure(failure: Failure, w: Words): Message {
  const { loadAnew } = w;
  switch (failure.kind) {
    case 'unreachable':
      return message(w.unreachable[failure.why]);
    case 'file':
      return message(w.files[failure.why](failure.value));
    case 'aborted':
      return message(w.aborted);
    case 'problem': {
      const { type, slotSize, detail, title } = failure;
      // Anything has the properties of its prototype, such as `constructor`.
      const row: Row = (Object.hasOwn(w.problems, type) && w.problems[type]) || [title];
      const what = row[1] || sentence(detail || title);
      const room = slotSize ? ` ${w.holds(size(slotSize, w))}` : '';
      return message([row[0], `${what}${room} ${w.stillRuns}`, row[2] ?? loadAnew]);
    }
    default:
      return message([w.broken, sentence(failure.message), loadAnew]);
  }
}

const sentence = (text: string) =>
  `${text.slice(0, 1).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`;

/** Why the device went back, as the end of a sentence. */
export const whyBack = (reason: string | null, w: Words): string =>
  (Object.hasOwn(w.why, reason ?? '') && w.why[reason ?? '']) || w.whyUnknown;
