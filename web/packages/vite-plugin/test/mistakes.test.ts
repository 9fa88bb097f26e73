// Builds that must fail, or leave something out, and say so.
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { recipe } from 'faceplate-pack';
import { image, isThere, names, run } from './builds.js';
import { noise, project, write } from './project.js';

const APP = { 'index.html': '<title>Lamp</title>', 'public/logo.png': noise(3000) };

test('a build that fails leaves no image of an older one', async () => {
  const root = project(APP);
  await run(root);
  expect(isThere(root)).toBe(true);
  write(root, { 'index.html': '<script type="module" src="/gone.js"></script>' });
  await expect(run(root)).rejects.toThrow(/gone\.js/);
  expect(isThere(root)).toBe(false);
});

test('a build that fails while it writes leaves no image either', async () => {
  for (const hook of ['generateBundle', 'writeBundle'] as const) {
    const root = project(APP);
    await run(root);
    const fail = () => {
      throw new Error('disk on fire');
    };
    const plugins = [{ name: 'fails', [hook]: { order: 'post' as const, handler: fail } }];
    await expect(run(root, {}, { plugins })).rejects.toThrow(/disk on fire/);
    expect(isThere(root)).toBe(false);
  }
});

test('an image that does not fit names the largest files', async () => {
  const files = { 'public/film.mp4': noise(50_000), 'public/photo.jpg': noise(30_000) };
  const root = project({ ...APP, ...files });
  await expect(run(root, { size: '64KiB' })).rejects.toThrow(
    /does not fit: .*the slot has 64 KiB.*film\.mp4 \(49 KiB\), photo\.jpg \(30 KiB\), .*logo\.png \(3 KiB\)/,
  );
  expect(isThere(root)).toBe(false);
});

test('an image over maxSize names the largest files, one at maxSize is made', async () => {
  const root = project({ ...APP, 'public/film.mp4': noise(50_000) });
  await run(root);
  const { length } = readFileSync(join(root, 'www.bin'));
  await run(root, { maxSize: length });
  expect(isThere(root)).toBe(true);
  await expect(run(root, { maxSize: length - 1 })).rejects.toThrow(
    /the image has .* 1 B more than maxSize allows.*film\.mp4 \(49 KiB\), .*logo\.png \(3 KiB\)/,
  );
  expect(isThere(root)).toBe(false);
});

test('a base keeps files at their places, and is never the image that is taken away', async () => {
  const root = project({ ...APP, 'public/a.png': noise(9000), 'public/b.png': noise(9000) });
  await run(root);
  copyFileSync(join(root, 'www.bin'), join(root, 'old.bin'));
  write(root, { 'public/a.png': noise(20_000) });
  await run(root, { base: 'old.bin' });
  expect(image(root).blocksFree).toBe(3);

  await expect(run(root, { base: './www.bin' })).rejects.toThrow(
    /keep what devices have at another place/,
  );
  expect(isThere(root)).toBe(true);
  await expect(run(root, { base: 'index.html' })).rejects.toThrow(/the base: not an image/);
  expect(isThere(root)).toBe(false);
  rmSync(join(root, 'dist'), { recursive: true });
  await expect(run(root, { base: 'gone.bin' })).rejects.toThrow(/base: ENOENT/);
  expect(existsSync(join(root, 'dist'))).toBe(false);
});

test('an image inside of the folder that is packed is refused before anything is built', async () => {
  const root = project(APP);
  for (const out of ['dist', 'dist/www.bin', 'dist/new/www.bin', 'x/../dist/www.bin']) {
    await expect(run(root, { out })).rejects.toThrow(/inside the folder that is packed/);
  }
  expect(existsSync(join(root, 'dist'))).toBe(false);
  if (process.platform !== 'win32') {
    mkdirSync(join(root, 'dist'));
    symlinkSync('dist', join(root, 'link'));
    await expect(run(root, { out: 'link/www.bin' })).rejects.toThrow(/inside the folder/);
  }
  await run(root, { out: 'dist-images/www.bin' });
  expect(isThere(root, 'dist-images/www.bin')).toBe(true);
});

test('what is at the place of the image but is none is kept, and the build refused', async () => {
  const root = project({ ...APP, 'notes.txt': 'precious', short: 'x', 'folder/x': 'precious' });
  for (const out of ['notes.txt', 'short', 'folder', 'index.html']) {
    await expect(run(root, { out })).rejects.toThrow(/is there, and is no frontend image; remove/);
  }
  expect(readFileSync(join(root, 'notes.txt'), 'utf8')).toBe('precious');
  expect(isThere(root, 'short') && isThere(root, 'folder/x')).toBe(true);
  expect(existsSync(join(root, 'dist'))).toBe(false);
});

test.each([
  [{ size: '2 apples' }, /size: "2 apples" is no size/],
  [{ size: 5000 }, /no slot is 5000 bytes large/],
  [{ maxSize: 'big' }, /maxSize: "big" is no size/],
  [{ api: 0 }, /api: 0 is none/],
  [{ gzip: 'yes' as 'auto' }, /gzip: "yes" is neither/],
  [{ confirm: 'no' as unknown as boolean }, /confirm: "no" is neither true nor false/],
  [{ version: '' }, /version: "" is no version/],
  [{ version: 'v'.repeat(65) }, /at most 64 bytes/],
])('the options %o are refused in words', async (options, words) => {
  const root = project(APP);
  await expect(run(root, options)).rejects.toThrow(words);
  expect(isThere(root)).toBe(false);
});

test('a package.json that cannot be read is named', async () => {
  // Through Vite 8 it is not even found out here: its resolver fails on it.
  const root = project({ ...APP, 'package.json': '{' });
  await expect(recipe({}, root)).rejects.toThrow(/package\.json: not JSON, so it tells no/);
});

test('files that the user excludes are left out', async () => {
  const root = project({ ...APP, 'public/notes.txt': 'n', 'public/raw/a.wav': 'a' });
  await run(root, { exclude: ['*.txt', /^raw\//] });
  expect(names(image(root))).toEqual(['faceplate-confirm.js', 'index.html', 'logo.png']);
});

test('what is hidden, never served or missing is told', async () => {
  const root = project({
    'index.html':
      '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'">' +
      '<link rel="icon" href="/gone.ico"><title>Lamp</title>',
    'public/.env': 'SECRET=1',
    'public/api/x.json': '{}',
  });
  const { warnings } = await run(root);
  expect(warnings).toEqual(
    expect.arrayContaining([
      'warning: left out (hidden): .env',
      'warning: api/x.json will not be seen at its address: the device answers there itself',
      'warning: the Content-Security-Policy in index.html keeps it from asking the device, so it cannot ' +
        "confirm this build; add connect-src 'self'",
      expect.stringMatching(/^warning: index\.html asks for \/gone\.ico, which is not in .*dist$/),
    ]),
  );
  expect(names(image(root))).not.toContain('.env');
});
