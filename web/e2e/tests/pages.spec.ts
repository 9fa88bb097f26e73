// A site of several pages, written by hand: clean addresses, a folder, a page for what is missing, and a
// recording in which one can go to any place.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { throttleDownload } from '../harness/throttle.js';
import { page as html } from '../harness/sites.js';
import { expect, test } from '../harness/test.js';

/** Relative addresses: a page that is served at the wrong one has no style. */
const STYLE = '<link rel="stylesheet" href="./style.css">';
const UP = '<link rel="stylesheet" href="../style.css">';
const COLOUR = 'rgb(1, 2, 3)';

const SITE = {
  version: '1',
  files: {
    'index.html': html('Home', STYLE, '<a href="about">About</a> <a href="blog">Blog</a>'),
    'about.html': html('About', STYLE),
    'blog/index.html': html('Blog', UP, '<a href="first">First</a>'),
    'blog/first.html': html('First', UP),
    '404.html': html('Nothing here'),
    'style.css': `h1 { color: ${COLOUR} }`,
  },
};

test('pages have clean addresses, and what is missing has a page that says so with 404', async ({
  page,
  startDevice,
  pack,
}) => {
  const device = await startDevice({ www: await pack(SITE) });
  const heading = page.getByRole('heading');
  const shows = async (name: string, path: string) => {
    await expect(heading).toHaveText(name);
    await expect(heading).toHaveCSS('color', COLOUR);
    expect(new URL(page.url()).pathname).toBe(path);
  };
  await page.goto(device.url);
  await page.getByRole('link', { name: 'About' }).click();
  await shows('About', '/about');
  await page.reload();
  await shows('About', '/about');
  await page.goBack();
  await page.getByRole('link', { name: 'Blog' }).click();
  await shows('Blog', '/blog/');
  await page.getByRole('link', { name: 'First' }).click();
  await shows('First', '/blog/first');

  for (const [typed, name, path] of [
    ['/about/', 'About', '/about'],
    ['/about.html', 'About', '/about.html'],
    ['/blog/first/?x=1', 'First', '/blog/first'],
  ] as const) {
    const answer = await page.goto(device.url + typed);
    expect(answer?.status(), typed).toBe(200);
    await shows(name, path);
  }
  for (const missing of ['nowhere', 'no/where/', 'topics/home%2Fkitchen', 'old.html']) {
    const answer = await page.goto(`${device.url}/${missing}`);
    expect(answer?.status(), missing).toBe(404);
    await expect(heading).toHaveText('Nothing here');
  }
});

const SECONDS = 100;
const RATE = 8000;

/** A recording: 8 bits, one channel, RATE samples a second; each second has a tone of its own. */
function recording(): Buffer {
  const samples = SECONDS * RATE;
  const head = Buffer.alloc(44);
  head.write('RIFF', 0);
  head.writeUInt32LE(36 + samples, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20); // PCM
  head.writeUInt16LE(1, 22); // channels
  head.writeUInt32LE(RATE, 24);
  head.writeUInt32LE(RATE, 28); // bytes a second
  head.writeUInt16LE(1, 32); // bytes a sample
  head.writeUInt16LE(8, 34); // bits a sample
  head.write('data', 36);
  head.writeUInt32LE(samples, 40);
  const tone = (at: number) => 128 + 90 * Math.sin((at * (200 + Math.floor(at / RATE))) / 1273);
  return Buffer.concat([head, Buffer.from(Array.from({ length: samples }, (_, at) => tone(at)))]);
}

const PLAYER = {
  version: '1',
  files: {
    'index.html': html('Player', '', '<audio controls preload="metadata" src="talk.wav"></audio>'),
    'talk.wav': recording(),
  },
};

test('a recording plays from any place, without what comes before it', async ({
  page,
  startDevice,
  pack,
}) => {
  const device = await startDevice({ www: await pack(PLAYER) });
  // The whole of it would take 20 s.
  await throttleDownload(page, 40_000);
  const ranges: string[] = [];
  page.on('response', (response) => {
    if (response.url().endsWith('.wav'))
      ranges.push(`${response.status()} ${response.headers()['content-range'] ?? ''}`);
  });
  await page.goto(device.url);
  const audio = page.locator('audio');
  const is = (what: 'duration' | 'currentTime' | 'seeking' | 'readyState') =>
    audio.evaluate((audio, what) => Number((audio as HTMLAudioElement)[what]), what);
  await expect.poll(() => is('duration')).toBe(SECONDS);
  expect(await audio.evaluate((audio) => (audio as HTMLAudioElement).seekable.end(0))).toBe(
    SECONDS,
  );
  await audio.evaluate((audio) => {
    (audio as HTMLAudioElement).currentTime = 90;
  });
  // It has what is to be heard there.
  await expect.poll(() => is('readyState')).toBeGreaterThanOrEqual(2);
  expect([await is('currentTime'), await is('seeking')]).toEqual([90, 0]);
  const size = recording().length;
  const starts = ranges.map((range) => /^206 bytes (\d+)-\d+\/(\d+)$/.exec(range));
  expect(starts, ranges.join()).not.toContain(null);
  expect(starts.map((range) => Number(range?.[2]))).toEqual(starts.map(() => size));
  expect(Math.max(...starts.map((range) => Number(range?.[1]))), ranges.join()).toBeGreaterThan(
    size / 2,
  );
});

test('a download that broke off is resumed, by a page and by curl, and begun anew where the file changed', async ({
  page,
  startDevice,
  pack,
}) => {
  const device = await startDevice({ www: await pack(PLAYER) });
  const url = `${device.url}/talk.wav`;
  const whole = recording();
  await page.goto(device.url);
  const resumed = await page.evaluate(async () => {
    const first = await fetch('talk.wav', { cache: 'no-store' });
    const reader = first.body?.getReader();
    // All of it may come at once.
    const begun = Math.min((await reader?.read())?.value?.length ?? 0, 100_000);
    await reader?.cancel();
    const rest = async (tag: string) => {
      const headers = { Range: `bytes=${begun}-`, 'If-Range': tag };
      const answer = await fetch('talk.wav', { cache: 'no-store', headers });
      return { status: answer.status, bytes: (await answer.arrayBuffer()).byteLength };
    };
    return { begun, same: await rest(first.headers.get('etag') ?? ''), other: await rest('"x"') };
  });
  expect(resumed.begun).toBeGreaterThan(0);
  expect(resumed.same).toEqual({ status: 206, bytes: whole.length - resumed.begun });
  expect(resumed.other).toEqual({ status: 200, bytes: whole.length });

  const folder = await mkdtemp(join(tmpdir(), 'faceplate-e2e-curl-'));
  try {
    const file = join(folder, 'talk.wav');
    const curl = (...args: string[]) =>
      promisify(execFile)('curl', ['--silent', '--show-error', '--fail', ...args, url]);
    await writeFile(file, whole.subarray(0, 300_001));
    const { stdout } = await curl('-C', '-', '-o', file, '-w', '%{http_code} %{size_download}');
    expect(stdout).toBe(`206 ${whole.length - 300_001}`);
    expect((await readFile(file)).equals(whole)).toBe(true);
  } finally {
    await rm(folder, { recursive: true });
  }
});
