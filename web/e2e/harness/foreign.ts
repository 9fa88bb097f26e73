// A web server that has nothing to do with the device: the origin of pages that must not harm it.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const PAGE = `<!doctype html><html lang="en"><title>A page from elsewhere</title><h1>Hello</h1>`;

/** A service worker that sends something to `?tell=` as soon as it is installed. */
const WORKER = `
  const url = new URL(location.href).searchParams.get('tell');
  const send = () => fetch(url, { method: 'POST', mode: 'no-cors', body: '{}' }).catch(() => {});
  self.addEventListener('install', (event) => event.waitUntil(send()));
`;

export interface Foreign {
  /** By IP address and by name: two origins; also what a page needs to be served to send something. */
  readonly byAddress: string;
  readonly byName: string;
  stop(): Promise<void>;
}

export async function startForeign(): Promise<Foreign> {
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://foreign');
    if (pathname === '/sw.js') {
      response.setHeader('Content-Type', 'text/javascript').end(WORKER);
      return;
    }
    // Whoever is named here hears of the picture that may not be shown.
    const report = searchParams.get('report');
    if (report) {
      response.setHeader('Content-Security-Policy', `img-src 'none'; report-uri ${report}`);
    }
    const picture = report ? '<img src="/picture" alt="">' : '';
    response.setHeader('Content-Type', 'text/html').end(PAGE + picture);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    byAddress: `http://127.0.0.1:${port}/`,
    byName: `http://localhost:${port}/`,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
