// Figures as people read them.
import { rest } from './words/rest.js';
import type { Words } from './words/words.js';

const KIB = 1024;

type Style = Pick<Words, 'point' | 'units'>;

/** Such as `296 KiB` or `1.5 MiB`. */
export function size(bytes: number, { point }: Style = rest): string {
  if (bytes < KIB * KIB) return `${Math.ceil(bytes / KIB)} KiB`;
  return `${+(bytes / KIB / KIB).toFixed(1)} MiB`.replace('.', point);
}

/** Such as `42 s`, `3 min 5 s`, `2 h 10 min` or `4 d 3 h`. */
export function duration(seconds: number, { units: [d, h, min, sec] }: Style = rest): string {
  const s = Math.max(0, Math.floor(seconds));
  const two = (unit: number, big: string, part: number, small: string) =>
    `${Math.floor(s / unit)} ${big} ${Math.floor((s % unit) / part)} ${small}`;
  if (s < 60) return `${s} ${sec}`;
  if (s < 3600) return two(60, min, 1, sec);
  if (s < 86_400) return two(3600, h, 60, min);
  return two(86_400, d, 3600, h);
}
