// Passes requests on to a device: small, streaming both ways, and as the device wants them.
import {
  Agent,
  request,
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { pipeline } from 'node:stream';
import { answer, type Wrong } from './answer.js';

/** Fields that are about one connection (RFC 9110, 7.6.1). */
const HOP = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
  // Node has answered this one already.
  'expect',
];
/** A device in the same network answers in milliseconds; one that is off never does. */
export const CONNECT_MS = 8000;
/** Some say nothing before the body comes, such as the server of ESP-IDF. curl waits as long. */
const CONTINUE_MS = 1000;

/**
 * Sends `incoming` to the device at `base`, such as `http://192.168.4.1`, and its answer back; below the path of
 * `base`, where it has one.
 */
export function pass(base: string, incoming: IncomingMessage, outgoing: ServerResponse): void {
  const headers = ownHeaders(base, incoming);
  const { 'content-length': length, 'transfer-encoding': coding } = incoming.headers;
  const hasBody = Number(length) > 0 || coding !== undefined;
  // A device may refuse by the head and close; its answer would get lost while the body is sent.
  if (hasBody) headers['expect'] = '100-continue';

  const upstream = request(`${base}${incoming.url ?? '/'}`, {
    method: incoming.method,
    headers,
    // A device has few connections: none is kept for later.
    agent: new Agent({ keepAlive: false }),
  });
  const timer = setTimeout(
    () => upstream.destroy(new Error(`no connection within ${CONNECT_MS / 1000} s`)),
    CONNECT_MS,
  );
  upstream.on('socket', (socket) => socket.once('connect', () => clearTimeout(timer)));
  upstream.on('close', () => clearTimeout(timer));
  upstream.on('response', (response) => {
    outgoing.writeHead(response.statusCode ?? 502, endToEnd(response.headers));
    // Of events nothing may come for long, but that they are there is known at once.
    outgoing.flushHeaders();
    // Its error is that one side went away; then the other one is closed, too.
    pipeline(response, outgoing, () => undefined);
  });
  upstream.on('error', (error) => {
    // The device may have answered before it closed.
    if (outgoing.headersSent) return;
    answer(incoming, outgoing, noAnswer(base, error));
  });
  // Whoever goes away in the middle of an upload ends it.
  outgoing.on('close', () => upstream.destroy());
  if (hasBody) sendWhenWanted(incoming, upstream);
  else upstream.end();
}

/** Sends the body when the device says that it may come, or says nothing for long. */
function sendWhenWanted(incoming: IncomingMessage, upstream: ClientRequest): void {
  let silent: NodeJS.Timeout | undefined;
  const decided = (): void => {
    clearTimeout(silent);
    upstream.off('continue', send);
  };
  const send = (): void => {
    decided();
    incoming.pipe(upstream);
  };
  upstream.on('continue', send);
  upstream.on('socket', (socket) =>
    socket.once('connect', () => (silent = setTimeout(send, CONTINUE_MS))),
  );
  upstream.on('response', decided);
  upstream.on('close', decided);
}

/** The fields of a request as the device wants them. */
export function ownHeaders(base: string, { headers: given }: IncomingMessage): IncomingHttpHeaders {
  const device = new URL(base);
  const { host, origin } = given;
  const headers = endToEnd(given);
  headers['host'] = device.host;
  // A page of this server is one of the device's own. Any other keeps its name, and is refused.
  const own = origin === `http://${host}` || origin === `https://${host}`;
  if (own) headers['origin'] = device.origin;
  return headers;
}

export const noAnswer = (base: string, error: Error): Wrong => ({
  kind: 'no-answer',
  status: 502,
  title: 'The device does not answer',
  detail: `${new URL(base).host}: ${error.message}; see to its power and its network, and to DEVICE`,
});

/** Without what is about one connection. */
export function endToEnd(fields: IncomingHttpHeaders): IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !HOP.includes(name)));
}
