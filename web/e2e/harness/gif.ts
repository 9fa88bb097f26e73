// Makes an animated GIF of screenshots, small: only what changes is in a picture, and grain is smoothed.
import { decode } from 'fast-png';
import gifenc from 'gifenc';

/** A screenshot and how long it is seen. */
export interface Picture {
  readonly png: Uint8Array;
  readonly ms: number;
}

/** A GIF has up to 256 colours, and is smaller with fewer; the last one here means: as before. */
const COLOURS = 63;
const AS_BEFORE = COLOURS;
/** Squared distance of colours that the eye takes for the same beside each other: the grain of the hills. */
const SAME = 3 * 9 ** 2;
/** Every so many pixels are looked at to choose the colours. */
const SAMPLE = 7;

interface Decoded {
  readonly width: number;
  readonly height: number;
  /** Four bytes for each pixel. */
  readonly rgba: Uint8Array;
}

function read(png: Uint8Array): Decoded {
  const { width, height, channels, data } = decode(png);
  const rgba = new Uint8Array(4 * width * height).fill(255);
  for (let pixel = 0; pixel < width * height; pixel += 1)
    for (let channel = 0; channel < 3; channel += 1)
      rgba[4 * pixel + channel] = data[channels * pixel + channel] ?? 0;
  return { width, height, rgba };
}

type Colour = readonly [number, number, number];

const distance = (one: Colour, other: Colour): number =>
  (one[0] - other[0]) ** 2 + (one[1] - other[1]) ** 2 + (one[2] - other[2]) ** 2;

/** Whether two pixels have another colour. */
function differs(rgba: Uint8Array, one: number, other: number): boolean {
  return [0, 1, 2].some((channel) => rgba[4 * one + channel] !== rgba[4 * other + channel]);
}

/** The colours that serve all pictures. */
function choose(pictures: readonly Decoded[]): Colour[] {
  const samples: number[] = [];
  for (const { rgba } of pictures)
    for (let at = 0; at + 3 < rgba.length; at += 4 * SAMPLE)
      samples.push(rgba[at] ?? 0, rgba[at + 1] ?? 0, rgba[at + 2] ?? 0, 255);
  return gifenc.quantize(Uint8Array.from(samples), COLOURS);
}

/** Encodes pictures of one size; it repeats for ever. */
export function gif(film: readonly Picture[]): Uint8Array {
  const pictures = film.map(({ png }) => read(png));
  const colours = choose(pictures);
  const nearest = new Map<number, number>();
  const find = (colour: Colour): number => {
    const key = (colour[0] << 16) | (colour[1] << 8) | colour[2];
    let found = nearest.get(key);
    if (found === undefined) {
      found = 0;
      let best = Infinity;
      for (const [index, candidate] of colours.entries()) {
        const far = distance(colour, candidate);
        if (far < best) [found, best] = [index, far];
      }
      nearest.set(key, found);
    }
    return found;
  };

  const frames: { changed: Uint8Array; width: number; height: number; ms: number }[] = [];
  let shown = new Uint8Array();
  for (const [number, { width, height, rgba }] of pictures.entries()) {
    const changed = new Uint8Array(width * height);
    const now = new Uint8Array(width * height);
    for (let pixel = 0; pixel < now.length; pixel += 1) {
      const at = 4 * pixel;
      const colour: Colour = [rgba[at] ?? 0, rgba[at + 1] ?? 0, rgba[at + 2] ?? 0];
      const close = (index: number | undefined): boolean => {
        const candidate = index === undefined ? undefined : colours[index];
        return candidate !== undefined && distance(colour, candidate) < SAME;
      };
      const before = shown[pixel];
      const left = pixel % width ? now[pixel - 1] : undefined;
      const exact = find(colour);
      // Text and areas are as they are; in the grain, what is there already costs least, then its neighbour.
      const grain = differs(rgba, pixel, pixel - 1) && differs(rgba, pixel, pixel + 1);
      if (before !== undefined && (before === exact || (grain && close(before)))) {
        now[pixel] = before;
        changed[pixel] = AS_BEFORE;
      } else {
        now[pixel] = grain && left !== undefined && close(left) ? left : exact;
        changed[pixel] = now[pixel] ?? 0;
      }
    }
    const ms = film[number]?.ms ?? 0;
    const last = frames.at(-1);
    if (last && changed.every((index) => index === AS_BEFORE)) last.ms += ms;
    else frames.push({ changed, width, height, ms });
    shown = now;
  }
  const encoder = gifenc.GIFEncoder();
  for (const [number, { changed, width, height, ms }] of frames.entries()) {
    encoder.writeFrame(changed, width, height, {
      ...(number === 0 ? { palette: padded(colours) } : {}),
      delay: ms,
      transparent: number > 0,
      transparentIndex: AS_BEFORE,
      dispose: 1,
    });
  }
  encoder.finish();
  return encoder.bytes();
}

/** With a colour for the index that means none. */
function padded(colours: readonly Colour[]): [number, number, number][] {
  const table = Array.from({ length: COLOURS + 1 }, (_, i) => colours[i] ?? ([0, 0, 0] as const));
  return table.map(([red, green, blue]) => [red, green, blue]);
}
