// What the page may be made of: its size, its language, and that it loads nothing.
import { gzipSync } from 'node:zlib';
import js from '@eslint/js';
import { Linter } from 'eslint';
import { expect, test } from 'vitest';
import { html, script, source } from './source.js';

/** Bytes with gzip: what a page that is always in the firmware may cost. */
const BUDGET = 4000;

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

test('the page fits into its budget', () => {
  const size = gzipSync(source, { level: 9 }).length;
  expect(size, `recovery.html has ${size} bytes with gzip, allowed are ${BUDGET}`).toBeLessThan(
    BUDGET + 1,
  );
});

test('the script is ES5, and uses only what old browsers have', () => {
  expect(problems(script)).toEqual([]);
});

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

test('the style needs no custom properties and no nesting', () => {
  const style = /<style>([^]*?)<\/style>/.exec(html)?.[1] ?? '';
  expect(style).toContain('body {');
  expect(style).not.toMatch(/var\(|--[a-z]|&|:is\(|:where\(|@layer|@import|url\(/);
});

test('the page loads nothing', () => {
  const references = [...html.matchAll(/\b(?:src|href|action|srcset|data)="([^"]*)"/g)];
  expect(references.map(([, target]) => target)).toEqual(['data:,', '/']);
  expect(html).not.toMatch(/<(?:iframe|object|embed|img|base|form)\b/);
});

test('without JavaScript there is the command that uploads', () => {
  const noscript = /<noscript>([^]*?)<\/noscript>/.exec(html)?.[1];
  expect(noscript).toContain(
    'curl --data-binary "@www.bin" -H "Content-Type: application/octet-stream" http://DEVICE/api/ota/frontend',
  );
  // And nothing else, since nothing of it would work.
  expect(noscript).toMatch(/#js \{ display: none \}/);
});
