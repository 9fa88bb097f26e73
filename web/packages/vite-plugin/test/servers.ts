// Servers for the tests of `vite dev` and `vite preview`: a device, and Vite itself.
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer as createVite, preview, type InlineConfig } from 'vite';
import { onTestFinished } from 'vitest';
import faceplate from '../src/index.js';
import { listener } from './builds.js';
import { project } from './project.js';

export const PAGE = {
  'index.html': '<title>Lamp</title>',
  'dist/index.html': '<title>Lamp</title>',
};

export const port = (server: { address(): unknown }) => (server.address() as AddressInfo).port;

/** A device that notes what comes and answers with `answer`. */
export async function device(answer: (request: IncomingMessage) => string = () => '{}') {
  const requests: IncomingMessage[] = [];
  const server = createServer((incoming, outgoing) => {
    requests.push(incoming);
    let bytes = 0;
    incoming.on('data', (chunk: Buffer) => (bytes += chunk.length));
    incoming.on('end', () => {
      outgoing.setHeader('X-Received', bytes);
      outgoing.end(answer(incoming));
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  onTestFinished(() => void server.close());
  return { server, requests, host: `127.0.0.1:${port(server)}` };
}

export async function dev(options: { device?: string }, config: InlineConfig = {}) {
  const root = project(PAGE);
  const { logger, ...kept } = listener();
  const server = await createVite({
    root,
    configFile: false,
    envDir: root,
    customLogger: logger,
    server: { host: '127.0.0.1', port: 0, hmr: false, watch: null },
    optimizeDeps: { noDiscovery: true },
    plugins: [faceplate(options)],
    ...config,
  });
  await server.listen();
  onTestFinished(() => server.close());
  return { ...kept, host: `127.0.0.1:${port(server.httpServer as Server)}` };
}

export async function previewed(options: { device?: string }, config: InlineConfig = {}) {
  const root = project(PAGE);
  const { logger } = listener();
  const server = await preview({
    root,
    configFile: false,
    customLogger: logger,
    plugins: [faceplate(options)],
    ...config,
    preview: { host: '127.0.0.1', port: 0, ...config.preview },
  });
  onTestFinished(() => server.close());
  return { host: `127.0.0.1:${port(server.httpServer as Server)}` };
}
