// A way between browser and device that can be slow or break, and that writes down what passes.
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { sleep } from './wait.js';

/** What passed over one connection. */
interface Exchange {
  /** From the browser. */
  readonly sent: Buffer[];
  /** From the device. */
  readonly received: Buffer[];
}

/** The heads in what passed: lines that begin a request or a response. */
export interface Heads {
  /** Such as `POST /api/ota/frontend`. */
  readonly requests: readonly string[];
  /** Such as 403. */
  readonly statuses: readonly number[];
  /** Names of the headers that the device sent, in lower case. */
  readonly answered: readonly string[];
}

/** Passed on at a time. */
const SLICE = 4096;

export class Proxy {
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  readonly #exchanges: Exchange[] = [];
  /** Connections that were refused. */
  refused = 0;
  /** Bytes a second from the browser to the device; what the device has not got can be lost. */
  rate = Infinity;
  /** Milliseconds that everything takes, in either direction. */
  delayMs = 0;
  #refuses = false;
  #stalled = false;

  #port: number;

  private constructor(port: number) {
    this.#port = port;
    this.#server = createServer((browser) => this.#join(browser, this.#port));
  }

  /** Listens at a port of its own for a device at `port`. */
  static async start(port: number): Promise<Proxy> {
    const proxy = new Proxy(port);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  #join(browser: Socket, port: number): void {
    if (this.#refuses) {
      browser.on('error', () => {}); // of the reset
      this.refused += 1;
      browser.resetAndDestroy();
      return;
    }
    const device = connect(port, '127.0.0.1');
    const pair = [browser, device] as const;
    this.#pairs.add(pair);
    for (const socket of pair) {
      socket.setNoDelay();
      socket.on('error', () => {}); // 'close' follows
    }
    const exchange: Exchange = { sent: [], received: [] };
    this.#exchanges.push(exchange);
    const lost = (): void => {}; // with the socket, whose 'close' follows
    const up = this.#pass(browser, device, exchange.sent, () => this.rate).catch(lost);
    const down = this.#pass(device, browser, exchange.received, () => Infinity).catch(lost);
    // What one side has sent before it closed still reaches the other.
    browser.on('close', () => {
      this.#pairs.delete(pair);
      void up.then(() => device.destroySoon());
    });
    device.on('close', () => void down.then(() => browser.destroySoon()));
  }

  async #pass(from: Socket, to: Socket, note: Buffer[], rate: () => number): Promise<void> {
    for await (const part of from as AsyncIterable<Buffer>) {
      note.push(part);
      if (this.delayMs) await sleep(this.delayMs);
      for (let at = 0; at < part.length; at += SLICE) {
        const slice = part.subarray(at, at + SLICE);
        if (rate() !== Infinity) await sleep((1000 * slice.length) / rate());
        if (this.#stalled) return await new Promise(() => {});
        if (!to.write(slice)) await once(to, 'drain');
      }
    }
    to.end();
  }

  /** From here on `heads` begins anew. */
  forget(): void {
    for (const exchange of this.#exchanges) exchange.sent.length = exchange.received.length = 0;
  }

  /** What passed since `forget`, or the start. */
  heads(): Heads {
    const all = (parts: 'sent' | 'received'): string =>
      Buffer.concat(this.#exchanges.flatMap((exchange) => exchange[parts])).toString('latin1');
    const sent = all('sent');
    const received = all('received');
    return {
      requests: [...sent.matchAll(/([A-Z]+ \/[^ ]*) HTTP\/1\.1\r\n/g)].map(
        (match) => match[1] ?? '',
      ),
      statuses: [...received.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((match) => Number(match[1])),
      answered: [...received.matchAll(/\r\n([A-Za-z-]+): /g)].map((match) =>
        (match[1] ?? '').toLowerCase(),
      ),
    };
  }

  /** All that browsers sent, as somebody who listens has it: what came over each connection. */
  sent(): Buffer[] {
    return this.#exchanges.map((exchange) => Buffer.concat(exchange.sent));
  }

  /** Resets every open connection; new ones work. */
  cut(): void {
    for (const [browser, device] of this.#pairs) {
      browser.resetAndDestroy();
      device.resetAndDestroy();
    }
  }

  /** Leads to another device, or server; what was connected is cut. */
  leadTo(port: number): void {
    this.#port = port;
    this.cut();
  }

  /** From now on, or no longer, connections are reset at once: the network is gone. */
  refuse(refuses: boolean): void {
    this.#refuses = refuses;
    if (refuses) this.cut();
  }

  /** Nothing passes any more, in either direction, though connections stay open. */
  stall(): void {
    this.#stalled = true;
  }

  async stop(): Promise<void> {
    this.#refuses = true;
    this.#stalled = false;
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
