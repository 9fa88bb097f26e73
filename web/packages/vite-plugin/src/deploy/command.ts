// The command line: what is asked for, and the status that it ends with.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { deviceUrl } from 'faceplate-update-page/ota';
import { inspect } from '../packer.js';
import { Refused } from '../wasm.js';
import { Failure, deploy } from './deploy.js';
import { Progress } from './progress.js';

/** Statuses: as those of the `faceplate` command. */
const [DONE, FAILED, WRONG_USE] = [0, 1, 2];
/** What the API takes. */
const [WITHIN_MIN, WITHIN_MAX] = [10, 3600];
/** Enough to load a page through a weak network, and not long to wait for a way back. */
const WITHIN = 60;

const HELP = `Brings an image to a device, and waits until the new frontend serves and is confirmed.

Usage: faceplate-deploy [options] [IMAGE]

  IMAGE              the image [default: www.bin]
  --device DEVICE    host, host:port or http://host:port
                     [default: DEVICE of the environment or of a .env file]
  --within SECONDS   how long after its restart the device waits for the new frontend to be
                     confirmed before it goes back [default: ${WITHIN}]
  --help, --version

Ends with 0 when the device has restarted, the new page has loaded with its scripts and styles, and
it is confirmed; with 1 when that failed or the device went back; with 2 on wrong use.
`;

class WrongUse extends Error {}

/** Runs the command; gives the status to end with. */
export async function main(args: string[]): Promise<number> {
  try {
    return await run(args);
  } catch (error) {
    const wrong = error instanceof WrongUse;
    const known = wrong || error instanceof Failure;
    // What nobody thought of is better told with its stack.
    const text = known ? error.message : error instanceof Error ? error.stack : String(error);
    console.error(`error: ${text}${wrong ? '\nSee faceplate-deploy --help' : ''}`);
    return wrong ? WRONG_USE : FAILED;
  }
}

async function run(args: string[]): Promise<number> {
  const { values, positionals } = parse(args);
  if (values.help) {
    process.stdout.write(HELP);
    return DONE;
  }
  if (values.version) {
    console.log(version());
    return DONE;
  }
  if (positionals.length > 1) throw new WrongUse('name one image');
  const within = Number(values.within ?? WITHIN);
  if (!Number.isInteger(within) || within < WITHIN_MIN || within > WITHIN_MAX) {
    throw new WrongUse(`--within takes ${WITHIN_MIN} to ${WITHIN_MAX} seconds`);
  }
  const base = address(values.device ?? (await named()));
  const image = read(positionals[0] ?? 'www.bin');
  const { host } = new URL(base);
  const progress = new Progress(host, process.stdout);
  try {
    await deploy(base, image, { within, progress });
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    throw new Failure(`${host}: ${error.message}`, { cause: error });
  } finally {
    progress.clear();
  }
  return DONE;
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        device: { type: 'string' },
        within: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean', short: 'V' },
      },
    });
  } catch (error) {
    throw new WrongUse((error as Error).message);
  }
}

/** The device that the environment names, or a .env file as Vite reads it. */
async function named(): Promise<string> {
  let device = process.env['DEVICE'];
  if (!device) {
    const { loadEnv } = await import('vite');
    device = loadEnv('production', process.cwd(), 'DEVICE')['DEVICE'];
  }
  if (!device) throw new WrongUse('no device is named; set DEVICE=…, such as DEVICE=192.168.4.1');
  return device;
}

function address(device: string): string {
  try {
    return deviceUrl(device);
  } catch (error) {
    throw new WrongUse((error as Error).message);
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
      missing ? `${at}: there is no such file; run \`vite build\` first` : (error as Error).message,
    );
  }
  try {
    return { bytes, ...inspect(bytes) };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    throw new Failure(`${at}: ${error.message}. Nothing was sent`);
  }
}

function version(): string {
  const file = new URL('../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
