// Messages to and from the packer: fields one after the other (crates/faceplate-wasm, `message`).

/** Puts a message together. */
export class Writer {
  readonly #parts: Uint8Array[] = [];

  number(value: number): this {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, value, true);
    this.#parts.push(bytes);
    return this;
  }

  bytes(value: Uint8Array): this {
    return this.number(value.length).array(value);
  }

  /** Bytes whose number both sides know. */
  array(value: Uint8Array): this {
    this.#parts.push(value);
    return this;
  }

  text(value: string): this {
    return this.bytes(new TextEncoder().encode(value));
  }

  texts(values: readonly string[]): this {
    this.number(values.length);
    for (const value of values) this.text(value);
    return this;
  }

  get length(): number {
    return this.#parts.reduce((sum, part) => sum + part.length, 0);
  }

  /** Writes the message to the beginning of `target`. */
  writeTo(target: Uint8Array): void {
    let at = 0;
    for (const part of this.#parts) {
      target.set(part, at);
      at += part.length;
    }
  }
}

/** Takes a message apart; throws when it ends early. */
export class Reader {
  #at = 0;

  constructor(private readonly message: Uint8Array) {}

  number(): number {
    const { buffer, byteOffset } = this.#take(4);
    return new DataView(buffer, byteOffset, 4).getUint32(0, true);
  }

  bytes(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#take(this.number()));
  }

  text(): string {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(this.bytes());
  }

  list<T>(item: () => T): T[] {
    return Array.from({ length: this.number() }, item);
  }

  #take(length: number): Uint8Array {
    const taken = this.message.subarray(this.#at, this.#at + length);
    if (taken.length !== length) throw new Error('the answer of the packer ends early');
    this.#at += length;
    return taken;
  }
}
