// The commands that the tests run: `faceplate`, and `faceplate-deploy` of the Vite plugin.
import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const REPOSITORY = fileURLToPath(new URL('../../../', import.meta.url));

/** The one that `FACEPLATE` names, or the debug build of this repository. */
export function faceplate(): string {
  const path = process.env['FACEPLATE'] ?? `${REPOSITORY}target/debug/faceplate`;
  if (existsSync(path)) return path;
  throw new Error(
    `${path} is not there: run \`cargo build -p faceplate-cli\`, or name the command in FACEPLATE`,
  );
}

/** Runs it to its end; throws, with what it said, when it fails. */
export async function runFaceplate(...args: string[]): Promise<void> {
  await promisify(execFile)(faceplate(), args);
}

/** A command that runs beside the test. */
export interface Running {
  /** Waits for its end; returns its exit code, null where a signal ended it. */
  ended(): Promise<number | null>;
  /** All that it has said so far. */
  output(): string;
  stop(): void;
}

/** Starts `faceplate`. */
export const startFaceplate = (...args: string[]): Running => start(faceplate(), args);

/** Starts `faceplate-deploy`. */
export const startDeploy = (...args: string[]): Running =>
  start(process.execPath, [
    `${REPOSITORY}web/packages/vite-plugin/bin/faceplate-deploy.js`,
    ...args,
  ]);

function start(program: string, args: readonly string[]): Running {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const note = (text: Buffer): void => {
    output += text.toString();
  };
  child.stdout.on('data', note);
  child.stderr.on('data', note);
  const closed = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  return { ended: () => closed, output: () => output, stop: () => child.kill() };
}
