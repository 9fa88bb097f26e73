// The command `faceplate-deploy`: what it does to a device, what it says, and how it ends.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test, vi } from 'vitest';
import { browsers } from '../src/deploy/browser.js';
import { harmless } from '../src/deploy/harmless.js';
import { parseHeaders } from '../src/deploy/target.js';
import { Progress } from '../src/deploy/progress.js';
import { inspect } from 'faceplate-pack';
import { fakeDevice, imageOf } from './fake-device.js';

const COMMAND = fileURLToPath(new URL('../bin/faceplate-deploy.js', import.meta.url));

const OLD = imageOf('1.0.0', { 'index.html': 'old' });
const APP = {
  'index.html': `<script src="/app.js"></script><img src="/logo.svg">${' '.repeat(5000)}`,
  'app.js': 'alert(1)',
  'logo.svg': '<svg/>',
};
const NEW = imageOf('2.0.0', APP, 'confirm');
/** What the stamp adds to what a page loads. */
const SCRIPTS = ['GET /faceplate-confirm.js'];

/** The app where a file is missing. */
const without = (name: keyof typeof APP) =>
  Object.fromEntries(Object.entries(APP).filter(([path]) => path !== name));

/** Runs the command in a folder with `www.bin`; gives how it ended and what it said. */
function deploy(
  image: Uint8Array | null,
  device: string | null,
  args: string[] = [],
  files: Record<string, string> = {},
) {
  const folder = mkdtempSync(join(tmpdir(), 'faceplate-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  if (image) writeFileSync(join(folder, 'www.bin'), image);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const env = {
    ...process.env,
    DEVICE: device ?? undefined,
    FACEPLATE_PASSWORD: undefined,
    XDG_CACHE_HOME: folder,
  };
  return new Promise<{ code: number; stdout: string; stderr: string }>((done) => {
    const child = execFile(
      process.execPath,
      [COMMAND, ...args],
      { cwd: folder, env },
      (_, stdout, stderr) => done({ code: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}

test('an image is sent, its page is loaded with what belongs to it, and a page that is opened confirms', async () => {
  const { address, requests } = await fakeDevice(OLD, 'is looked at');
  const { code, stdout, stderr } = await deploy(NEW, address);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  expect(requests).toEqual([
    'POST /api/ota/frontend?confirm=client&within=300',
    'GET /',
    ...SCRIPTS,
    'GET /app.js',
    'GET /logo.svg',
  ]);
  expect(stdout).toContain(
    `open http://${address}/ in a browser: the new frontend confirms itself there. ` +
      'If no page of it does within ',
  );
  expect(stdout).toMatch(/within \d+ s, the device goes back\n/);
  expect(stdout).toMatch(/waiting for a page to confirm \(\d+ s left\)\n/);
  expect(stdout).not.toContain('warning');
  expect(stdout.trim().split('\n').at(-1)).toBe(`${address}: runs 2.0.0 in www_1, confirmed`);
});

test('to a device that does not tell what it has all of it is sent, which is said but where it was asked for', async () => {
  const first = await fakeDevice(OLD, 'is looked at');
  const told =
    /: sending 2\.0\.0 \([\d.]+ KiB\): all of it, since the device does not tell what it has\n/;
  expect((await deploy(NEW, first.address)).stdout).toMatch(told);
  const second = await fakeDevice(OLD, 'is looked at');
  const { stdout } = await deploy(NEW, second.address, ['--full']);
  expect(stdout).toMatch(/: sending 2\.0\.0 \([\d.]+ KiB\)\n/);
});

test('no request of the API goes by a connection that the device may be closing', async () => {
  const connections: (string | undefined)[] = [];
  const { address } = await fakeDevice(OLD, 'trial', ({ url, headers }) => {
    if (url?.startsWith('/api/')) connections.push(headers.connection);
    return false;
  });
  expect((await deploy(NEW, address, ['--confirm', 'load'])).code).toBe(0);
  expect(connections.length).toBeGreaterThan(3);
  expect(new Set(connections)).toEqual(new Set(['close']));
});

test('a frontend that loads but that no page confirms ends with 5 and where to look', async () => {
  const { address, requests } = await fakeDevice(OLD, 'falls back');
  const { code, stderr } = await deploy(NEW, address, ['--within', '77']);
  expect(stderr).toBe(
    `error: ${address}: went back to 1.0.0, not 2.0.0: no page of it confirmed within 77 s. ` +
      `Either nobody opened http://${address}/, or it failed there; ` +
      'then the console of the browser says why\n',
  );
  expect(code).toBe(5);
  expect(requests).not.toContain('POST /api/ota/confirm');
});

test('with --confirm load what loads is confirmed by the build id of the image', async () => {
  const { address, requests, bodies } = await fakeDevice(OLD);
  const { code, stdout } = await deploy(NEW, address, ['--confirm', 'load', '--within', '60']);
  expect(code).toBe(0);
  expect(requests[0]).toBe('POST /api/ota/frontend?confirm=client&within=60');
  expect(bodies).toEqual([`{"build":"${inspect(NEW).build}"}`]);
  expect(stdout.trim().split('\n').at(-1)).toBe(
    `${address}: runs 2.0.0 in www_1, confirmed because it loads; that its scripts run, nobody has seen`,
  );
});

test('with --confirm device the device confirms, and that is waited for', async () => {
  const { address, requests } = await fakeDevice(OLD);
  const { code, stdout } = await deploy(NEW, address, ['--confirm', 'device']);
  expect(code).toBe(0);
  expect(requests[0]).toBe('POST /api/ota/frontend');
  expect(requests).not.toContain('POST /api/ota/confirm');
  expect(stdout).toContain('waiting until the device confirms it');
  expect(stdout).toMatch(/confirmed by the device, .* nobody has seen\n$/);
});

test('an image without a build id is confirmed by whoever may, and a page that waits is told so', async () => {
  const plain = imageOf('2.0.0', { ...APP, 'app.js': 'fetch("/api/ota/confirm")' });
  const load = await fakeDevice(OLD);
  expect(await deploy(plain, load.address, ['--confirm', 'load'])).toMatchObject({ code: 0 });
  expect(load.bodies).toEqual(['{}']);
  const page = await fakeDevice(OLD, 'is looked at');
  const { code, stdout } = await deploy(plain, page.address);
  expect(stdout).toMatch(/warning: the image has no build id.*`faceplate pack --stamp`/);
  expect(code).toBe(0);
});

test('of an image in which nothing can confirm that is said before it is sent, and at the end', async () => {
  const mute = imageOf('2.0.0', APP);
  const { address } = await fakeDevice(OLD, 'falls back');
  const { code, stdout, stderr } = await deploy(mute, address, ['--within', '77']);
  const warning = stdout.indexOf('warning: no page of this image seems to confirm itself: ');
  expect(warning).toBeGreaterThan(0);
  expect(warning).toBeLessThan(stdout.indexOf('sending 2.0.0'));
  expect(stdout).toContain('see whether it works: no page of it confirms that. If nobody keeps it');
  expect(stdout).toContain('waiting for somebody to confirm (');
  expect(stderr).toContain('nobody confirmed it within 77 s, and no page of it seems to');
  expect(code).toBe(5);
});

test('--open opens the new frontend in the browser that BROWSER names', async () => {
  const { address } = await fakeDevice(OLD, 'is looked at');
  const folder = mkdtempSync(join(tmpdir(), 'faceplate-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const browser = join(folder, 'browser');
  writeFileSync(browser, `#!/bin/sh\necho "$@" > ${folder}/opened\n`, { mode: 0o755 });
  vi.stubEnv('BROWSER', browser);
  onTestFinished(() => void vi.unstubAllEnvs());
  expect(await deploy(NEW, address, ['--open'])).toMatchObject({ code: 0 });
  expect(readFileSync(join(folder, 'opened'), 'utf8')).toBe(`http://${address}/\n`);
});

test('a browser that cannot be opened is a warning', async () => {
  vi.stubEnv('BROWSER', '/nowhere/browser');
  onTestFinished(() => void vi.unstubAllEnvs());
  const { address } = await fakeDevice(OLD, 'is looked at');
  const { code, stdout } = await deploy(NEW, address, ['--open']);
  expect(stdout).toMatch(
    /warning: no browser was opened: \/nowhere\/browser does not start: .*ENOENT/,
  );
  expect(code).toBe(0);
});

test.each([
  ['linux', undefined, [['xdg-open', 'http://lamp/']]],
  ['darwin', '', [['open', 'http://lamp/']]],
  ['win32', ' ; ', [['cmd', '/c', 'start', '', 'http://lamp/']]],
  ['linux', 'firefox -new-window', [['firefox', '-new-window', 'http://lamp/']]],
  [
    'linux',
    'w3m -o a=%s %s:lynx',
    [
      ['w3m', '-o', 'a=http://lamp/', 'http://lamp/'],
      ['lynx', 'http://lamp/'],
    ],
  ],
  ['win32', 'C:\\firefox.exe', [['C:\\firefox.exe', 'http://lamp/']]],
] as const)('on %s with BROWSER=%s a page is opened by %j', (platform, browser, commands) => {
  expect(browsers('http://lamp/', platform, browser)).toEqual(commands);
});

test('what runs already is checked and not sent again', async () => {
  const { address, requests } = await fakeDevice(NEW);
  const { code, stdout } = await deploy(NEW, address);
  expect(code).toBe(0);
  expect(stdout).toContain('runs 2.0.0 in www_0 already; nothing was sent');
  expect(requests).toEqual(['GET /', ...SCRIPTS, 'GET /app.js', 'GET /logo.svg']);
});

test('what is on trial already is waited for, and not sent again', async () => {
  const { address, requests, bodies } = await fakeDevice(NEW, 'is on trial');
  const { code, stdout } = await deploy(NEW, address, ['--confirm', 'load']);
  expect(code).toBe(0);
  expect(stdout).toContain('runs 2.0.0 on trial already; nothing was sent');
  expect(requests.filter((request) => request.includes('frontend'))).toEqual([]);
  expect(bodies).toHaveLength(1);
});

test.each([
  ['confirms itself', 'confirmed by the device'],
  ['is kept by somebody', 'confirmed by somebody, before the device did'],
] as const)(
  'a page is waited for and none is asked to confirm what the device is to: %s',
  async (habit, how) => {
    const { address } = await fakeDevice(NEW, habit);
    const { code, stdout } = await deploy(NEW, address);
    expect(stdout).not.toContain('open http');
    expect(stdout).toContain('waiting until the device confirms it (');
    expect(stdout).toContain(`warning: ${how}; no page said so\n`);
    expect(stdout.trim().split('\n').at(-1)).toBe(`${address}: runs 2.0.0 in www_0, ${how}`);
    expect(code).toBe(0);
  },
);

test.each(['page', 'load', 'device'])(
  'a page whose script is missing goes back at once and ends with 5 (--confirm %s)',
  async (confirm) => {
    const { address, requests } = await fakeDevice(OLD);
    const image = imageOf('3.0.0', without('app.js'));
    const { code, stderr } = await deploy(image, address, ['--confirm', confirm]);
    expect(stderr).toBe(
      `error: ${address}: went back to 1.0.0, not 3.0.0: /app.js is answered with status 404\n`,
    );
    expect(code).toBe(5);
    expect(requests).toContain('POST /api/ota/rollback');
    expect(requests).not.toContain('POST /api/ota/confirm');
  },
);

test('a page of which nothing comes is not sent back but loaded again: it may be the network', async () => {
  let losses = 4;
  const lossy: Parameters<typeof fakeDevice>[2] = ({ url }, outgoing) => {
    if (url !== '/app.js' || losses-- <= 0) return false;
    outgoing.destroy();
    return true;
  };
  const { address, requests } = await fakeDevice(OLD, 'trial', lossy);
  const good = await deploy(NEW, address, ['--confirm', 'load']);
  expect(good.stdout).toContain('the new frontend is not confirmed: no answer for /app.js');
  expect(good.code).toBe(0);
  expect(requests).not.toContain('POST /api/ota/rollback');

  losses = Infinity;
  const never = await fakeDevice(OLD, 'falls back', lossy);
  const { code, stdout, stderr } = await deploy(NEW, never.address);
  expect(stderr).toContain('went back to 1.0.0, not 2.0.0: no answer for /app.js');
  expect(stdout.match(/no answer for/g)).toHaveLength(1);
  expect(code).toBe(5);
  expect(never.requests).not.toContain('POST /api/ota/rollback');
});

test('a picture that is missing is told, and no reason to fail', async () => {
  const plain = without('logo.svg');
  const { address } = await fakeDevice(OLD, 'is looked at');
  const { code, stdout } = await deploy(imageOf('3.0.0', plain), address);
  expect(stdout).toContain('warning: /logo.svg is answered with status 404');
  expect(code).toBe(0);
});

test('a device that answers with other bytes than the image has goes back', async () => {
  for (const path of ['/', '/app.js', '/logo.svg']) {
    // The page may do without the picture, so that the device decides when its time is over.
    const certain = path !== '/logo.svg';
    const life = certain ? 'trial' : 'falls back';
    const { address, requests } = await fakeDevice(OLD, life, ({ url }, outgoing) => {
      if (url !== path) return false;
      outgoing.end('something else');
      return true;
    });
    const { code, stderr } = await deploy(NEW, address, ['--confirm', 'load']);
    expect(stderr).toContain(`${path} is answered with other bytes than the image has`);
    expect(code).toBe(5);
    expect(requests.includes('POST /api/ota/rollback'), path).toBe(certain);
    expect(requests).not.toContain('POST /api/ota/confirm');
  }
});

test('what somebody else confirmed is checked all the same, and not sent back', async () => {
  const good = await fakeDevice(OLD, 'confirmed by others');
  expect(await deploy(NEW, good.address)).toMatchObject({ code: 0 });
  expect(good.requests).toContain('GET /app.js');
  const broken = without('app.js');
  const bad = await fakeDevice(OLD, 'confirmed by others');
  const { code, stderr } = await deploy(imageOf('3.0.0', broken), bad.address);
  expect(stderr).toContain('runs 3.0.0, which does not load: /app.js is answered with status 404');
  expect(code).toBe(1);
  expect(bad.requests).not.toContain('POST /api/ota/rollback');
});

test('a confirmation that the device refuses ends with 5 when it has gone back', async () => {
  const { address, requests } = await fakeDevice(OLD, 'falls back', ({ url }, outgoing) => {
    if (url !== '/api/ota/confirm') return false;
    outgoing.writeHead(500, { 'Content-Type': 'application/problem+json' });
    outgoing.end('{"type":"/problems/nvs-fault","title":"NVS","status":500,"detail":"worn out"}');
    return true;
  });
  const { code, stderr } = await deploy(NEW, address, ['--confirm', 'load']);
  expect(stderr).toMatch(/went back to 1\.0\.0, not 2\.0\.0: it loads, but could not be confirmed/);
  expect(stderr).toContain('Worn out.');
  expect(code).toBe(5);
  expect(requests).not.toContain('POST /api/ota/rollback');
});

test.each([
  ['', ''],
  ['Küche – 🔥 \\ "x" {}', 'Küche – 🔥 \\ "x" {}'],
  ['busy\r\nX: "y"', 'busy\\r\\nX: "y"'],
  ['\x1b[2J\x1b]0;x\x07', '\\u{1b}[2J\\u{1b}]0;x\\u{7}'],
  ['a\tb\0\x08\x7f', 'a\\tb\\u{0}\\u{8}\\u{7f}'],
  ['\u009b31m\u0085', '\\u{9b}31m\\u{85}'],
])('the text %j is printed as %j', (text, shown) => {
  expect(harmless(text)).toBe(shown);
  expect(harmless(shown)).toBe(shown);
});

test('no terminal obeys what a device answers', async () => {
  const problem = {
    ...{ type: '/problems/not-now', title: 'Not\u009b now', status: 409 },
    detail: 'busy\r\nX: "y" \x1b[2J',
  };
  const { address } = await fakeDevice(OLD, 'trial', ({ url }, outgoing) => {
    if (!url?.startsWith('/api/ota/frontend')) return false;
    outgoing.writeHead(409, { 'Content-Type': 'application/problem+json' });
    outgoing.end(JSON.stringify(problem));
    return true;
  });
  const { code, stdout, stderr } = await deploy(NEW, address);
  expect(stderr.toLowerCase()).toContain('busy\\r\\nx: "y" \\u{1b}[2j');
  expect((stdout + stderr).replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
  expect(code).toBe(4);
  const wild = await fakeDevice(OLD, 'trial', ({ url }, outgoing) => {
    if (url !== '/api/ota/status') return false;
    outgoing.statusCode = 409;
    outgoing.end(JSON.stringify(problem));
    return true;
  });
  const asked = await deploy(NEW, wild.address);
  expect(asked.code).toBe(4);
  expect(asked.stderr).toContain('\\u{1b}[2J');
  expect((asked.stdout + asked.stderr).replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
});

test('a frontend that stays since there is nothing to go back to ends with 1', async () => {
  const kept = await fakeDevice(OLD, 'keeps it');
  const first = await deploy(NEW, kept.address);
  expect(first.stderr).toContain('runs 2.0.0, which nobody confirmed; it stays since there is no');
  // To deploy it again is no way around its page.
  const again = await deploy(NEW, kept.address);
  expect(again.stderr).toContain('runs 2.0.0 already, but it was never confirmed');
  const loaded = await deploy(NEW, kept.address, ['--confirm', 'load']);
  expect(loaded.stdout).toContain('warning: it was never confirmed, but kept');
  expect([again.code, loaded.code]).toEqual([1, 0]);
  const broken = await fakeDevice(OLD, 'has no way back');
  const second = await deploy(imageOf('3.0.0', without('app.js')), broken.address);
  expect(second.stderr).toMatch(/does not load, and there is nothing to go back to: \/app\.js is/);
  expect([first.code, second.code]).toEqual([1, 1]);
});

test('another image than the one that was sent ends with 1', async () => {
  const { address } = await fakeDevice(OLD, 'replaced by others');
  const { code, stderr } = await deploy(NEW, address, ['--confirm', 'load']);
  expect(stderr).toContain('runs another image than 2.0.0; did somebody else');
  expect(code).toBe(1);
});

test('while another frontend is on trial nothing is sent', async () => {
  const { address, requests } = await fakeDevice(OLD, 'is on trial');
  const { code, stderr } = await deploy(NEW, address);
  expect(stderr).toMatch(
    /: the frontend that it runs is still on trial\. Nothing was sent; deploy again when .* in 50 s\n$/,
  );
  expect(code).toBe(4);
  expect(requests).toEqual([]);
});

test('the device may be named in a .env file', async () => {
  const { address } = await fakeDevice(NEW);
  expect(await deploy(NEW, null, [], { '.env': `DEVICE=${address}` })).toMatchObject({ code: 0 });
});

test('a refusal of the device is told in its words', async () => {
  const { address } = await fakeDevice(OLD, 'trial', (incoming, outgoing) => {
    if (incoming.method !== 'POST') return false;
    incoming.resume().on('end', () => {
      outgoing.writeHead(422, { 'Content-Type': 'application/problem+json' });
      outgoing.end(
        '{"type":"/problems/rejected","title":"Rejected","status":422,"detail":"block 7 is bad"}',
      );
    });
    return true;
  });
  const { code, stderr } = await deploy(NEW, address);
  expect(stderr).toContain('Block 7 is bad.');
  expect(code).toBe(4);
});

/** A device that refuses uploads, with `WWW-Authenticate` or not. */
const refusing = (status: number, kind: string, title: string, detail: string) =>
  fakeDevice(OLD, 'trial', ({ method }, outgoing) => {
    if (method !== 'POST') return false;
    outgoing.writeHead(status, { 'Content-Type': 'application/problem+json' });
    outgoing.end(JSON.stringify({ type: `/problems/${kind}`, title, status, detail }));
    return true;
  });

test.each([
  [
    409,
    'not-now',
    'the gate is moving',
    'The device wants no update now. The gate is moving. The device still runs what it ran. ' +
      'Deploy again when that is over.',
  ],
  [
    401,
    'unauthorized',
    'who asks is not known',
    'The device does not know you. Who asks is not known. The device still runs what it ran. ' +
      "Say who you are: --header 'Authorization: …', or whatever the device takes.",
  ],
  [
    403,
    'forbidden',
    'who asks may not do this',
    'You may not do this. Who asks may not do this. The device still runs what it ran. ' +
      'It knows who you are, and that is not enough: --header says it as somebody else.',
  ],
])('%i %s of a firmware ends with 4, its reason and what to do', async (...row) => {
  const [status, kind, detail, told] = row;
  const { address } = await refusing(status, kind, 'title', detail);
  const { code, stderr } = await deploy(NEW, address);
  expect(stderr).toBe(`error: ${address}: ${told}\n`);
  expect(code).toBe(4);
  const json = await deploy(NEW, address, ['--json']);
  expect(JSON.parse(json.stdout)).toMatchObject({ error: { kind } });
});

test('--header goes with every request, and is never printed', async () => {
  const sent: (string | string[] | undefined)[][] = [];
  const { address } = await fakeDevice(OLD, 'is looked at', ({ headers, url }, outgoing) => {
    sent.push([headers.authorization, headers['x-key']]);
    if (headers.authorization === 'Bearer s3cret') return false;
    outgoing.writeHead(401, { 'Content-Type': 'application/problem+json' });
    outgoing.end(JSON.stringify({ type: '/problems/unauthorized', title: 'No', detail: url }));
    return true;
  });
  const refused = await deploy(NEW, address);
  expect(refused.code).toBe(4);
  expect(refused.stderr).toContain('The device does not know you');
  sent.length = 0;
  const args = ['--header', 'Authorization: Bearer s3cret', '--header', 'X-Key:k3y'];
  const { code, stdout, stderr } = await deploy(NEW, address, args);
  expect([code, stderr]).toEqual([0, '']);
  // Status, upload, page, scripts, picture.
  expect(sent.length).toBeGreaterThan(5);
  for (const headers of sent) expect(headers).toEqual(['Bearer s3cret', 'k3y']);
  const wrong = await deploy(NEW, address, ['--confirm', 'page', ...args, '--header', 's3cret']);
  expect(wrong.code).toBe(2);
  for (const said of [stdout, stderr, wrong.stdout, wrong.stderr]) {
    expect(said).not.toMatch(/s3cret|k3y/);
  }
});

test.each([
  ['', 'takes'],
  ['Name', 'takes'],
  ['Name:', 'takes'],
  [': value', 'takes'],
  ['Na me: value', 'takes'],
  ['Name: va\nlue', 'takes'],
  ['Name: \u0394', 'takes'],
  ['Host: elsewhere', 'cannot change Host'],
  ['content-length: 3', 'cannot change content-length'],
])('--header %j is wrong use', (line, why) => {
  expect(() => parseHeaders([line])).toThrow(`--header ${why}`);
});

test('an image for another firmware or a larger slot is refused before anything is sent', async () => {
  const { address, requests } = await fakeDevice(OLD, 'trial', ({ url }, outgoing) => {
    if (url !== '/api/ota/status') return false;
    const slot = { valid: true, version: null, sha256: null, problem: null };
    outgoing.end(
      JSON.stringify({
        device: { name: '', firmware: '', api: 1, chip: '', boot_id: '', uptime_ms: 1 },
        ...{ active: 0, state: 'settled', trial: null, last: null, upload: null, fault: null },
        slots: [0, 1].map((n) => ({ label: `www_${n}`, size: 65536, used: 0, ...slot })),
      }),
    );
    return true;
  });
  const { code, stderr } = await deploy(NEW, address);
  expect(stderr).toMatch(/made for a slot of 1048576 bytes.*Nothing was sent/);
  expect(code).toBe(4);
  expect(requests).toEqual([]);
});

test('a device that comes back with its recovery page ends with 1', async () => {
  const { address } = await fakeDevice(OLD, 'recovery');
  const { code, stderr } = await deploy(NEW, address);
  expect(stderr).toContain('neither slot holds a whole frontend');
  expect(code).toBe(1);
});

test('a device that is off ends with 3, and nothing was sent', async () => {
  const { code, stderr } = await deploy(NEW, '127.0.0.1:1');
  expect(stderr).toMatch(/^error: 127\.0\.0\.1:1: No answer from the device\. Nothing was changed/);
  expect(code).toBe(3);
});

test('an image that is missing or none ends with 1 before the device is asked', async () => {
  const { address, requests } = await fakeDevice(OLD);
  const missing = await deploy(null, address);
  expect(missing.stderr).toMatch(/www\.bin: there is no such file; run `vite build` first/);
  const none = await deploy(Buffer.from('PK'), address);
  expect(none.stderr).toMatch(/www\.bin: not an image: 2 bytes long.*Nothing was sent/);
  expect([missing.code, none.code, requests.length]).toEqual([1, 1, 0]);
});

test.each([
  [null, [], /no device is named; set DEVICE=/],
  ['https://lamp', [], /devices speak plain HTTP/],
  ['lamp', ['a.bin', 'b.bin'], /name one image/],
  ['lamp', ['--fast'], /Unknown option '--fast'/],
  ['lamp', ['--within', '5'], /--within takes 10 to 3600 seconds/],
  ['lamp', ['--within', 'long'], /--within takes/],
  ['lamp', ['--within', '60', '--confirm', 'device'], /--within does not go with --confirm device/],
  ['lamp', ['--open', '--confirm', 'load'], /--open goes with --confirm page/],
  ['lamp', ['--open', '--confirm', 'device'], /--open goes with --confirm page/],
  ['lamp', ['--confirm', 'client'], /--confirm takes page, load, device/],
])('wrong use ends with 2 (DEVICE=%s %o)', async (device, args, words) => {
  const { code, stderr } = await deploy(NEW, device, args);
  expect(stderr).toMatch(words);
  expect(stderr).toContain('See faceplate-deploy --help');
  expect(code).toBe(2);
});

test('--json answers in JSON alone, and errors have a kind', async () => {
  const { address } = await fakeDevice(OLD, 'is looked at');
  const done = await deploy(NEW, address, ['--json']);
  const { sha256, build } = inspect(NEW);
  expect(JSON.parse(done.stdout)).toEqual({
    ...{ device: address, image: 'www.bin', version: '2.0.0', build, sha256, confirm: 'page' },
    ...{ slot: 'www_1', sent: true, sent_bytes: NEW.length, warnings: [] },
  });
  expect(done.stderr).toContain(`open http://${address}/ in a browser`);
  const error = async (...given: Parameters<typeof deploy>) => {
    const { code, stdout } = await deploy(...given);
    const { error } = JSON.parse(stdout) as { error: { kind: string; message: string } };
    expect(Object.keys(error)).toEqual(['kind', 'message']);
    return [code, error.kind];
  };
  const [back, other] = [await fakeDevice(OLD, 'falls back'), await fakeDevice(OLD, 'is on trial')];
  expect(await error(null, address, ['--json'])).toEqual([1, 'local']);
  expect(await error(NEW, null, ['--json'])).toEqual([2, 'usage']);
  expect(await error(NEW, '127.0.0.1:1', ['--json'])).toEqual([3, 'unreachable']);
  expect(await error(NEW, other.address, ['--json'])).toEqual([4, 'on-trial']);
  expect(await error(NEW, back.address, ['--json'])).toEqual([5, 'went-back']);
});

test('help tells the usage', async () => {
  const { code, stdout } = await deploy(null, null, ['--help']);
  expect(stdout).toContain('Usage: faceplate-deploy [options] [IMAGE]');
  expect(code).toBe(0);
});

test('on a terminal the time that is left runs down, elsewhere it is told each minute', () => {
  const show = (screen: { isTTY?: boolean }) => {
    const shown: string[] = [];
    const progress = new Progress('lamp', { ...screen, write: (text) => shown.push(text) });
    for (let left = 150; left > 100; left--) progress.left('waiting', left);
    return shown;
  };
  expect(show({})).toEqual(['lamp: waiting (150 s left)\n', 'lamp: waiting (120 s left)\n']);
  expect(show({ isTTY: true })).toHaveLength(50);
  expect(show({ isTTY: true })[1]).toBe('\r\x1b[Klamp: waiting (149 s left)');
});

test('on a terminal one line is written over, elsewhere there are a few lines', () => {
  const show = (screen: { isTTY?: boolean; columns?: number }) => {
    let shown = '';
    const progress = new Progress('lamp', { ...screen, write: (text) => (shown += text) });
    progress.phase('asking');
    progress.phase('asking');
    for (let done = 0; done <= 100; done++) progress.bytes('writing', done * 1024, 102_400);
    progress.say('done');
    return shown;
  };
  expect(show({}).split('\n')).toEqual([
    'lamp: asking',
    ...['25.0 KiB of 100 KiB (25 %)', '50.0 KiB of 100 KiB (50 %)'].map(
      (x) => `lamp: writing ${x}`,
    ),
    ...['75.0 KiB of 100 KiB (75 %)', '100 KiB of 100 KiB (100 %)'].map(
      (x) => `lamp: writing ${x}`,
    ),
    'lamp: done',
    '',
  ]);
  const terminal = show({ isTTY: true, columns: 60 });
  expect(terminal).toContain('\r\x1b[Klamp: writing [███████████████░░░░░░░░░░░░░░░] 50.0 KiB');
  expect(terminal.endsWith('\r\x1b[Klamp: done\n')).toBe(true);
  expect(Math.max(...terminal.split('\r\x1b[K').map((line) => line.length))).toBeLessThan(60);
});
