// Calls the packer: a message in, a message out, a fresh instance for each call.
import { readFileSync } from 'node:fs';
import { Reader, type Writer } from './message.js';

/** What the module exports; crates/faceplate-wasm says more. */
interface Exports {
  readonly memory: WebAssembly.Memory;
  request(length: number): number;
  response(): number;
  pack(): number;
  inspect(): number;
  statement(): number;
  attach(): number;
  page(): number;
}

/** What was asked for cannot be done; the message is for people. */
export class Refused extends Error {
  override readonly name = 'Refused';
}

const FILE = new URL('../dist/faceplate.wasm', import.meta.url);
const [OK, REFUSED] = [0, 1];
let compiled: WebAssembly.Module | undefined;

function load(): WebAssembly.Module {
  try {
    return new WebAssembly.Module(readFileSync(FILE));
  } catch (cause) {
    throw new Error(
      'faceplate-pack has no packer (dist/faceplate.wasm): install the package again, or in its ' +
        'repository run `npm run build:wasm`',
      { cause },
    );
  }
}

/** Calls a function of the packer; `module` is for tests. */
export function call(
  name: Exclude<keyof Exports, 'memory' | 'request' | 'response'>,
  request: Writer,
  module: WebAssembly.Module = (compiled ??= load()),
): Reader {
  // Nothing of a call that went wrong is left for the next one.
  const exports = new WebAssembly.Instance(module).exports as unknown as Exports;
  const start = exports.request(request.length) >>> 0;
  if (start === 0) throw new Error(`no memory for ${request.length} bytes`);
  // A view is made after each call, since memory that grows leaves older ones empty.
  request.writeTo(new Uint8Array(exports.memory.buffer, start, request.length));
  const length = exports[name]() >>> 0;
  const answer = new Uint8Array(exports.memory.buffer, exports.response() >>> 0, length);
  const reader = new Reader(answer);
  const kind = reader.number();
  if (kind === OK) return reader;
  throw kind === REFUSED
    ? new Refused(reader.text())
    : new Error(`the packer and its caller do not understand each other: ${reader.text()}`);
}
