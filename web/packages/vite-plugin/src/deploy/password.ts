// Where the password of a device comes from: a file, the environment, a .env file; never an argument, which others
// would see in the list of processes.
import { readFileSync } from 'node:fs';
import { Failure } from './failure.js';
import type { Password } from './login.js';

const VARIABLE = 'FACEPLATE_PASSWORD';

/** The password in a file, or else that of the environment, which is looked for when a device wants it. */
export function passwordFrom(file: string | undefined): Password {
  if (file === undefined) return inEnvironment;
  const password = inFile(file);
  return () => Promise.resolve(password);
}

function inFile(file: string): string {
  let bytes: Uint8Array;
  try {
    // 0 is standard input.
    bytes = readFileSync(file === '-' ? 0 : file);
  } catch (error) {
    throw new Failure('local', (error as Error).message);
  }
  try {
    return lineOf(bytes);
  } catch (error) {
    const place = file === '-' ? 'standard input' : file;
    throw new Failure('local', `${place}: ${(error as Error).message}`);
  }
}

/** The only line, as all clients take it: composed, as browsers send what is typed. */
export function lineOf(bytes: Uint8Array): string {
  let text: string;
  try {
    // It takes away what editors of Windows put in front.
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new TypeError('a password is text in UTF-8');
  }
  const line = text.replace(/\r?\n$/, '');
  if (!line) throw new TypeError('there is no password in it');
  if (/[\r\n]/.test(line)) throw new TypeError('a password is one line, and here are more');
  return line.normalize('NFC');
}

/** A .env file is read as Vite reads it, and only what has this name. */
async function inEnvironment(): Promise<string | null> {
  let password = process.env[VARIABLE];
  if (password === undefined) {
    const { loadEnv } = await import('vite');
    password = loadEnv('production', process.cwd(), VARIABLE)[VARIABLE];
  }
  return password ? password.normalize('NFC') : null;
}
