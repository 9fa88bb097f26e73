// Passes WebSockets on to a device: the handshake as the device wants it, then bytes both ways.
import { request, ServerResponse, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { answer, type Wrong } from './answer.js';
import { CONNECT_MS, endToEnd, noAnswer, ownHeaders } from './proxy.js';

/** Sends the request of `incoming` to the device at `base`, and joins the two connections if that agrees. */
export function passUpgrade(
  base: string,
  incoming: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): void {
  const { connection, upgrade } = incoming.headers;
  const headers = { ...ownHeaders(base, incoming), connection, upgrade };
  const upstream = request(`${base}${incoming.url ?? '/'}`, { headers, agent: false });
  const timer = setTimeout(
    () => upstream.destroy(new Error(`no connection within ${CONNECT_MS / 1000} s`)),
    CONNECT_MS,
  );
  let answered = false;
  socket.on('error', () => upstream.destroy());
  socket.on('close', () => upstream.destroy());
  upstream.on('close', () => clearTimeout(timer));
  upstream.on('upgrade', (response, device, first) => {
    clearTimeout(timer);
    answered = true;
    socket.write(startOf(response));
    if (first.length) socket.write(first);
    if (head.length) device.write(head);
    device.pipe(socket);
    socket.pipe(device);
    // Whichever side goes, the other one goes, too.
    device.on('error', () => socket.destroy());
    device.on('close', () => socket.destroy());
    socket.on('close', () => device.destroy());
  });
  upstream.on('response', (response) => {
    clearTimeout(timer);
    answered = true;
    // A refusal, such as of one connection too many.
    const outgoing = answerOn(incoming, socket);
    outgoing.writeHead(response.statusCode ?? 502, endToEnd(response.headers));
    response.pipe(outgoing);
    response.on('error', () => socket.destroy());
  });
  upstream.on('error', (error) => {
    clearTimeout(timer);
    if (!socket.destroyed && !answered) refuse(incoming, socket, noAnswer(base, error));
  });
  upstream.end();
}

/** Answers a handshake with what is wrong. */
export function refuse(incoming: IncomingMessage, socket: Duplex, wrong: Wrong): void {
  answer(incoming, answerOn(incoming, socket), wrong);
}

/** Node gives no response to those who ask for an upgrade. */
function answerOn(incoming: IncomingMessage, socket: Duplex): ServerResponse {
  const outgoing = new ServerResponse(incoming);
  outgoing.shouldKeepAlive = false;
  outgoing.assignSocket(socket as Socket);
  outgoing.on('finish', () => socket.end());
  return outgoing;
}

/** The head of the answer with which the device agrees. */
function startOf({ rawHeaders, statusCode, statusMessage }: IncomingMessage): string {
  const lines = [`HTTP/1.1 ${statusCode} ${statusMessage}`];
  for (let i = 0; i < rawHeaders.length; i += 2)
    lines.push(`${rawHeaders[i]}: ${rawHeaders[i + 1]}`);
  return `${lines.join('\r\n')}\r\n\r\n`;
}
