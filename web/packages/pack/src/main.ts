// The command line: what is asked for, what is told, and the status to end with.
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ImageError } from './errors.js';
import { makeImage, recipe, type Made } from './image.js';
import { OptionError, type ImageOptions, type KeyPlace } from './options.js';
import { BLOCK } from './packer.js';
import { refusePublic } from './sign.js';
import { TreeError } from './tree.js';

const [DONE, FAILED, WRONG_USE] = [0, 1, 2];

const HELP = `Makes an image of a built frontend, for devices that run Faceplate.

Usage: faceplate-pack [options] DIST

  DIST                   the folder that the build wrote, with index.html in it. Its pages get the
                         build id and the script that confirms it, as in the image
  -o, --output FILE      the image [default: www.bin beside DIST]
  --size SIZE            size of the device's frontend partitions [default: 1MiB]
  --max-size SIZE        refuse an image that is larger
  --app-version V        what people call this frontend [default: version of the package.json next
                         above DIST; without one, digits of a hash over the files]
  --api MIN..MAX         firmware APIs that the frontend works with, like 1 or 1..2
                         [default: that of this release]
  --sequence N           how new the frontend is: a higher number than the one before. Devices that want no
                         step back refuse lower ones than they have confirmed [default: 0]
  --base OLD.bin         the image that devices have: files of it stay at their places, as far as they have
                         room there, so that an update has less to send
  --sign KEY             sign the image by this private key (Ed25519, PEM), or by env:NAME for a variable of
                         the environment that holds its text
  --gzip WHEN            whether text is stored compressed: auto, where it is smaller, or never
                         [default: auto]
  --exclude GLOB         files to leave out, like '**/*.map'; may be given several times
  --immutable GLOB       files that the build names by their content, like 'assets/**': browsers never
                         ask for them again; may be given several times. What is in
                         _app/immutable/ (SvelteKit) need not be named
  --no-confirm-script    leave the script out: the app confirms by its own code
  --json                 answer in JSON
  -h, --help, -V, --version

Ends with
  0  the image is made
  1  it cannot be made; what was at its place is as it was
  2  wrong use
`;

/** The command line itself cannot be meant. */
class UsageError extends Error {}

/** Runs the command; gives the status to end with. */
export async function main(args: string[]): Promise<number> {
  try {
    await run(args);
    return DONE;
  } catch (error) {
    const usage = error instanceof UsageError || error instanceof OptionError;
    const known = usage || error instanceof ImageError || error instanceof TreeError;
    const { message, stack } = error as Error;
    if (args.includes('--json')) {
      const kind = usage ? 'usage' : 'local';
      console.log(JSON.stringify({ error: { kind, message } }, null, 2));
    } else {
      // What nobody thought of is better told with its stack, but for what the system says.
      const text = known || (error as NodeJS.ErrnoException).code ? message : stack;
      console.error(`error: ${text}${usage ? '\nSee faceplate-pack --help' : ''}`);
    }
    return usage ? WRONG_USE : FAILED;
  }
}

async function run(args: string[]): Promise<void> {
  const { values, positionals } = parse(args);
  if (values.help) return void process.stdout.write(HELP);
  if (values.version) return console.log(version());
  const [dist, ...more] = positionals;
  if (!dist || more.length > 0) throw new UsageError('name one folder, that which the build wrote');
  const dir = resolve(dist);
  const out = values.output ? resolve(values.output) : join(dirname(dir), 'www.bin');
  const options: ImageOptions = {
    ...(values.size && { size: values.size }),
    ...(values['max-size'] && { maxSize: values['max-size'] }),
    ...(values['app-version'] !== undefined && { version: values['app-version'] }),
    ...(values.api && { api: api(values.api) }),
    ...(values.sequence !== undefined && { sequence: sequence(values.sequence) }),
    ...(values.base !== undefined && { base: resolve(values.base) }),
    ...(values.sign !== undefined && { sign: sign(values.sign) }),
    gzip: values.gzip as 'auto',
    exclude: values.exclude,
    immutable: values.immutable,
    confirm: !values['no-confirm-script'],
  };
  if (options.sign) refusePublic(options.sign, dir, [dir]);
  const made = makeImage({ dir, out }, await recipe(options, dirname(dir)));
  if (values.json) console.log(JSON.stringify(answer(made, out), null, 2));
  else console.log(made.report.join('\n'));
  for (const warning of values.json ? [] : made.warnings) console.error(`warning: ${warning}`);
}

/** What `--json` tells. */
function answer({ packed, warnings }: Made, image: string) {
  const { version, build, sequence, signer, blocksUsed, blocksFree, sha256 } = packed;
  const files = packed.files.map(({ path, storedAs, raw, stored, immutable }) => ({
    ...{ path, stored_as: storedAs, bytes: raw, stored_bytes: stored, immutable },
  }));
  const [bytes, free_bytes] = [blocksUsed * BLOCK, blocksFree * BLOCK];
  return { image, version, build, sequence, signer, bytes, free_bytes, sha256, files, warnings };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        output: { type: 'string', short: 'o' },
        size: { type: 'string' },
        'max-size': { type: 'string' },
        'app-version': { type: 'string' },
        api: { type: 'string' },
        sequence: { type: 'string' },
        base: { type: 'string' },
        sign: { type: 'string' },
        gzip: { type: 'string', default: 'auto' },
        exclude: { type: 'string', multiple: true, default: [] },
        immutable: { type: 'string', multiple: true, default: [] },
        'no-confirm-script': { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean', short: 'V' },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** `1` or `1..2`; what else there is is refused by who takes it. */
function api(text: string): number | [number, number] {
  const [, min, max] = /^(\d+)(?:\.\.(\d+))?$/.exec(text) ?? [];
  if (!min) throw new UsageError(`--api ${text}: write a number like 2, or two like 1..3`);
  return max ? [Number(min), Number(max)] : Number(min);
}

function sequence(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw new UsageError(`--sequence ${text}: write a number like 7`);
}

/** A path from here on, or `env:NAME`. */
function sign(text: string): KeyPlace {
  if (text.startsWith('env:')) return { env: text.slice('env:'.length) };
  return { key: text && resolve(text) };
}

function version(): string {
  const file = new URL('../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
