// A way to a device that breaks once, in the middle of an upload.
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** What the device tells when it has written 100 000 bytes and more. */
const WRITING = /"written":\s*\d{6}/;

/**
 * Leads to the device at `base`. The first connection on which so many bytes went up passes no more, and is reset
 * when the client has been told that the device has written 100 000 bytes of it.
 */
export async function cutOnce(base: string, bytes: number, onFinish: (end: () => void) => void) {
  const sockets = new Set<Socket>();
  /** Bytes that went up on each connection. */
  const up: number[] = [];
  let stalled: readonly Socket[] | null = null;
  let isTold = false;
  let isCut = false;
  const server = createServer((client) => {
    const device = connect(Number(new URL(base).port), '127.0.0.1');
    const at = up.push(0) - 1;
    for (const socket of [client, device]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
    }
    client.on('data', (part) => {
      up[at] = (up[at] ?? 0) + part.length;
      device.write(part);
      // It asks once more, so it has read the answer before.
      if (isTold && !isCut) {
        isCut = true;
        for (const socket of stalled ?? []) socket.resetAndDestroy();
      }
      if (!stalled && (up[at] ?? 0) >= bytes) {
        client.pause();
        stalled = [client, device];
      }
    });
    device.on('data', (part) => {
      isTold ||= !!stalled && WRITING.test(part.toString('latin1'));
      client.write(part);
    });
    device.on('end', () => client.end());
    client.on('close', () => device.destroy());
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  onFinish(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { base: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, up };
}
