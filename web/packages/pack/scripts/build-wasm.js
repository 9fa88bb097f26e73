// Builds the packer (crates/faceplate-wasm) into dist/faceplate.wasm; needs Rust.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const TARGET = 'wasm32-unknown-unknown';
const workspace = fileURLToPath(new URL('../../../..', import.meta.url));
const out = fileURLToPath(new URL('../dist/faceplate.wasm', import.meta.url));

/**
 * Ends with what went wrong and what to do.
 * @param {string} what
 * @returns {never}
 */
function fail(what) {
  console.error(`error: ${what}`);
  process.exit(1);
}

/**
 * Runs a tool of Rust and gives what it prints.
 * @param {string} command
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} env
 */
function run(command, args, env = process.env) {
  const { error, status, stdout } = spawnSync(command, args, {
    cwd: workspace,
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 64 << 20,
  });
  if (error && 'code' in error && error.code === 'ENOENT') {
    fail(
      `${command} is not there; the packer is built from Rust: install it from https://rustup.rs`,
    );
  }
  if (error) fail(`${command}: ${error.message}`);
  if (status !== 0) fail(`${command} ${args.join(' ')} failed, as said above`);
  return stdout;
}

const sysroot = run('rustc', ['--print', 'sysroot']).trim();
const target = run('rustc', ['--print', 'target-libdir', '--target', TARGET]).trim();
if (!statSync(target, { throwIfNoEntry: false })) {
  fail(`Rust cannot build for ${TARGET} yet; run: rustup target add ${TARGET}`);
}
const commit = /^commit-hash: (.*)$/m.exec(run('rustc', ['--version', '--verbose']))?.[1];

/** @type {{ packages: { manifest_path: string, source: string | null }[] }} */
const { packages } = JSON.parse(run('cargo', ['metadata', '--locked', '--format-version', '1']));
const registries = packages
  .filter(({ source }) => source !== null)
  .map(({ manifest_path }) => dirname(dirname(manifest_path)));
// Messages of panics name source files; without these the bytes would depend on where they lie.
const places = [
  ...[...new Set(registries)].sort().map((folder) => [folder, '/crates']),
  [join(sysroot, 'lib', 'rustlib', 'src', 'rust'), `/rustc/${commit}`],
  [workspace.replace(/[\\/]$/, ''), '/faceplate'],
];
const flags = places.map(([from, to]) => `--remap-path-prefix=${from}=${to}`);
const messages = run(
  'cargo',
  [
    ...['build', '--locked', '--package', 'faceplate-wasm', '--lib', '--target', TARGET],
    ...['--profile', 'wasm', '--message-format', 'json-render-diagnostics'],
  ],
  { ...process.env, CARGO_ENCODED_RUSTFLAGS: flags.join('\x1f') },
);
/** @type {string | undefined} */
const built = messages
  .split('\n')
  .filter((line) => line.startsWith('{'))
  .flatMap((line) => JSON.parse(line).filenames ?? [])
  .find((name) => name.endsWith('faceplate_wasm.wasm'));
if (!built) fail('cargo did not say where it put faceplate_wasm.wasm');
mkdirSync(fileURLToPath(new URL('../dist', import.meta.url)), { recursive: true });
copyFileSync(built, out);
console.log(`dist/faceplate.wasm: ${(statSync(out).size / 1000).toFixed(0)} kB`);
