// `vite dev` and `vite preview` with and without a device, over loopback.
import { request, type IncomingMessage } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import faceplate from '../src/index.js';
import { listener } from './builds.js';
import { project } from './project.js';
import { dev, device, PAGE, port, previewed } from './servers.js';

const post = (
  host: string,
  origin: string | null,
  body: BodyInit = '{}',
  path = '/api/ota/confirm?x=1',
) =>
  fetch(`http://${host}${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...(origin && { Origin: origin }) },
    body,
  });

test.each([
  ['dev', dev],
  ['preview', previewed],
])('in vite %s a request of the page reaches the device as one of its own', async (_, start) => {
  const { requests, host: to } = await device(() => '{"state":"settled"}');
  const { host } = await start({ device: to });
  const response = await post(host, `http://${host}`);
  expect(await response.json()).toEqual({ state: 'settled' });
  const [{ headers, method, url }] = requests as [IncomingMessage];
  expect([method, url]).toEqual(['POST', '/api/ota/confirm?x=1']);
  expect(headers).toMatchObject({
    host: to,
    origin: `http://${to}`,
    'content-type': 'application/json',
    'content-length': '2',
  });
  await fetch(`http://${host}/recovery`);
  expect(requests[1]?.url).toBe('/recovery');
  await fetch(`http://${host}/recovery/wifi?x`);
  expect(requests[2]?.url).toBe('/recovery/wifi?x');
});

test('a page logs in to the device by the script of the device, and its signatures arrive', async () => {
  const { requests, host: to } = await device(() => 'export const fetch = 1;');
  const { host } = await dev({ device: to });
  const script = await fetch(`http://${host}/api/ota/login.js`);
  expect(await script.text()).toBe('export const fetch = 1;');
  const headers = { Authorization: 'Faceplate 0123456789abcdef.7.00', 'Content-Digest': 'x' };
  await fetch(`http://${host}/api/lamp?a=1`, { method: 'POST', headers });
  await fetch(`http://${host}/api/events?a=1&auth=0123456789abcdef.8.00`);
  expect(requests.map(({ url }) => url)).toEqual([
    '/api/ota/login.js',
    '/api/lamp?a=1',
    '/api/events?a=1&auth=0123456789abcdef.8.00',
  ]);
  expect(requests[1]?.headers).toMatchObject({
    authorization: headers.Authorization,
    'content-digest': 'x',
  });
});

test('a device behind a reverse proxy is asked below its prefix', async () => {
  const { requests, host: to } = await device();
  const { host } = await dev({ device: `http://${to}/kitchen/` });
  await post(host, `http://${host}`);
  const [{ headers, url }] = requests as [IncomingMessage];
  expect(url).toBe('/kitchen/api/ota/confirm?x=1');
  expect(headers).toMatchObject({ host: to, origin: `http://${to}` });
});

test('a page of the preview confirms no build, also through a proxy of the user; a person may', async () => {
  const { requests, host: to } = await device(() => '{"state":"settled"}');
  const proxied = { preview: { proxy: { '/api': `http://${to}` } } };
  for (const { host } of [await previewed({ device: to }), await previewed({}, proxied)]) {
    requests.length = 0;
    const build = '{"build":"b0b0b0b0b0b0b0b0"}';
    for (const prefix of ['', '/kitchen']) {
      const proof = await post(host, `http://${host}`, build, `${prefix}/api/ota/confirm?page`);
      expect(proof.status).toBe(409);
      expect(await proof.json()).toMatchObject({ type: '/problems/other-build' });
    }
    expect(requests).toHaveLength(0);
    for (const word of ['{}', build])
      expect(await (await post(host, `http://${host}`, word)).json()).toEqual({ state: 'settled' });
    expect(requests).toHaveLength(2);
  }
});

test('a page from elsewhere keeps its origin, so that the device can refuse it', async () => {
  const { requests, host: to } = await device();
  const { host } = await dev({ device: to });
  await post(host, 'http://evil.example');
  await post(host, null);
  expect(requests.map(({ headers }) => headers.origin)).toEqual(['http://evil.example', undefined]);
});

test('a name that was bent to this machine does not reach the device', async () => {
  const { requests, host: to } = await device();
  const { host } = await dev({ device: to });
  const status = await new Promise((done) => {
    const headers = { Host: 'evil.example' };
    request(`http://${host}/api/ota/status`, { headers }, (response) => {
      response.resume();
      done(response.statusCode);
    }).end();
  });
  expect(status).toBe(403);
  expect(requests).toHaveLength(0);
});

test('a name that was bent to this machine is refused where Vite looks only behind plugins', () => {
  const { logger } = listener();
  // As Vite 6 calls it: no other middleware was there before.
  let page = '';
  const ask = (kind: 'Server' | 'PreviewServer', host: string | undefined, config: object) => {
    let status = 0;
    const use = (handle: (incoming: object, outgoing: object, next: () => void) => void) => {
      const outgoing = {
        writeHead: (code: number) => (status = code),
        end: (body: string) => (page = body),
      };
      handle(
        { url: '/api/ota/status', headers: { host, accept: 'text/html' } },
        outgoing,
        () => undefined,
      );
    };
    const server = { config: { logger, server: {}, preview: {}, ...config }, middlewares: { use } };
    const [, plugin] = faceplate();
    (plugin?.[`configure${kind}`] as (from: object) => void)(server);
    return status;
  };
  vi.stubEnv('DEVICE', undefined);
  onTestFinished(() => void vi.unstubAllEnvs());
  for (const host of ['evil.example', 'evil.example:5173', 'localhost.evil.example', '', undefined])
    for (const kind of ['Server', 'PreviewServer'] as const)
      expect(ask(kind, host, {}), host).toBe(403);
  ask('Server', '<b>&"', {});
  expect(page).toContain('<p>&#60;b&#62;&#38;&#34; is no address');
  // 503: that no device is named is only said to its own pages.
  for (const host of ['localhost:5173', 'a.localhost', '127.0.0.1:1', '[::1]:1', '192.168.4.1'])
    expect(ask('Server', host, {}), host).toBe(503);
  const lan = { server: { allowedHosts: ['box.lan', '.home.arpa'] } };
  for (const [host, status] of [
    ['Box.lan:80', 503],
    ['a.home.arpa', 503],
    ['home.arpa', 503],
    ['a.box.lan', 403],
    ['nothome.arpa', 403],
  ] as const)
    expect(ask('Server', host, lan), host).toBe(status);
  expect(ask('Server', 'box', { additionalAllowedHosts: ['box'] })).toBe(503);
  expect(ask('Server', 'box', { server: { allowedHosts: true } })).toBe(503);
  expect(ask('PreviewServer', 'box', { server: { allowedHosts: true } })).toBe(403);
  expect(ask('PreviewServer', 'box', { preview: { https: {} } })).toBe(503);
});

test('what only begins like a path of the device is left to Vite', async () => {
  const { requests, host: to } = await device();
  const { host } = await dev({ device: to });
  for (const path of ['/', '/apis', '/api.js', '/recovery/x', '/recovery/wifix', '/recovered']) {
    await fetch(`http://${host}${path}`, { headers: { Accept: 'text/html' } });
  }
  expect(requests).toHaveLength(0);
});

test('an upload streams: the device gets the beginning before the end is there', async () => {
  const { requests, host: to } = await device();
  const { host } = await dev({ device: to });
  const upload = request(`http://${host}/api/ota/frontend`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/octet-stream', 'Content-Length': 2 << 20 },
  });
  const received = new Promise((done) => {
    upload.on('response', (response) => {
      response.resume();
      done(response.headers['x-received']);
    });
  });
  upload.write(Buffer.alloc(1 << 20));
  await vi.waitFor(() => expect(requests).toHaveLength(1));
  expect(requests[0]?.headers['content-length']).toBe(String(2 << 20));
  upload.end(Buffer.alloc(1 << 20));
  expect(await received).toBe(String(2 << 20));
});

test('a device that refuses an upload by its head is heard before the body is sent', async () => {
  const refusal = 'HTTP/1.1 413 Too large\r\nContent-Length: 9\r\n\r\ntoo large';
  let received = '';
  const server = createTcpServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => (received += chunk.toString('latin1')));
    // Long enough for a body that does not wait.
    setTimeout(() => socket.end(refusal), 100);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  onTestFinished(() => void server.close());
  const { host } = await dev({ device: `127.0.0.1:${port(server)}` });
  const response = await post(host, `http://${host}`, new Uint8Array(8 << 20));
  expect([response.status, await response.text()]).toEqual([413, 'too large']);
  expect(received).toMatch(/^POST [^]*expect: 100-continue\r\n[^]*\r\n\r\n$/i);
});

test('a device that says nothing before the body comes gets it all the same', async () => {
  const server = createTcpServer((socket) => {
    let received = '';
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
      if (received.endsWith('{}')) socket.end('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone');
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  onTestFinished(() => void server.close());
  const { host } = await dev({ device: `127.0.0.1:${port(server)}` });
  const response = await post(host, `http://${host}`);
  expect([response.status, await response.text()]).toEqual([200, 'done']);
});

test('an upload whose page goes away is broken off at the device', async () => {
  const { requests, host: to } = await device();
  const { host } = await dev({ device: to });
  const upload = request(`http://${host}/api/ota/frontend`, {
    method: 'POST',
    headers: { 'Content-Length': 2 << 20 },
  });
  upload.on('error', () => undefined);
  upload.write(Buffer.alloc(1000));
  await vi.waitFor(() => expect(requests).toHaveLength(1));
  const aborted = new Promise((done) => requests[0]?.on('error', done));
  upload.destroy();
  expect(await aborted).toMatchObject({ code: 'ECONNRESET' });
});

test('a device that is off is said in words, and Vite goes on', async () => {
  const gone = await device();
  await new Promise((done) => gone.server.close(done));
  const { host, errors } = await dev({ device: gone.host });
  const response = await fetch(`http://${host}/api/ota/status`);
  expect(response.status).toBe(502);
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  expect(await response.json()).toMatchObject({
    type: '/problems/no-answer',
    title: 'The device does not answer',
    detail: expect.stringContaining(`${gone.host}: connect ECONNREFUSED`),
  });
  const page = await fetch(`http://${host}/recovery`, { headers: { Accept: 'text/html' } });
  expect(await page.text()).toContain('<h1>The device does not answer</h1>');
  expect(errors).toEqual([]);
  expect((await fetch(`http://${host}/`)).status).toBe(200);
});

test.each([
  ['dev', dev],
  ['preview', previewed],
])('in vite %s without a device its API says how to name one', async (_, start) => {
  vi.stubEnv('DEVICE', undefined);
  onTestFinished(() => void vi.unstubAllEnvs());
  const { host } = await start({});
  const response = await fetch(`http://${host}/api/ota/status`, {
    headers: { Accept: 'application/json' },
  });
  expect(response.status).toBe(503);
  expect(await response.json()).toMatchObject({
    type: '/problems/no-device',
    detail: expect.stringContaining('DEVICE='),
  });
  const page = await fetch(`http://${host}/`, { headers: { Accept: 'text/html' } });
  const html = await page.text();
  expect(html).toContain('<title>Lamp</title>');
  // Pages get their stamp from a build alone.
  expect(html).not.toContain('faceplate-');
});

test('the device is named by the environment or a .env file', async () => {
  const { requests, host: to } = await device();
  vi.stubEnv('DEVICE', to);
  onTestFinished(() => void vi.unstubAllEnvs());
  const first = await dev({});
  await fetch(`http://${first.host}/api/ota/status`);
  vi.stubEnv('DEVICE', undefined);
  const root = project({ ...PAGE, '.env.local': `DEVICE=${to}` });
  const second = await dev({}, { root, envDir: root });
  await fetch(`http://${second.host}/api/ota/status`);
  expect(requests).toHaveLength(2);
});

test('an address that is none stops vite dev in words', async () => {
  await expect(dev({ device: 'https://lamp' })).rejects.toThrow(/DEVICE: .*plain HTTP/);
});

test("the user's own proxy for /api is left to work", async () => {
  const [mine, theirs] = [await device(() => 'mine'), await device(() => 'theirs')];
  const { host } = await dev(
    { device: mine.host },
    {
      server: {
        host: '127.0.0.1',
        port: 0,
        hmr: false,
        proxy: { '/api': `http://${theirs.host}` },
      },
    },
  );
  expect(await (await fetch(`http://${host}/api/x`)).text()).toBe('theirs');
});
