// @vitest-environment jsdom
// The custom element: what its attributes do, and that what is built of it is one file.
import '@testing-library/jest-dom/vitest';
import { within, waitFor } from '@testing-library/svelte';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FaceplateUpdate } from '../src/element.js';
import { de } from '../src/words/de.js';
import { en } from '../src/words/en.js';
import { SETTLED } from './fake.js';

const asked = vi.fn((url: string) => {
  const answer = url.startsWith('http://attic/')
    ? { ...SETTLED, device: { ...SETTLED.device, name: 'attic' } }
    : SETTLED;
  return Promise.resolve(new Response(JSON.stringify(answer)));
});

beforeEach(() => {
  asked.mockClear();
  vi.stubGlobal('fetch', asked);
});
afterEach(() => {
  document.body.replaceChildren();
  vi.unstubAllGlobals();
});

/** Puts the element into the page, as HTML has it. */
function put(html: string): FaceplateUpdate {
  document.body.innerHTML = html;
  return document.querySelector('faceplate-update') as FaceplateUpdate;
}

/** What is inside, which the page around does not see. */
const inside = (element: Element) =>
  within(element.shadowRoot?.querySelector('.faceplate') as HTMLElement);
const heading = (element: Element) => inside(element).getByRole('heading', { level: 1 });

test('the element shows the device that serves the page', async () => {
  const element = put('<faceplate-update></faceplate-update>');
  await waitFor(() => expect(heading(element)).toHaveTextContent('kitchen'));
  expect(asked).toHaveBeenCalledWith('/api/ota/status', expect.anything(), '');
  expect(document.querySelector('.faceplate')).toBeNull();
});

test('the element shows another device at its address, also when that changes', async () => {
  const element = put('<faceplate-update device="http://attic/"></faceplate-update>');
  await waitFor(() => expect(heading(element)).toHaveTextContent('attic'));
  expect(inside(element).getByText('Recovery page')).toHaveAttribute(
    'href',
    'http://attic/recovery',
  );
  element.setAttribute('device', 'http://kitchen');
  await waitFor(() => expect(heading(element)).toHaveTextContent('kitchen'));
});

test('an element that is taken out of the page asks no more, and shows the device again when it is back', async () => {
  const element = put('<faceplate-update></faceplate-update>');
  await waitFor(() => expect(heading(element)).toHaveTextContent('kitchen'));
  element.remove();
  expect(element.shadowRoot?.querySelector('.faceplate')).toBeNull();
  asked.mockClear();
  // A page that is seen again asks at once.
  document.dispatchEvent(new Event('visibilitychange'));
  expect(asked).not.toHaveBeenCalled();
  document.body.append(element);
  expect(heading(element)).toHaveTextContent('kitchen');
});

test('the element has a heading and words of its own', () => {
  const element = put('<faceplate-update title="Software"></faceplate-update>');
  expect(heading(element)).toHaveTextContent('Software');
  element.words = { ...en, details: { ...en.details, heading: 'Detaloj' } };
  expect(inside(element).getByText('Detaloj')).toBeInTheDocument();
});

test.each([
  ['<faceplate-update lang="de"></faceplate-update>', de],
  ['<div lang="de-CH"><faceplate-update></faceplate-update></div>', de],
  ['<faceplate-update lang="en-GB"></faceplate-update>', en],
  ['<faceplate-update lang="eo"></faceplate-update>', en],
  ['<faceplate-update></faceplate-update>', en],
])('the element speaks the language of its place: %s', (html, words) => {
  const element = put(html);
  expect(inside(element).getByText(words.details.heading)).toBeInTheDocument();
  expect(element.shadowRoot?.querySelector('.faceplate')).toHaveAttribute('lang', words.lang);
});

test('what is built is one file with its styles, which needs nothing else', async () => {
  const { build } = await import('vite');
  const result = await build({
    configFile: 'vite.element.config.ts',
    logLevel: 'silent',
    build: { write: false },
  });
  const { output } = result as Extract<typeof result, { output: unknown }>;
  expect(output.map(({ fileName }) => fileName)).toEqual(['element.js']);
  const code = 'code' in output[0] ? output[0].code : '';
  expect(code).not.toMatch(/\bimport\s*[({"'`]|\bfrom\s*["'`]/);
  expect(code).toContain('--faceplate-accent');
  expect(code).toContain('faceplate-update');
}, 30_000);
