// Finds the browser that the tests drive.
import { existsSync } from 'node:fs';

// The one without a window comes first: it is quicker.
const INSTALLED = [
  '/usr/bin/chromium-headless-shell',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];

/** The one that `CHROMIUM` names, or an installed one; `undefined` means Playwright's own. */
export function findBrowser(): string | undefined {
  const named = process.env['CHROMIUM'];
  if (named) {
    if (existsSync(named)) return named;
    throw new Error(`CHROMIUM names ${named}, but there is no such file`);
  }
  return INSTALLED.find((path) => existsSync(path));
}
