// The `faceplate` command that the tests run.
import { execFile } from 'node:child_process';
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
