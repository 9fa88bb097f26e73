// How a deployment shows that it goes on: a line that is written over on a terminal, lines elsewhere.
import { bytes } from 'faceplate-pack';

/** What a progress is shown on; `process.stdout` is one. */
export interface Screen {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Plain lines are written when so many more percent are done. */
const STEP = 25;
/** Plain lines tell how long there is so often, in seconds. */
const REMIND = 60;
/** Characters of the bar. */
const BAR = 30;
/** Back to the beginning of the line, and nothing behind (ECMA-48: CR, EL). */
const CLEAR = '\r\x1b[K';

/** The progress with one device. */
export class Progress {
  #phase = '';
  #percent = 0;
  #round = 0;

  constructor(
    private readonly device: string,
    private readonly screen: Screen,
  ) {}

  /** A new phase begins. */
  phase(what: string): void {
    if (what === this.#phase) return;
    this.#phase = what;
    this.#percent = 0;
    if (this.screen.isTTY) this.#over(what);
    else this.#line(what);
  }

  /** The device has so many bytes; `what` is what it does with them. */
  bytes(what: string, done: number, total: number): void {
    const percent = Math.floor((done * 100) / Math.max(total, 1));
    const figures = `${bytes(done)} of ${bytes(total)}`;
    if (this.screen.isTTY) {
      const full = Math.floor((percent * BAR) / 100);
      const bar = '█'.repeat(full) + '░'.repeat(BAR - full);
      this.#over(`${what} [${bar}] ${figures}`);
      return;
    }
    if (what !== this.#phase) [this.#phase, this.#percent] = [what, 0];
    if (Math.floor(percent / STEP) > Math.floor(this.#percent / STEP)) {
      this.#percent = percent;
      this.#line(`${what} ${figures} (${percent} %)`);
    }
  }

  /** So many seconds are left for something. */
  left(what: string, seconds: number): void {
    const text = `${what} (${seconds} s left)`;
    if (this.screen.isTTY) return this.#over(text);
    const round = Math.ceil(seconds / REMIND);
    if (what === this.#phase && round === this.#round) return;
    [this.#phase, this.#round] = [what, round];
    this.#line(text);
  }

  /** Something that stays readable. */
  say(what: string): void {
    this.clear();
    this.#line(what);
  }

  /** Takes the line away that is written over. */
  clear(): void {
    if (this.screen.isTTY) this.screen.write(CLEAR);
  }

  #over(what: string): void {
    const text = `${this.device}: ${what}`;
    // A line that wraps could not be written over.
    this.screen.write(CLEAR + text.slice(0, Math.max((this.screen.columns || 80) - 1, 20)));
  }

  #line(what: string): void {
    this.screen.write(`${this.device}: ${what}\n`);
  }
}
