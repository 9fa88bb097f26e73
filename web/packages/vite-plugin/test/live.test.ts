// Live data through `vite dev` and `vite preview`: events as they come, and WebSockets.
import { createHash } from 'node:crypto';
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { expect, onTestFinished, test, vi } from 'vitest';
import { dev, port, previewed } from './servers.js';

/** The example of RFC 6455, 1.3. */
const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const ACCEPT = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=';
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

interface Live {
  readonly host: string;
  /** Streams of events that were asked for. */
  readonly streams: ServerResponse[];
  /** Handshakes that came, and what came behind them. */
  readonly handshakes: IncomingMessage[];
  readonly received: string[];
  readonly sockets: Duplex[];
}

/** A device with an endless stream of events at `/api/events`, and WebSockets at `/api/lamp/socket`. */
async function liveDevice(): Promise<Live> {
  const live: Omit<Live, 'host'> = { streams: [], handshakes: [], received: [], sockets: [] };
  const server = createServer((incoming, outgoing) => {
    if (incoming.url !== '/api/events') return void outgoing.writeHead(404).end();
    outgoing.writeHead(200, { 'Content-Type': 'text/event-stream' });
    outgoing.flushHeaders();
    live.streams.push(outgoing);
  });
  server.on('upgrade', (incoming, socket, head) => {
    live.handshakes.push(incoming);
    live.sockets.push(socket);
    const { 'sec-websocket-key': key } = incoming.headers;
    if (incoming.url !== '/api/lamp/socket') {
      const body = '{"type":"/problems/too-many-live","status":503}';
      const head =
        'HTTP/1.1 503 Full\r\nContent-Type: application/problem+json\r\nRetry-After: 5\r\n';
      return void socket.end(`${head}Content-Length: ${body.length}\r\n\r\n${body}`);
    }
    const accept = createHash('sha1').update(`${key}${GUID}`).digest('base64');
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        `Sec-WebSocket-Accept: ${accept}\r\n\r\nfirst`,
    );
    socket.on('error', () => undefined);
    socket.on('end', () => socket.end());
    const note = (data: Buffer) => void live.received.push(data.toString());
    if (head.length) note(head);
    socket.on('data', note);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  onTestFinished(() => {
    for (const socket of live.sockets) socket.destroy();
    server.closeAllConnections();
    server.close();
  });
  return { ...live, host: `127.0.0.1:${port(server)}` };
}

/** Asks for a WebSocket, as a browser does; `more` comes behind the handshake at once. */
function shake(host: string, path: string, fields: Record<string, string> = {}, more = '') {
  const [name, port] = host.split(':');
  const socket = connect(Number(port), name);
  onTestFinished(() => void socket.destroy());
  const known = {
    ...{ Host: host, Connection: 'Upgrade', Upgrade: 'websocket', Origin: `http://${host}` },
    ...{ 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': KEY },
    ...fields,
  };
  const lines = Object.entries(known).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n${more}`);
  let text = '';
  let closed = false;
  socket.on('error', () => undefined);
  socket.on('data', (data) => (text += data.toString()));
  socket.on('close', () => (closed = true));
  return { socket, text: () => text, closed: () => closed };
}

const KINDS = [
  ['dev', dev],
  ['preview', previewed],
] as const;

test.each(KINDS)('vite %s passes each event on as it comes, and ends with it', async (_, start) => {
  const device = await liveDevice();
  const { host } = await start({ device: device.host });
  let [type, text, ended] = ['', '', false];
  const asked = get(`http://${host}/api/events`, { headers: { Accept: 'text/event-stream' } });
  asked.on('error', () => undefined);
  asked.on('response', (response) => {
    type = response.headers['content-type'] ?? '';
    response.on('error', () => undefined);
    response.on('data', (data: Buffer) => (text += data.toString()));
    response.on('end', () => (ended = true));
  });
  // Known to be there before anything comes.
  await vi.waitFor(() => expect(type).toBe('text/event-stream'), 5000);
  const [stream] = device.streams;
  for (const event of ['event: sensor\ndata: 1\n\n', 'event: sensor\ndata: 2\n\n']) {
    const before = text;
    stream?.write(event);
    await vi.waitFor(() => expect(text).toBe(before + event), 5000);
  }
  // A restart of the device ends it here, too.
  stream?.end();
  await vi.waitFor(() => expect(ended).toBe(true), 5000);

  // And a page that goes away lets go of the device's connection.
  const left = get(`http://${host}/api/events`);
  left.on('error', () => undefined);
  await vi.waitFor(() => expect(device.streams).toHaveLength(2), 5000);
  left.destroy();
  await vi.waitFor(() => expect(device.streams[1]?.closed).toBe(true), 5000);
});

test.each(KINDS)('vite %s passes a WebSocket on, both ways, to its end', async (_, start) => {
  const device = await liveDevice();
  const { host } = await start({ device: device.host });
  const page = shake(host, '/api/lamp/socket', {}, 'early');
  await vi.waitFor(() => expect(page.text()).toMatch(/^HTTP\/1\.1 101 [^]*first$/), 5000);
  expect(page.text()).toContain(`Sec-WebSocket-Accept: ${ACCEPT}\r\n`);
  const [{ headers, url }] = device.handshakes as [IncomingMessage];
  expect(url).toBe('/api/lamp/socket');
  // The page is one of the device's own.
  expect(headers).toMatchObject({
    host: device.host,
    origin: `http://${device.host}`,
    upgrade: 'websocket',
    'sec-websocket-key': KEY,
  });
  await vi.waitFor(() => expect(device.received.join('')).toBe('early'), 5000);
  page.socket.write('later');
  await vi.waitFor(() => expect(device.received.join('')).toBe('earlylater'), 5000);
  device.sockets[0]?.write('more');
  await vi.waitFor(() => expect(page.text()).toMatch(/firstmore$/), 5000);
  device.sockets[0]?.end();
  await vi.waitFor(() => expect(page.closed()).toBe(true), 5000);

  const left = shake(host, '/api/lamp/socket');
  await vi.waitFor(() => expect(left.text()).toMatch(/first$/), 5000);
  left.socket.destroy();
  await vi.waitFor(() => expect(device.sockets[1]?.destroyed).toBe(true), 5000);
});

test('a page from elsewhere keeps its origin, so that the device can refuse its WebSocket', async () => {
  const device = await liveDevice();
  const { host } = await dev({ device: device.host });
  shake(host, '/api/lamp/socket', { Origin: 'http://evil.example' });
  await vi.waitFor(() => expect(device.handshakes).toHaveLength(1), 5000);
  expect(device.handshakes[0]?.headers.origin).toBe('http://evil.example');
});

test('a WebSocket that the device refuses is refused as it does', async () => {
  const device = await liveDevice();
  const { host } = await dev({ device: device.host });
  const page = shake(host, '/api/full');
  await vi.waitFor(() => expect(page.closed()).toBe(true), 5000);
  expect(page.text()).toMatch(/^HTTP\/1\.1 503 [^]*Retry-After: 5\r\n[^]*too-many-live/i);
});

test('a WebSocket is refused in words where the device is off, none is named, or a name was bent', async () => {
  const device = await liveDevice();
  const { host } = await dev({ device: device.host });
  const bent = shake(host, '/api/lamp/socket', { Host: 'evil.example' });
  await vi.waitFor(() => expect(bent.closed()).toBe(true), 5000);
  expect(bent.text()).toMatch(/^HTTP\/1\.1 403 [^]*foreign-host/);
  expect(device.handshakes).toHaveLength(0);

  const off = await dev({ device: '127.0.0.1:1' });
  const gone = shake(off.host, '/api/lamp/socket');
  await vi.waitFor(() => expect(gone.closed()).toBe(true), 5000);
  expect(gone.text()).toMatch(/^HTTP\/1\.1 502 [^]*ECONNREFUSED/);

  vi.stubEnv('DEVICE', undefined);
  onTestFinished(() => void vi.unstubAllEnvs());
  const none = shake((await dev({})).host, '/api/lamp/socket');
  await vi.waitFor(() => expect(none.closed()).toBe(true), 5000);
  expect(none.text()).toMatch(/^HTTP\/1\.1 503 [^]*no-device/);
});

test('a WebSocket of nobody does not hang, and those of Vite work on', async () => {
  const device = await liveDevice();
  const { host } = await previewed({ device: device.host });
  const nobody = shake(host, '/elsewhere');
  await vi.waitFor(() => expect(nobody.closed()).toBe(true), 5000);
  const vite = await dev(
    { device: device.host },
    { server: { host: '127.0.0.1', port: 0, watch: null } },
  );
  // As Vite's client asks whether its server is back.
  const ping = shake(vite.host, '/', { 'Sec-WebSocket-Protocol': 'vite-ping' });
  await vi.waitFor(() => expect(ping.text()).toMatch(/^HTTP\/1\.1 101 /), 5000);
  expect(device.handshakes).toHaveLength(0);
});
