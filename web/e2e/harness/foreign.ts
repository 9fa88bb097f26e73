// A web server that has nothing to do with the device: the origin of pages that must not harm it.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const PAGE = `<!doctype html><html lang="en"><title>A page from elsewhere</title><h1>Hello</h1>`;

export interface Foreign {
  /** By IP address and by name: two origins. */
  readonly byAddress: string;
  readonly byName: string;
  stop(): Promise<void>;
}

export async function startForeign(): Promise<Foreign> {
  const server = createServer((_request, response) => {
    response.setHeader('Content-Type', 'text/html').end(PAGE);
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
