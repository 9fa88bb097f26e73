// A page in a DOM, with a device and a clock that the test holds in its hands.
import { JSDOM, VirtualConsole } from 'jsdom';
import { recovery } from './source.js';

/** A status as the device tells it: the fields that docs/http-api.md describes. */
export function status(changes: object = {}) {
  return {
    device: {
      name: 'provider',
      firmware: '0.1.0',
      api: 1,
      chip: 'esp32s3',
      boot_id: '00000001',
      uptime_ms: 81234,
    },
    active: 0,
    state: 'settled' as string,
    trial: null as null | { confirm: string; seconds_left: number; boots_left: number },
    last: null as null | { outcome: string; reason: string | null; from: number; to: number },
    slots: [slot('www_0', '1.4.0'), slot('www_1', '1.5.0')],
    upload: null as null | { phase: string; received: number; written: number; total: number },
    fault: null as null | string,
    ...changes,
  };
}

export type Status = ReturnType<typeof status>;

/** A slot with a whole frontend. */
export function slot(label: string, version: string | null) {
  return {
    label,
    size: 1048576,
    used: 303104,
    valid: true,
    version,
    sha256: 'ab'.repeat(32) as string | null,
    problem: null as string | null,
  };
}

/** A slot without one. */
export function empty(label: string, problem = 'there is nothing in it') {
  return { ...slot(label, null), used: 0, valid: false, sha256: null, problem };
}

/** The same device after a restart. */
export function restarted(from: Status, changes: object = {}): Status {
  const boot_id = String(Number(from.device.boot_id) + 1).padStart(8, '0');
  return { ...from, upload: null, ...changes, device: { ...from.device, boot_id } };
}

/** A request that changes something; it hangs until the test answers it. */
export class Post {
  aborted = false;

  constructor(
    readonly path: string,
    readonly type: string | undefined,
    readonly body: unknown,
    readonly say: (status: number, text: string) => void,
    /** Who sends it, where the device has a password. */
    readonly authorization: string | undefined,
  ) {}

  answer(code: number, body: object): void {
    this.say(code, JSON.stringify(body));
  }

  refuse(code: number, kind: string, detail: string): void {
    this.answer(code, { type: `/problems/${kind}`, title: 'Refused', status: code, detail });
  }

  /** The connection breaks. */
  drop(): void {
    this.say(0, '');
  }
}

interface Options {
  /** Whether the browser has it. */
  fileReader?: boolean;
  /** Another page than the recovery page, and where it is. */
  html?: string;
  path?: string;
  /** The status of the device's answers. */
  code?: number;
}

/** A page, open in a browser. */
export class Page<State extends object = Status> {
  /** What the device answers; `null`: nothing. */
  device: State | null;
  /** The status of that answer. */
  code: number;
  /** What it answers where something else is asked for; it has no password. */
  readonly others = new Map<string, object>();
  /** What the page asked for. */
  readonly gets = new Set<string>();
  /** All changes that were asked for. */
  readonly posts: Post[] = [];
  /** The questions that confirm() asked. */
  readonly questions: string[] = [];
  /** What confirm() answers. */
  agrees = true;
  /** Everything that the page said in its live regions. */
  readonly said: string[] = [];
  /** Each value of the progress bar, `null` while it has none. */
  readonly bar: (number | null)[] = [];
  readonly errors: Error[] = [];
  readonly window: Window & typeof globalThis;
  private now = 0;
  private timers: { at: number; run: () => void }[] = [];

  constructor(device: State | null, options: Options = {}) {
    this.device = device;
    this.code = options.code ?? 200;
    const virtualConsole = new VirtualConsole().on('jsdomError', (e) => this.errors.push(e));
    this.window = new JSDOM(options.html ?? recovery.html, {
      url: `http://192.168.4.1${options.path ?? '/recovery'}`,
      runScripts: 'dangerously',
      pretendToBeVisual: true,
      virtualConsole,
      beforeParse: (window) => this.equip(window, options.fileReader ?? true),
    }).window;
    const said = this.element('said');
    const note = () => {
      const words = this.ok + this.bad;
      if (words !== (this.said.at(-1) ?? '')) this.said.push(words);
      const work = this.window.document.getElementById('work');
      if (!work || work.hidden) return;
      const now = this.element('bar').getAttribute('aria-valuenow');
      const value = now === null ? null : Number(now);
      if (value === this.bar.at(-1)) return;
      this.bar.push(value);
    };
    new this.window.MutationObserver(note).observe(said, {
      subtree: true,
      childList: true,
      characterData: true,
      attributes: true,
    });
  }

  element<T extends HTMLElement = HTMLElement>(id: string): T {
    const found = this.window.document.getElementById(id);
    if (!found) throw new Error(`the page has no #${id}`);
    return found as T;
  }

  text(id: string): string {
    return this.element(id).textContent?.trim() ?? '';
  }

  get ok(): string {
    return this.text('ok');
  }

  get bad(): string {
    return this.text('bad');
  }

  visible(id: string): boolean {
    return !this.element(id).closest('[hidden]');
  }

  click(id: string): void {
    if (!this.visible(id)) throw new Error(`#${id} cannot be seen`);
    this.element(id).click();
  }

  /** Lets the page live for `seconds`. */
  async live(seconds: number): Promise<void> {
    const end = this.now + seconds * 1000;
    for (;;) {
      await turn();
      this.timers.sort((a, b) => a.at - b.at);
      const next = this.timers[0];
      if (!next || next.at > end) break;
      this.timers.shift();
      this.now = Math.max(this.now, next.at);
      next.run();
    }
    this.now = end;
  }

  /** Chooses a file; with the name of LittleFS where an image has it, unless told otherwise. */
  async choose(size = 303104, start = '\0\0\0\0\0\0\0\0littlefs'): Promise<File> {
    const file = new this.window.File([start.padEnd(size, '\0')], 'www.bin');
    const input = this.element<HTMLInputElement>('file');
    Object.defineProperty(input, 'files', { value: [file], configurable: true });
    input.dispatchEvent(new this.window.Event('change'));
    // jsdom reads files by timers of its own.
    for (let i = 0; i < 10; i++) await new Promise((done) => setTimeout(done, 2));
    return file;
  }

  /** Chooses a file, presses Upload, and lets the request begin. */
  async upload(size = 303104): Promise<Post> {
    await this.choose(size);
    this.click('send');
    // The page was idle: until it asks again it may take a second.
    await this.live(1.1);
    return this.post();
  }

  /** The last change that was asked for. */
  post(): Post {
    const post = this.posts.at(-1);
    if (!post) throw new Error('nothing was asked of the device');
    return post;
  }

  /** Whether the browser would ask before the page is left. */
  warnsOnLeaving(): boolean {
    const event = new this.window.Event('beforeunload', { cancelable: true });
    // As in a browser's own event of this kind, which jsdom has not: text in it is a question.
    Object.defineProperty(event, 'returnValue', { value: '', writable: true });
    this.window.dispatchEvent(event);
    return (event.returnValue as unknown) !== '';
  }

  private equip(window: Window & typeof globalThis, fileReader: boolean): void {
    // eslint-disable-next-line @typescript-eslint/no-this-alias
    const page = this;
    const later = (run: () => void, ms = 0) => this.timers.push({ at: this.now + ms, run });
    class FakeRequest {
      onreadystatechange = () => {};
      readyState = 0;
      status = 0;
      responseText = '';
      timeout = 0;
      private method = '';
      private path = '';
      private type: string | undefined;
      private authorization: string | undefined;
      private post: Post | undefined;

      open(method: string, path: string) {
        [this.method, this.path, this.readyState] = [method, path, 1];
      }

      setRequestHeader(name: string, value: string) {
        if (name === 'Content-Type') this.type = value;
        if (name === 'Authorization') this.authorization = value;
      }

      send(body: unknown) {
        if (this.method === 'POST') {
          this.post = new Post(
            this.path,
            this.type,
            body,
            (code, text) => this.settle(code, text),
            this.authorization,
          );
          page.posts.push(this.post);
        } else if (page.device) {
          page.gets.add(this.path);
          const other = page.others.get(this.path);
          const none = !other && this.path === 'api/ota/login';
          const code = none ? 404 : other ? 200 : page.code;
          const answer = JSON.stringify(none ? {} : (other ?? page.device));
          later(() => this.settle(code, answer), 10);
        } else {
          if (!this.timeout) throw new Error('a question without a time limit may hang for ever');
          later(() => this.settle(0, ''), this.timeout);
        }
      }

      abort() {
        if (this.readyState === 4) return;
        if (this.post) this.post.aborted = true;
        this.settle(0, '');
      }

      private settle(code: number, text: string) {
        if (this.readyState === 4) return;
        [this.readyState, this.status, this.responseText] = [4, code, text];
        this.onreadystatechange();
      }
    }
    Object.assign(window, {
      XMLHttpRequest: FakeRequest,
      setTimeout: later,
      confirm: (question: string) => {
        this.questions.push(question);
        return this.agrees;
      },
      scrollTo: () => {},
    });
    if (!fileReader) Object.assign(window, { FileReader: undefined });
    (window as unknown as { Date: DateConstructor }).Date.now = () => this.now;
  }
}

/** Lets microtasks (mutation observers) run. */
async function turn(): Promise<void> {
  await new Promise((done) => setImmediate(done));
}

/** An open page that has heard from the device. */
export async function open(device: Status | null, options?: { fileReader?: boolean }) {
  const page = new Page(device, options);
  await page.live(0.1);
  return page;
}
