// The colours that come with the page: whether they can be read, and whether older browsers have them.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const source = readFileSync(new URL('../src/Page.svelte', import.meta.url), 'utf8');
const style = source.slice(source.indexOf('<style>')).replace(/\/\*[^]*?\*\//g, '');

type Palette = Record<string, string>;
/** Each `--name: var(--faceplate-name, colour)` in a part of the styles. */
function palette(css: string): Palette {
  const found = css.matchAll(/--([a-z-]+): var\(\s*--faceplate-\1,\s*([^;]+?)\s*\);/g);
  return Object.fromEntries([...found].map(([, name, colour]) => [name, colour]));
}
const [plain = '', dark = '', modern = ''] = style.split(/@media \(prefers-color-scheme|@supports/);
const LIGHT = palette(plain);
const DARK = palette(dark);
const colour = (name: string) => name !== 'font';

/** Relative luminance, as WCAG 2.1 defines it. */
function luminance(hex: string): number {
  const digits = hex.length === 4 ? hex.replace(/[0-9a-f]/g, '$&$&') : hex;
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const part = parseInt(digits.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function contrast(a = '', b = ''): number {
  const [low = 0, high = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

test.each([
  ['light', LIGHT],
  ['dark', DARK],
])('in the %s colours text has 4.5 to 1, borders of controls and the bar have 3', (_, colours) => {
  const { surface, line, edge, accent } = colours;
  for (const name of ['text', 'muted', 'accent', 'warning', 'bad']) {
    expect(contrast(colours[name], surface), name).toBeGreaterThanOrEqual(4.5);
  }
  expect(contrast(colours['on-accent'], accent)).toBeGreaterThanOrEqual(4.5);
  expect(contrast(edge, surface)).toBeGreaterThanOrEqual(3);
  expect(contrast(accent, line), 'the bar on its ground').toBeGreaterThanOrEqual(3);
});

test('browsers without light-dark() have the same colours as those with it', () => {
  const names = Object.keys(LIGHT).filter(colour);
  expect(names).toHaveLength(9);
  expect(Object.keys(DARK)).toEqual(names);
  const both = names.map((name) => [name, `light-dark(${LIGHT[name]}, ${DARK[name]})`]);
  expect(palette(modern)).toEqual(Object.fromEntries(both));
});

test('nothing that older browsers do not know stands without something that they know', () => {
  expect(plain + dark).not.toContain('light-dark');
  // Only what asks for it and the palette itself.
  expect(modern.match(/light-dark/g)).toHaveLength(10);
  expect(style).not.toMatch(/color-mix|@container|@layer|:has\(|&/);
});
