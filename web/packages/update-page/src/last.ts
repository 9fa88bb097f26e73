// The last change of slot in words, for commands and for pages without the component.
import { compareVersions } from './compare.js';
import type { Status } from './status.js';
import { whyBack, type Message } from './words.js';
import { en } from './words/en.js';

/** Words such as "went back to 1.4 because 1.5 was not confirmed in time". */
export function describeLast({ last, slots, state }: Status): Message | null {
  if (!last) return null;
  // What is damaged has no version any more.
  const name = (slot: number) => {
    const { version = null, label = slot } = slots[slot] ?? {};
    return version ?? `the frontend in ${label}`;
  };
  const [to, from] = [name(last.to), name(last.from)];
  switch (last.outcome) {
    case 'updated':
      return state === 'trial'
        ? {
            title: `${to} is on trial`,
            text: 'Not confirmed in time, it is taken back.',
            next: 'Keep it or go back.',
          }
        : { title: `Updated to ${to}`, text: `It replaced ${from}.`, next: '' };
    case 'rolled_back': {
      const newer = (compareVersions(to, from) ?? 0) > 0;
      const before = last.reason ? `, before ${from} was confirmed` : '';
      return {
        title: newer ? `Went to ${to}` : `Went back to ${to}`,
        text: `The device went ${newer ? '' : 'back '}to ${to} because somebody asked for it${before}.`,
        next: '',
      };
    }
    case 'kept':
      return {
        title: `Kept ${to}`,
        text: 'It was not confirmed in time, but there is nothing to go back to.',
        next: 'If it does not work, install another image.',
      };
    case 'fell_back':
      return {
        title: `Went back to ${to}`,
        text: `The device went back to ${to} because ${from} ${whyBack(last.reason, en)}.`,
        next: 'Mend it and install it again.',
      };
    default:
      // A newer device may know outcomes that this page does not.
      return null;
  }
}
