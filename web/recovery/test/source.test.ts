// What the pages may be made of: their size, their language, and that they load nothing.
import { gzipSync } from 'node:zlib';
import js from '@eslint/js';
import { Linter } from 'eslint';
import { expect, test } from 'vitest';
import { recovery, wifi } from './source.js';

/** Both pages, and the bytes with gzip that each may cost, since it is always in the firmware. */
const PAGES = [
  { ...recovery, budget: 4500, targets: ['./', 'data:,', './', 'recovery/wifi'] },
  { ...wifi, budget: 3600, targets: ['./', 'data:,', 'recovery'] },
];

/** All that the script uses of a browser: everything here is in Android 4.4, iOS 9 and IE 11. */
const GLOBALS = [
  'window',
  'document',
  'location',
  'confirm',
  'setTimeout',
  'XMLHttpRequest',
  'FileReader',
];

/** Methods and properties that those browsers lack, or (HTML) that must not see what a device says. */
const MEMBERS = [
  ...['append', 'prepend', 'before', 'after', 'remove', 'replaceWith', 'replaceChildren'],
  ...['closest', 'matches', 'toggleAttribute', 'isConnected', 'response', 'responseType'],
  ...['includes', 'startsWith', 'endsWith', 'padStart', 'repeat', 'replaceAll', 'at', 'find'],
  ...['findIndex', 'fill', 'flat', 'flatMap'],
  ...['innerHTML', 'outerHTML', 'insertAdjacentHTML', 'write'],
];

/** What is wrong with a script, by line. */
function problems(code: string): string[] {
  const globals = Object.fromEntries(GLOBALS.map((name) => [name, 'readonly' as const]));
  return new Linter({ configType: 'flat' })
    .verify(code, {
      languageOptions: { ecmaVersion: 5, sourceType: 'script', globals },
      rules: {
        ...js.configs.recommended.rules,
        // ES5 cannot leave it out.
        'no-unused-vars': ['error', { caughtErrors: 'none' }],
        'no-restricted-syntax': [
          'error',
          ...MEMBERS.map((name) => ({
            selector: `MemberExpression[property.name='${name}']`,
            message: `.${name} is not for this page.`,
          })),
          {
            selector: 'MemberExpression[object.name=/^(Array|Number|Object|String)$/]',
            message: 'Most functions of the built-in objects are younger than ES5.',
          },
        ],
      },
    })
    .map(({ line, message }) => `line ${line} of the script: ${message}`);
}

test.each(PAGES)('$name fits into its budget', ({ name, bytes, budget }) => {
  const size = gzipSync(bytes, { level: 9 }).length;
  expect(size, `${name} has ${size} bytes with gzip, allowed are ${budget}`).toBeLessThan(
    budget + 1,
  );
});

test.each(PAGES)(
  'the script of $name is ES5, and uses only what old browsers have',
  ({ script }) => {
    expect(problems(script)).toEqual([]);
  },
);

test.each([
  'var f = () => 1; f()',
  'const a = 1; a()',
  'fetch("/")',
  'Object.assign({}, location)',
  'new Promise()',
  '`a`',
])('newer JavaScript would be found: %s', (code) => {
  expect(problems(code)).not.toEqual([]);
});

test('markup from a string would be found', () => {
  expect(problems('document.body.innerHTML = location.hash')).toHaveLength(1);
});

test.each(PAGES)('the style of $name needs no custom properties and no nesting', ({ html }) => {
  const style = /<style>([^]*?)<\/style>/.exec(html)?.[1] ?? '';
  expect(style).toContain('body {');
  expect(style).not.toMatch(/var\(|--[a-z]|&|:is\(|:where\(|@layer|@import|url\(/);
});

test.each(PAGES)('$name loads nothing', ({ html, targets }) => {
  const references = [...html.matchAll(/\b(?:src|href|action|srcset|data)="([^"]*)"/g)];
  expect(references.map(([, target]) => target)).toEqual(targets);
  expect(html).not.toMatch(/<(?:iframe|object|embed|img)\b/);
  // What the device writes the way up into: a page that stands in for another one may be deep below.
  expect(html.match(/<base\b/g)).toHaveLength(1);
  expect(html).toContain('<base href="./">');
  expect(html).not.toMatch(/["'](?:\/|https?:\/\/DEVICE)(?:api|recovery)/);
  // Without a name no input is ever part of an address, also if the script does not run.
  expect(html).not.toMatch(/<(?:input|button|form)[^>]* (?:name|formaction|method)=/);
});

test.each([
  {
    ...recovery,
    command:
      'curl --data-binary "@www.bin" -H "Content-Type: application/octet-stream" http://DEVICE/api/ota/frontend',
  },
  {
    ...wifi,
    command: `curl -H "Content-Type: application/json" -d '{"ssid":"NETWORK","pass":"PASSWORD"}' http://DEVICE/api/wifi`,
  },
])('without JavaScript $name has the command instead', ({ html, command }) => {
  const noscript = /<noscript>([^]*?)<\/noscript>/.exec(html)?.[1];
  expect(noscript).toContain(command);
  // And nothing else, since nothing of it would work.
  expect(noscript).toMatch(/#js \{ display: none \}/);
});
