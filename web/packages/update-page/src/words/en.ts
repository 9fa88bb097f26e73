// English. Words for somebody who has a phone and a file; technical ones only in the details.
import { more } from './more.js';
import { rest } from './rest.js';
import type { Words } from './words.js';

export const en: Words = {
  ...rest,
  ...more,
  runs: { ...rest.runs, ...more.runs },
  task: { ...rest.task, ...more.task },
  controls: { ...rest.controls, ...more.controls },
  back: { ...rest.back, ...more.back },
  notices: { ...rest.notices, ...more.notices },
  unreachable: { ...rest.unreachable, ...more.unreachable },
  details: { ...rest.details, ...more.details },
};
