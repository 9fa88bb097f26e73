// Paints hills at a time of day, as a PNG: the picture that makes the demo's frontends as large as real ones.
import { crc32, deflateSync } from 'node:zlib';

export const WIDTH = 864;
export const HEIGHT = 300;

/** Steps of brightness that the grain adds or takes, as on film; it is what compression cannot shrink. */
const GRAIN = 6;

/** Colours as [red, green, blue]: the sky from top to bottom, the sun, and each row of hills. */
const TIMES = {
  morning: {
    sky: [
      [92, 158, 196],
      [244, 226, 190],
    ],
    sun: [255, 246, 214],
    sunAt: [0.22, 0.42],
    hills: [
      [134, 176, 178],
      [72, 134, 128],
      [22, 88, 78],
    ],
  },
  evening: {
    sky: [
      [70, 48, 110],
      [250, 148, 92],
    ],
    sun: [255, 214, 120],
    sunAt: [0.74, 0.5],
    hills: [
      [160, 86, 120],
      [98, 50, 100],
      [44, 26, 64],
    ],
  },
  night: {
    sky: [
      [8, 12, 34],
      [44, 62, 104],
    ],
    sun: [228, 232, 240],
    sunAt: [0.6, 0.26],
    hills: [
      [40, 52, 88],
      [24, 32, 60],
      [10, 14, 32],
    ],
  },
};

/** Numbers from 0 to 1, the same ones every time. */
function numbers() {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0; // Numerical Recipes' generator
    return state / 2 ** 32;
  };
}

const mix = (from, to, part) => from.map((value, i) => value + (to[i] - value) * part);

/** Height of the crest of a row of hills at `x`, both from 0 to 1, counted from the top. */
function crest(row, x) {
  const wave = (waves, shift) => Math.sin(2 * Math.PI * (waves * x + shift));
  return (
    0.56 +
    0.14 * row +
    0.07 * wave(1.1 + 0.5 * row, 0.37 * row) +
    0.03 * wave(2.9 + row, 0.61 * row) +
    0.008 * wave(11 - 2 * row, 0.2)
  );
}

/** The colour at a point, both coordinates from 0 to 1. */
function colour({ sky, sun, sunAt, hills }, x, y) {
  for (let row = hills.length - 1; row >= 0; row -= 1) {
    const below = y - crest(row, x);
    // Mist lies in the valleys.
    if (below > 0) return mix(hills[row], sky[1], Math.min(0.35, 0.9 * below));
  }
  const away = Math.hypot((x - sunAt[0]) * (WIDTH / HEIGHT), y - sunAt[1]);
  const air = mix(sky[0], sky[1], Math.min(1, y / 0.7));
  return mix(air, sun, away < 0.09 ? 1 : 0.5 * Math.exp(-5 * (away - 0.09)));
}

function chunk(type, data) {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const whole = Buffer.alloc(named.length + 8);
  whole.writeUInt32BE(data.length, 0);
  named.copy(whole, 4);
  whole.writeUInt32BE(crc32(named), named.length + 4);
  return whole;
}

/** A PNG of the hills in the `morning`, in the `evening` or at `night`. */
export function picture(time) {
  const light = TIMES[time];
  const random = numbers();
  const rows = Buffer.alloc(HEIGHT * (1 + 3 * WIDTH)); // each row begins with its filter: 0, none
  let at = 0;
  for (let y = 0; y < HEIGHT; y += 1) {
    at += 1;
    for (let x = 0; x < WIDTH; x += 1) {
      for (const value of colour(light, x / WIDTH, y / HEIGHT)) {
        const grain = (2 * random() - 1) * GRAIN;
        rows[at] = Math.min(255, Math.max(0, Math.round(value + grain)));
        at += 1;
      }
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(WIDTH, 0);
  header.writeUInt32BE(HEIGHT, 4);
  header.set([8, 2, 0, 0, 0], 8); // 8 bits each of red, green and blue
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}
