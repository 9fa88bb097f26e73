// Opens a page in the browser of whoever deploys.
import { spawn } from 'node:child_process';

/** A program and what it is called with. */
export type Command = readonly string[];

/**
 * What opens `url`, to be tried in turn. `browser` is the variable `BROWSER`: a list as in `PATH`, each
 * entry a program with arguments, of which `%s` stands for the address, which comes last where
 * there is none. Without it what the system has for that.
 */
export function browsers(
  url: string,
  platform: NodeJS.Platform,
  browser: string | undefined,
): Command[] {
  const entries = (browser ?? '').split(platform === 'win32' ? ';' : ':');
  const named = entries
    .filter((entry) => entry.trim())
    .map((entry) => {
      const words = entry.trim().split(/\s+/);
      return entry.includes('%s')
        ? words.map((word) => word.replaceAll('%s', url))
        : [...words, url];
    });
  if (named.length > 0) return named;
  if (platform === 'darwin') return [['open', url]];
  // `start` belongs to the command line; its first argument is the title of a window.
  if (platform === 'win32') return [['cmd', '/c', 'start', '', url]];
  return [['xdg-open', url]];
}

/** Opens `url` and does not wait for it; `failed` is called with what went wrong. */
export function openBrowser(url: string, failed: (what: string) => void): void {
  const attempt = ([[program = '', ...args] = [], ...others]: readonly Command[]) => {
    // Apart from us, so that it outlives us and what ends us.
    const child = spawn(program, args, { stdio: 'ignore', detached: true });
    child.on('error', (error) => {
      if (others.length > 0) attempt(others);
      else failed(`${program} does not start: ${error.message}`);
    });
    child.on('exit', (code) => {
      if (code) failed(`${program} ended with status ${code}`);
    });
    child.unref();
  };
  attempt(browsers(url, process.platform, process.env['BROWSER']));
}
