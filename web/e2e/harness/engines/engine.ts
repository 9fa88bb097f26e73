// The engines besides Chromium that the tests drive, and where their programs are on this machine.
import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';

export const ENGINES = ['Firefox', 'WebKit'] as const;
export type Engine = (typeof ENGINES)[number];

/** What drives an engine, and the browser that is driven. */
export interface Programs {
  readonly driver: string;
  readonly browser: string;
  /** Gives a browser that cannot do without one a screen. */
  readonly screen: string | null;
}

/** The programs, or in words what is missing. */
export type Found = Programs | { readonly missing: string };

const found = new Map<Engine, Found>();

/** Looks for an engine once. */
export function findEngine(engine: Engine): Found {
  let programs = found.get(engine);
  if (!programs) found.set(engine, (programs = engine === 'Firefox' ? firefox() : webkit()));
  return programs;
}

function firefox(): Found {
  const browser = named('FIREFOX', ['firefox-esr', 'firefox']);
  if (!browser)
    return { missing: 'there is no firefox-esr or firefox (apt-get install firefox-esr)' };
  const driver = named('GECKODRIVER', ['geckodriver']);
  if (!driver) return { missing: 'there is no geckodriver (cargo install geckodriver)' };
  return { driver, browser, screen: null };
}

function webkit(): Found {
  const driver = named('WEBKIT_DRIVER', ['WebKitWebDriver']);
  const browser = miniBrowser();
  if (!driver || !browser)
    return {
      missing:
        'there is no WebKitWebDriver with its MiniBrowser (apt-get install webkit2gtk-driver)',
    };
  const screen = onPath('Xvfb');
  if (!screen) return { missing: 'there is no Xvfb (apt-get install xvfb)' };
  return { driver, browser, screen };
}

/** The program that a variable names, or the first of these that is installed. */
function named(variable: string, programs: readonly string[]): string | undefined {
  const path = process.env[variable];
  if (!path) return programs.map(onPath).find(Boolean);
  if (existsSync(path)) return path;
  throw new Error(`${variable} names ${path}, but there is no such file`);
}

function onPath(program: string): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders.map((folder) => join(folder, program)).find(existsSync);
}

/** WebKitGTK's small browser is in a folder of the library, whose place differs between systems. */
function miniBrowser(): string | undefined {
  const libraries = ['/usr/lib', '/usr/libexec', ...inside('/usr/lib')];
  return libraries
    .flatMap((library) => inside(library).filter((path) => /\/webkit(2)?gtk-[\d.]+$/.test(path)))
    .map((folder) => join(folder, 'MiniBrowser'))
    .find(existsSync);
}

function inside(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(folder, entry.name));
}
