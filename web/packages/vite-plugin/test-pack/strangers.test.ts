// What strangers do: install the packages from tarballs into an empty project, and build there.
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inspect } from 'faceplate-pack';

const PACKAGES = fileURLToPath(new URL('../..', import.meta.url));
const WORKSPACE = join(PACKAGES, '..');

/** The version that is installed here, so that npm has it in its cache. */
const ours = (name: string): string =>
  (
    JSON.parse(readFileSync(join(WORKSPACE, 'node_modules', name, 'package.json'), 'utf8')) as {
      version: string;
    }
  ).version;

let temporary: string;
let app: string;

/** Runs npm, whose program is the one that runs this test. */
function npm(cwd: string, ...args: string[]): string {
  const program = process.env['npm_execpath'];
  const [command, first] = program ? [process.execPath, [program]] : ['npm', []];
  const env = Object.fromEntries(
    // What npm set for this test is not meant for the other project.
    Object.entries(process.env).filter(
      ([name]) => !/^npm_(config_(local_prefix|prefix)|package|lifecycle)/i.test(name),
    ),
  );
  const { status, stdout, stderr } = spawnSync(command, [...first, ...args], {
    cwd,
    env,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`npm ${args.join(' ')} failed:\n${stdout}\n${stderr}`);
  return stdout;
}

/** Runs a program of an installed package. */
const exec = (...args: string[]) => npm(app, 'exec', '--offline', '--', ...args);

const tsconfig = (options: object, files: string[]) =>
  JSON.stringify({
    compilerOptions: {
      ...{ target: 'es2022', lib: ['es2023', 'dom'], strict: true, noEmit: true, types: ['node'] },
      ...options,
    },
    files: ['scripts.ts', 'vite.config.ts', ...files],
  });

const FILES = {
  'package.json': JSON.stringify({ name: 'stranger', version: '7.8.9', type: 'module' }),
  'index.html': '<!doctype html><body><script type="module" src="/src/main.ts"></script></body>',
  'vite.config.ts': `import { svelte } from '@sveltejs/vite-plugin-svelte';
    import faceplate, { type FaceplateOptions } from 'vite-plugin-faceplate';
    import { defineConfig } from 'vite';
    const options: FaceplateOptions = { maxSize: '200KiB' };
    export default defineConfig({ plugins: [svelte(), faceplate(options)] });`,
  'src/main.ts': `import { mount } from 'svelte';
    import App from './App.svelte';
    mount(App, { target: document.body });`,
  'src/App.svelte': `<script lang="ts">
      import { UpdatePage } from 'faceplate-update-page';
    </script>
    <h1>Stranger</h1>
    <UpdatePage />`,
  'component.ts': `import { UpdatePage } from 'faceplate-update-page';
    export const component: typeof UpdatePage = UpdatePage;
    // @ts-expect-error: it is no number
    export const number: number = UpdatePage;`,
  'scripts.ts': `import { Device, type Status } from 'faceplate-update-page/ota';
    import faceplate from 'vite-plugin-faceplate';
    export const status: Promise<Status> = new Device('http://lamp').status();
    export const plugins: { name: string }[] = faceplate({ size: '1MiB', exclude: /\\.map$/, confirm: false });
    // @ts-expect-error: there are no such options
    faceplate({ sise: 1 });`,
  // As Vite's templates have it, and as Node does.
  'tsconfig.json': tsconfig({ module: 'esnext', moduleResolution: 'bundler' }, ['component.ts']),
  'tsconfig.node.json': tsconfig({ module: 'nodenext' }, []),
};

beforeAll(() => {
  temporary = mkdtempSync(join(tmpdir(), 'faceplate-stranger-'));
  app = join(temporary, 'app');
  const tarballs = join(temporary, 'tarballs');
  mkdirSync(tarballs);
  for (const name of ['pack', 'update-page', 'vite-plugin']) {
    npm(join(PACKAGES, name), 'pack', '--pack-destination', tarballs);
  }
  for (const [path, text] of Object.entries(FILES)) {
    mkdirSync(dirname(join(app, path)), { recursive: true });
    writeFileSync(join(app, path), text);
  }
  const tools = ['vite', 'svelte', '@sveltejs/vite-plugin-svelte', 'typescript', '@types/node'];
  npm(
    app,
    ...['install', '--prefer-offline', '--no-audit', '--no-fund'],
    ...readdirSync(tarballs).map((name) => join(tarballs, name)),
    ...tools.map((name) => `${name}@${ours(name)}`),
  );
});

afterAll(() => rmSync(temporary, { recursive: true, force: true }));

test('a build in an empty project leaves an image with the Update page in it', () => {
  const told = exec('vite', 'build');
  expect(told).toContain('www.bin: version 7.8.9');
  const found = inspect(readFileSync(join(app, 'www.bin')));
  expect(found.manifest?.version).toBe('7.8.9');
  expect(told).toContain(`build ${found.build}`);
  expect(readFileSync(join(app, 'dist/index.html'), 'utf8')).toContain(
    `<meta name="faceplate-build" content="${found.build}"><script src="/faceplate-confirm.js">`,
  );
  const script = [...found.files.keys()].find((name) => /^assets\/.*\.js\.gz$/.test(name));
  expect(script).toBeDefined();
});

test('the types of both packages are found', () => {
  exec('tsc', '-p', '.');
  exec('tsc', '-p', 'tsconfig.node.json');
});

test('the deploy command is there', () => {
  expect(exec('faceplate-deploy', '--help')).toContain('Usage: faceplate-deploy');
});

test('a folder that any tool built is packed', () => {
  const page = '<!doctype html><title>Any</title>';
  mkdirSync(join(app, 'site/out'), { recursive: true });
  writeFileSync(join(app, 'site/out/index.html'), page);
  expect(exec('faceplate-pack', 'site/out')).toContain('version 7.8.9, build');
  const found = inspect(readFileSync(join(app, 'site/www.bin')));
  expect(readFileSync(join(app, 'site/out/index.html'), 'utf8')).toContain(found.build);
});

test('the packages bring all they need, and no more than that', () => {
  const installed = (name: string) => join(app, 'node_modules', name);
  const needed = {
    'vite-plugin-faceplate': ['faceplate-pack'],
    'faceplate-pack': ['picomatch'],
    'faceplate-update-page': [],
  };
  for (const [name, needs] of Object.entries(needed)) {
    const { dependencies = {} } = JSON.parse(
      readFileSync(join(installed(name), 'package.json'), 'utf8'),
    ) as { dependencies?: Record<string, string> };
    expect(Object.keys(dependencies), name).toEqual(needs);
    expect(existsSync(join(installed(name), 'src')), name).toBe(false);
    for (const file of ['README.md', 'LICENSE-MIT', 'LICENSE-APACHE']) {
      expect(existsSync(join(installed(name), file)), `${file} of ${name}`).toBe(true);
    }
  }
});
