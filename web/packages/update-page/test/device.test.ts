// What the client makes of a device's answers, and of those of something else.
import { createServer } from 'node:http';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Device, Problem, Unreachable, deviceUrl } from '../src/device.js';
import { FakeDevice, pause, settled } from './fake.js';

let fake: FakeDevice;
beforeEach(async () => {
  fake = await FakeDevice.start();
});
afterEach(() => fake.stop());

const caught = (promise: Promise<unknown>) => promise.catch((error: unknown) => error);

test('a status is what the device says', async () => {
  expect(await fake.client.status()).toEqual(settled());
});

test('a status never comes out of a cache', async () => {
  fake.on = (_what, request) => {
    expect(request.headers['cache-control']).toBe('no-cache');
    return false;
  };
  expect(await fake.client.status()).toEqual(settled());
});

test('a status never comes from a service worker that keeps all that it ever got', async () => {
  vi.stubGlobal('navigator', { serviceWorker: { controller: {} } });
  const asked: (string | undefined)[] = [];
  fake.on = (_what, request) => {
    asked.push(request.url);
    return false;
  };
  expect(await fake.client.status()).toEqual(settled());
  await pause(2);
  expect(await fake.client.status()).toEqual(settled());
  expect(new Set(asked).size).toBe(2);
  vi.unstubAllGlobals();
});

test('a slash at the end of the address does no harm', async () => {
  const device = new Device(`${fake.base}//`);
  expect(device.base).toBe(fake.base);
  expect((await device.status()).active).toBe(0);
});

test.each([
  ['an HTML page', 'text/html', '<!doctype html><title>Router</title>'],
  ['nothing', 'application/json', ''],
  ['a number', 'application/json', '7'],
  ['null', 'application/json', 'null'],
  ['a list', 'application/json', '[]'],
  ['an object of something else', 'application/json', '{"status":"ok"}'],
])('%s instead of a status is not from a device', async (_, type, body) => {
  fake.on = (_what, _request, response) => {
    response.writeHead(200, { 'Content-Type': type }).end(body);
    return true;
  };
  const error = await caught(fake.client.status());
  expect(error).toBeInstanceOf(Unreachable);
  expect(error).toMatchObject({ kind: 'foreign' });
});

test('a status with any field missing or of another type is not from a device', async () => {
  const trial = { confirm: 'client', seconds_left: 3, boots_left: 1 } as const;
  const last = { outcome: 'updated', reason: null, from: 0, to: 1 } as const;
  const upload = { phase: 'writing', received: 1, written: 0, total: 2 } as const;
  const whole = { ...settled(), trial, last, upload };
  let wrong: unknown;
  fake.on = (_what, _request, response) => {
    response.end(JSON.stringify(wrong));
    return true;
  };
  wrong = whole;
  expect(await fake.client.status()).toEqual(whole);
  const paths: string[][] = [];
  const collect = (value: unknown, path: string[]) => {
    if (path.length) paths.push(path);
    if (typeof value !== 'object' || !value) return;
    for (const [key, inner] of Object.entries(value)) collect(inner, [...path, key]);
  };
  collect(whole, []);
  expect(paths.length).toBeGreaterThan(40);
  for (const path of paths) {
    const nullable = /^(trial|last|upload|fault)$|(version|build|sha256|problem|reason)$/;
    const values = path.at(-1) === 'build' ? [[[]]] : [undefined, [[]]];
    for (const value of [...values, ...(nullable.test(path.join('.')) ? [] : [null])]) {
      wrong = structuredClone(whole);
      let place = wrong as Record<string, unknown>;
      for (const key of path.slice(0, -1)) place = place[key] as Record<string, unknown>;
      place[path.at(-1) as string] = value;
      const error = await caught(fake.client.status());
      expect(error, path.join('.')).toMatchObject({ kind: 'foreign' });
    }
  }
});

test('the keys are a list, none, or not told by older firmware', async () => {
  for (const keys of [['d75a980182b10ab7'], null, undefined]) {
    fake.status = { ...settled(), ...(keys !== undefined && { signed_by: keys }) };
    expect((await fake.client.status()).signed_by).toEqual(keys);
  }
  for (const keys of ['d75a980182b10ab7', 7, {}]) {
    fake.status = { ...settled(), signed_by: keys as unknown as string[] };
    expect(await caught(fake.client.status())).toMatchObject({ kind: 'foreign' });
  }
});

test('a device that takes too long is silent', async () => {
  fake.statusMs = 200;
  const error = await caught(fake.client.status({ timeoutMs: 20 }));
  expect(error).toMatchObject({ name: 'Unreachable', kind: 'silent' });
});

test('a status can be aborted, with the reason that was given', async () => {
  fake.statusMs = 200;
  const stop = new AbortController();
  const reason = new Error('left the page');
  setTimeout(() => stop.abort(reason), 10);
  expect(await caught(fake.client.status({ signal: stop.signal }))).toBe(reason);
});

test('no connection is silence', async () => {
  fake.down = true;
  expect(await caught(fake.client.status())).toMatchObject({ kind: 'silent' });
  expect(await caught(fake.client.confirm())).toMatchObject({ kind: 'silent' });
  expect(await caught(fake.client.rollback())).toMatchObject({ kind: 'silent' });
});

test('a proxy whose device does not answer is silence, too', async () => {
  fake.on = (_what, _request, response) => {
    response.writeHead(502, { 'Content-Type': 'text/plain' }).end('bad gateway');
    return true;
  };
  expect(await caught(fake.client.status())).toMatchObject({ kind: 'silent' });
});

test('a refusal has the words of the device', async () => {
  fake.on = (_what, _request, response) =>
    fake.problem(response, 413, 'too-large', { slot_size: 4096 });
  const error = await caught(fake.client.confirm());
  expect(error).toBeInstanceOf(Problem);
  expect(error).toMatchObject({
    kind: 'too-large',
    status: 413,
    title: 'title of too-large',
    detail: 'detail of too-large',
    message: 'detail of too-large',
    slotSize: 4096,
  });
});

test.each([
  '{"type":"https://example.com/problems/busy"}',
  '{"type":"/problems/"}',
  '{"type":7}',
  '"busy"',
  '<h1>409</h1>',
])('%s is no refusal of a device', async (body) => {
  fake.on = (_what, _request, response) => {
    response.writeHead(409).end(body);
    return true;
  };
  expect(await caught(fake.client.confirm())).toMatchObject({ kind: 'foreign' });
});

test('a refusal of which only the type is right is still one', async () => {
  fake.on = (_what, _request, response) => {
    response.writeHead(409).end('{"type":"/problems/busy","title":1,"detail":[],"slot_size":"x"}');
    return true;
  };
  const refused = { kind: 'busy', title: 'busy', detail: '', slotSize: null };
  expect(await caught(fake.client.confirm())).toMatchObject(refused);
});

test('commands have the media type that the device wants, and say what it answers', async () => {
  fake.status.state = 'trial';
  fake.status.trial = { confirm: 'client', seconds_left: 3, boots_left: 1 };
  expect((await fake.client.confirm()).state).toBe('settled');
  expect(await caught(fake.client.confirm())).toMatchObject({ kind: 'not-on-trial' });
  expect(await fake.client.rollback()).toEqual({ slot: 1, reboot_ms: 1 });
});

describe('an upload', () => {
  const image = new Blob([new Uint8Array(8192)]);

  test('sends the bytes with their length, and the query for who confirms', async () => {
    const seen: unknown[] = [];
    fake.on = async (what, request, response) => {
      if (!what.startsWith('POST')) return false;
      let bytes = 0;
      for await (const chunk of request) bytes += (chunk as Buffer).length;
      const { 'content-length': length, 'content-type': type } = request.headers;
      seen.push([what, bytes, length, type]);
      fake.accept(response, 1);
      return true;
    };
    await fake.client.upload(image);
    await fake.client.upload(image, { confirm: 'client' });
    const { sha256, sectors } = await fake.client.upload(image, { confirm: 'client', within: 20 });
    expect(sha256).toHaveLength(64);
    expect(sectors).toEqual({ written: 2, same: 0 });
    const rest = [8192, '8192', 'application/octet-stream'];
    expect(seen).toEqual([
      ['POST frontend', ...rest],
      ['POST frontend?confirm=client', ...rest],
      ['POST frontend?confirm=client&within=20', ...rest],
    ]);
  });

  test('that is refused before its body was read is a refusal', async () => {
    fake.on = (what, _request, response) =>
      what.startsWith('POST') && fake.problem(response, 409, 'busy');
    const large = new Blob([new Uint8Array(4 << 20)]);
    for (let i = 0; i < 10; i++) {
      expect(await caught(fake.client.upload(large))).toMatchObject({ kind: 'busy' });
    }
  });

  test('that is aborted ends at once, without a look at the device', async () => {
    const stop = new AbortController();
    fake.on = async (what) => {
      if (!what.startsWith('POST')) return false;
      stop.abort();
      await pause(20);
      return true;
    };
    const error = await caught(fake.client.upload(image, { signal: stop.signal }));
    expect(error).toMatchObject({ name: 'AbortError' });
    expect(fake.asked).toEqual(['POST frontend']);
  });
});

test('an early refusal is read though the connection is closed at once behind it', async () => {
  // A server without any manners: it answers the head, and closes.
  const body = '{"type":"/problems/too-large","title":"t","status":413,"detail":"d","slot_size":1}';
  const server = createServer();
  server.on('request', (request) => {
    const { socket } = request;
    socket.end(
      `HTTP/1.1 413 Content Too Large\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as import('node:net').AddressInfo;
  const device = new Device(`http://127.0.0.1:${port}`);
  const error = await caught(device.upload(new Blob([new Uint8Array(100_000)])));
  server.closeAllConnections();
  server.close();
  expect(error).toMatchObject({ kind: 'too-large', slotSize: 1 });
});

test('a proxy that takes no body of this length is no device, and told apart', async () => {
  vi.stubGlobal('fetch', async () => new Response('<h1>413</h1>', { status: 413 }));
  const error = await new Device().upload(new Blob(['x'])).catch((error: unknown) => error);
  vi.unstubAllGlobals();
  expect(error).toMatchObject({ name: 'Problem', kind: 'proxy-limit', status: 413 });
});

test.each([
  ['provider.local', 'http://provider.local'],
  [' 192.168.4.1 ', 'http://192.168.4.1'],
  ['192.168.4.1:8080', 'http://192.168.4.1:8080'],
  ['localhost:8080', 'http://localhost:8080'],
  ['http://provider.local/', 'http://provider.local'],
  ['http://home.example:8080/kitchen/', 'http://home.example:8080/kitchen'],
  ['home.example/a%20b/lamp', 'http://home.example/a%20b/lamp'],
  ['home.example/~me/a%20b//', 'http://home.example/~me/a%20b'],
  ['lamp/k%69tchen/%c3%bc', 'http://lamp/kitchen/%C3%BC'],
  ['lamp/a%2fb', 'http://lamp/a%2Fb'],
  ['lamp/%5bx%5D', 'http://lamp/%5Bx%5D'],
  ['HTTP://Provider.local', 'http://provider.local'],
  ['[fe80::1]:81', 'http://[fe80::1]:81'],
])('%s is the device at %s', (address, base) => {
  expect(deviceUrl(address)).toBe(base);
});

test.each([
  ['https://provider.local', /plain HTTP: write http:\/\/provider\.local/],
  ['ftp://provider.local', /plain HTTP/],
  ['', /not the address/],
  ['   ', /not the address/],
  ['http://', /not the address/],
  ['two words', /not the address/],
  ['host:port', /not the address/],
  ['http://provider.local/#/update', /without what begins with \? or #/],
  ['provider.local/?x', /without what begins/],
  ['http://me:secret@provider.local', /without a name and password/],
  ['127.0.0.1:8098//kitchen', /the path of a proxy/],
  ['http://lamp/../x', /the path of a proxy/],
  ['lamp/kitchen/../kitchen', /the path of a proxy/],
  ['lamp/x/%2e%2E/x', /the path of a proxy/],
  ['lamp/./x', /the path of a proxy/],
  ['lamp/x//y', /the path of a proxy/],
  ['lamp/[x]', /the path of a proxy/],
  ['lamp/100%', /the path of a proxy/],
  ['lamp/%4', /the path of a proxy/],
  ['lamp/%zz', /the path of a proxy/],
  ['lamp/a b', /the path of a proxy/],
  ['lamp/ü', /the path of a proxy/],
  ['lamp/x\ty', /the path of a proxy/],
  ['lamp\\x', /the path of a proxy/],
  ['http:///lamp', /the path of a proxy/],
])('%s is refused as an address, with words', (address, words) => {
  expect(() => deviceUrl(address)).toThrow(TypeError);
  expect(() => deviceUrl(address)).toThrow(words);
});

test('an upload of a patch is another method and type, with the same query', async () => {
  const heads: (string | undefined)[] = [];
  fake.on = (what, request, response) => {
    if (!what.startsWith('PATCH')) return false;
    heads.push(what, request.headers['content-type'], request.headers['content-length']);
    request.resume();
    fake.accept(response, 1);
    return true;
  };
  const options = { confirm: 'client', within: 60, patch: true } as const;
  await fake.client.upload(new Blob(['a patch']), options);
  expect(heads).toEqual([
    'PATCH frontend?confirm=client&within=60',
    'application/vnd.faceplate.patch',
    '7',
  ]);
});

test('chunks and images come as the bytes that they are', async () => {
  const bytes = Uint8Array.from({ length: 600 }, (_, i) => i);
  fake.on = (what, _request, response) => {
    if (!what.startsWith('GET frontend')) return false;
    response.end(bytes);
    return true;
  };
  const { client } = fake;
  expect(new Uint8Array(await client.chunks(1))).toEqual(bytes);
  expect(new Uint8Array(await client.chunks(0, 4096))).toEqual(bytes);
  expect(new Uint8Array(await client.image())).toEqual(bytes);
  expect(fake.asked).toEqual([
    'GET frontend/chunks?slot=1',
    'GET frontend/chunks?slot=0&length=4096',
    'GET frontend',
  ]);
});

test('a device that knows of no chunks says so', async () => {
  const error = await caught(fake.client.chunks(0));
  expect(error).toMatchObject({ name: 'Problem', kind: 'not-found' });
});

describe('a device with a password', () => {
  const refused = new Response('{"type":"/problems/password-needed","title":"t"}', { status: 401 });
  /** A page that knows how to log in, and a person who does or does not. */
  function page(enters: boolean) {
    let open = false;
    const ready = vi.fn(async () => (open = enters));
    const ask = vi.fn(async () => (open ? Response.json(settled()) : refused.clone()));
    vi.stubGlobal('window', {
      faceplate: { base: '', login: async () => ({ ready }), fetch: ask },
    });
    return { ask, ready };
  }
  afterEach(() => void vi.unstubAllGlobals());

  test('is asked once more when somebody has logged in', async () => {
    const { ask, ready } = page(true);
    const status = await new Device('/kitchen').status();
    expect(status.state).toBe('settled');
    expect(ask).toHaveBeenCalledTimes(2);
    expect(ask).toHaveBeenCalledWith(
      '/kitchen/api/ota/status',
      expect.objectContaining({ quiet: true }),
      '/kitchen',
    );
    // A look disturbs nobody twice; what a person wants does.
    expect(ready).toHaveBeenCalledWith({ once: true });
    page(true);
    await new Device().confirm();
  });

  test('refuses where nobody does', async () => {
    const { ask, ready } = page(false);
    await expect(new Device().confirm()).rejects.toMatchObject({ kind: 'password-needed' });
    expect(ready).toHaveBeenCalledWith({ once: false });
    expect(ask).toHaveBeenCalledTimes(1);
  });

  test('whose script cannot be had refuses', async () => {
    page(false);
    Object.assign(window.faceplate as object, { login: () => Promise.reject(new TypeError('no')) });
    await expect(new Device().status()).rejects.toMatchObject({ kind: 'password-needed' });
  });

  test('is given the time that a person takes', async () => {
    const { ready } = page(true);
    ready.mockImplementationOnce(async () => {
      await pause(30);
      return page(true).ready();
    });
    expect((await new Device().status({ timeoutMs: 10 })).state).toBe('settled');
  });

  test.each([
    ['one without a password', 404, false, true],
    ['somebody who is logged in', 200, true, true],
    ['nobody', 200, false, false],
  ])('is unlocked before an upload: %s', async (_, status, enters, goes) => {
    const { ready } = page(enters);
    vi.stubGlobal('fetch', async () => new Response('{}', { status }));
    const unlocked = new Device().unlock();
    if (goes) await unlocked;
    else await expect(unlocked).rejects.toMatchObject({ kind: 'password-needed' });
    expect(ready).toHaveBeenCalledTimes(status === 200 ? 1 : 0);
  });
});
