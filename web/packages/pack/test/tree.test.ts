// Reading a folder by the rules of the command line tool.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { pack } from '../src/packer.js';
import { BYTES_MAX, isSkipped, readTree } from '../src/tree.js';
import { project } from './project.js';

const all = () => false;
const paths = (root: string, exclude: (path: string) => boolean = all) =>
  readTree(root, exclude)
    .files.map(({ path }) => path)
    .sort();

test('files are named by their path with slashes, hidden ones and litter are skipped', () => {
  const root = project({
    'index.html': 'i',
    'a/b/c.js': 'c',
    '.well-known/x': 'x',
    '.git/config': 'g',
    'a/.DS_Store': 'd',
    'a/Thumbs.db': 't',
  });
  expect(paths(root)).toEqual(['.well-known/x', 'a/b/c.js', 'index.html']);
  expect(readTree(root, all).skipped).toEqual(['.git', 'a/.DS_Store', 'a/Thumbs.db']);
});

test('what is skipped here is what the packer skips', () => {
  const names = ['.x', '..a', '.well-known', '.well-knownx', 'Thumbs.db', 'thumbs.db', 'Icon\r'];
  for (const name of [...names, 'desktop.ini', 'a.b', 'a.', 'Icon']) {
    const files = ['index.html', `a/${name}`, `${name}/b`].map((path) => ({
      path,
      bytes: Buffer.from('x'),
    }));
    const options = { size: 1 << 20, version: null, api: null, gzip: 'auto' } as const;
    // A name that no image can have is refused before it could be skipped.
    const { skipped } = pack(files, options);
    expect(skipped.length === 2, JSON.stringify(name)).toBe(isSkipped(name));
  }
});

test('what the user leaves out is not even looked at', () => {
  const root = project({ 'index.html': 'i', 'a/b.map': 'm', 'docs/c/d': 'd' });
  const exclude = (path: string) => path.startsWith('docs/') || path.endsWith('.map');
  truncateSync(join(root, 'a/b.map'), BYTES_MAX + 1);
  expect(paths(root, exclude)).toEqual(['index.html']);
  expect(readTree(root, exclude).excluded).toEqual(['a/b.map', 'docs/c/d']);
});

test('leaving out all but some types keeps those in folders', () => {
  const root = project({ 'index.html': 'i', 'a/b/c.js': 'c', 'a/b/c.map': 'm' });
  const asked: string[] = [];
  const others = (path: string) => asked.push(path) > 0 && !/\.(html|js)$/.test(path);
  expect(paths(root, others)).toEqual(['a/b/c.js', 'index.html']);
  expect(asked.sort()).toEqual(['a/b/c.js', 'a/b/c.map', 'index.html']);
});

test('a folder with far more than a slot holds is refused before it is read', () => {
  const root = project({ 'index.html': 'i', film: '' });
  truncateSync(join(root, 'film'), BYTES_MAX + 1);
  expect(() => readTree(root, all)).toThrow(/more than 256 MiB.*is it the right folder/);
});

// Windows gives links only to administrators.
test.skipIf(process.platform === 'win32')(
  'links are followed, loops and dead ends are named',
  () => {
    const root = project({ 'index.html': 'i', 'real/x.js': 'x' });
    symlinkSync('real', join(root, 'link'));
    symlinkSync('index.html', join(root, 'start.html'));
    expect(paths(root)).toEqual(['index.html', 'link/x.js', 'real/x.js', 'start.html']);
    symlinkSync('nowhere', join(root, 'dead'));
    expect(() => readTree(root, all)).toThrow(/dead: a link that leads nowhere/);
    rmSync(join(root, 'dead'));
    symlinkSync('..', join(root, 'real', 'up'));
    expect(() => readTree(root, all)).toThrow(/up: a link to a folder that it is in/);
  },
);

test.skipIf(process.platform !== 'linux')('a name that is not UTF-8 is named', () => {
  const root = mkdtempSync(join(tmpdir(), 'faceplate-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  writeFileSync(Buffer.concat([Buffer.from(`${root}/a`), Buffer.from([0xff])]), 'x');
  expect(() => readTree(root, all)).toThrow(/the name is not UTF-8; rename it/);
});

test('a folder that is not there or is a file is named', () => {
  const root = project({ file: 'x' });
  mkdirSync(join(root, 'empty'));
  expect(() => readTree(join(root, 'gone'), all)).toThrow(/gone: there is no such folder/);
  expect(() => readTree(join(root, 'file'), all)).toThrow(/file: not a folder/);
  expect(paths(join(root, 'empty'))).toEqual([]);
});
