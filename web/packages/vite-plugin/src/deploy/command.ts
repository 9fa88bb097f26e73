// The command line: what is asked for, and the status that it ends with.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { deviceUrl } from 'faceplate-update-page/ota';
import { inspect, Refused } from 'faceplate-pack';
import { placeOf } from './check.js';
import { deploy } from './deploy.js';
import { Failure } from './failure.js';
import { harmless } from './harmless.js';
import { passwordFrom } from './password.js';
import { parseHeaders } from './target.js';
import { Progress } from './progress.js';
import { CONFIRM } from './verdict.js';

const DONE = 0;
/** What the API takes. */
const [WITHIN_MIN, WITHIN_MAX] = [10, 3600];
/** Enough to take a phone out of a pocket; an Update page gives as long. */
const WITHIN = 300;

const HELP = `Brings an image to a device, and waits until the new frontend serves and is confirmed.

Usage: faceplate-deploy [options] [IMAGE]

  IMAGE              the image [default: www.bin]
  --device DEVICE    host, host:port or http://host:port, behind a reverse proxy with its path
                     [default: DEVICE of the environment or of a .env file]
  --confirm WHO      who says that the new frontend works [default: page]
                       page    a page of it that somebody opens: it runs in a browser
                       load    this command, when the page has loaded with its scripts and styles;
                               whether they run is not known
                       device  the device, when it has served for a while
  --full             send all of the image; else what the device does not have
  --open             open the new frontend in the browser that BROWSER names, or the system's;
                     with --confirm page alone
  --within SECONDS   how long after its restart the device waits for the new frontend to be
                     confirmed before it goes back [default: ${WITHIN}]; not with --confirm device
  --password-file FILE
                     the device's password; - is standard input [default: FACEPLATE_PASSWORD of the
                     environment or of a .env file]
  --header 'NAME: VALUE'
                     send this with every request, such as a token, for a device that asks who
                     one is; it may be there several times, and is not printed
  --json             answer in JSON; what goes on is told on stderr
  --help, --version

Ends with
  0  the device runs the new frontend, and it is confirmed
  1  something else failed
  2  wrong use
  3  the device does not answer
  4  the device does not take the image
  5  the device went back to the frontend from before
`;

/** Runs the command; gives the status to end with. */
export async function main(args: string[]): Promise<number> {
  try {
    await run(args);
    return DONE;
  } catch (error) {
    const failure = error instanceof Failure ? error : null;
    const { kind, status } = failure ?? new Failure('local', '');
    if (args.includes('--json')) {
      const message = error instanceof Error ? error.message : String(error);
      console.log(JSON.stringify({ error: { kind, message } }, null, 2));
    } else {
      // What nobody thought of is better told with its stack.
      const text = failure?.message ?? (error instanceof Error ? error.stack : String(error));
      console.error(`error: ${text}${kind === 'usage' ? '\nSee faceplate-deploy --help' : ''}`);
    }
    return status;
  }
}

async function run(args: string[]): Promise<void> {
  const { values, positionals } = parse(args);
  if (values.help) return void process.stdout.write(HELP);
  if (values.version) return console.log(version());
  if (positionals.length > 1) throw wrong('name one image');
  const confirm = CONFIRM.find((who) => who === values.confirm);
  if (!confirm) throw wrong(`--confirm takes ${CONFIRM.join(', ')}`);
  if (values.within !== undefined && confirm === 'device') {
    throw wrong('--within does not go with --confirm device, which decides by itself');
  }
  if (values.open && confirm !== 'page') throw wrong('--open goes with --confirm page');
  const within = Number(values.within ?? WITHIN);
  if (!Number.isInteger(within) || within < WITHIN_MIN || within > WITHIN_MAX) {
    throw wrong(`--within takes ${WITHIN_MIN} to ${WITHIN_MAX} seconds`);
  }
  const device = values.device ?? (await named());
  const base = checked(() => deviceUrl(device));
  const headers = checked(() => parseHeaders(values.header));
  const password = passwordFrom(values['password-file']);
  const path = positionals[0] ?? 'www.bin';
  const image = read(path);
  const host = placeOf(base);
  const progress = new Progress(host, values.json ? process.stderr : process.stdout);
  try {
    const { full, open } = values;
    const options = { confirm, within, full, open, headers, password, progress };
    const deployed = await deploy(base, image, options);
    if (!values.json) return;
    const { sha256, build } = image;
    const version = image.manifest?.version ?? null;
    const answer = { device: host, image: path, version, build, sha256, confirm, ...deployed };
    console.log(JSON.stringify(answer, null, 2));
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    error.message = `${host}: ${error.message}`;
    throw error;
  } finally {
    progress.clear();
  }
}

const wrong = (what: string) => new Failure('usage', what);

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        device: { type: 'string' },
        confirm: { type: 'string', default: 'page' },
        full: { type: 'boolean', default: false },
        open: { type: 'boolean', default: false },
        within: { type: 'string' },
        'password-file': { type: 'string' },
        header: { type: 'string', multiple: true, default: [] },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean', short: 'V' },
      },
    });
  } catch (error) {
    throw wrong((error as Error).message);
  }
}

/** The device that the environment names, or a .env file as Vite reads it. */
async function named(): Promise<string> {
  let device = process.env['DEVICE'];
  if (!device) {
    const { loadEnv } = await import('vite');
    device = loadEnv('production', process.cwd(), 'DEVICE')['DEVICE'];
  }
  if (!device) throw wrong('no device is named; set DEVICE=…, such as DEVICE=192.168.4.1');
  return device;
}

/** Reads a value; what is wrong with it is wrong use. */
function checked<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw wrong((error as Error).message);
  }
}

function read(path: string) {
  const at = resolve(path);
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = new Uint8Array(readFileSync(at));
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new Failure(
      'local',
      missing ? `${at}: there is no such file; run \`vite build\` first` : (error as Error).message,
    );
  }
  try {
    return { bytes, ...inspect(bytes) };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    throw new Failure('image', `${at}: ${harmless(error.message)}. Nothing was sent`);
  }
}

function version(): string {
  const file = new URL('../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
