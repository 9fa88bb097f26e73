// The Update page as a person finds it: by what is written on it.
import type { Locator, Page } from '@playwright/test';
import type { Device } from './device.js';
import { imagePath, type Frontend } from './frontends.js';
import { CONTROLS } from './words.js';

/** What the page showed at one moment. */
export interface Seen {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly phase: string;
  /** Percent, as assistive technology is told; null while it is unknown. */
  readonly percent: number | null;
  /** The percentage that is written on the page; null where there is none. */
  readonly written: number | null;
  /** How much of the bar is drawn, in percent. */
  readonly drawn: number;
  /** Kibibytes that are written as done; null where there are none. */
  readonly kib: number | null;
}

export class UpdatePage {
  constructor(readonly page: Page) {}

  static async open(
    page: Page,
    device: Pick<Device, 'url'>,
    path = '/#/update',
  ): Promise<UpdatePage> {
    await page.goto(device.url + path);
    const update = new UpdatePage(page);
    // Until the device has answered there is no version.
    await update.running.locator('.version').waitFor();
    return update;
  }

  /** What runs, and how it is: a heading with the device's name, the version, one line. */
  get running(): Locator {
    return this.page.locator('.faceplate').getByRole('heading', { level: 1 }).locator('..');
  }
  /** What happens, or what can be done now. */
  get task(): Locator {
    return this.page.locator('.faceplate').getByRole('region');
  }
  /** The other frontend on the device, in one line. */
  get other(): Locator {
    return this.page.locator('.faceplate .card').last().locator('.row');
  }
  /** Slots, sizes, hashes: seen when `summary` is clicked. */
  get details(): Locator {
    return this.page.locator('.faceplate details');
  }
  get file(): Locator {
    return this.page.getByLabel(/choose an update file/i);
  }
  /** The same, also when a file was chosen already. */
  get anyFile(): Locator {
    return this.page.locator('input[type=file]');
  }
  get install(): Locator {
    return this.page.getByRole('button', { name: CONTROLS.install });
  }
  get cancel(): Locator {
    return this.page.getByRole('button', { name: CONTROLS.cancel, exact: true });
  }
  get keep(): Locator {
    return this.page.getByRole('button', { name: CONTROLS.keep });
  }
  get goBackNow(): Locator {
    return this.page.getByRole('button', { name: CONTROLS.goBackNow });
  }
  /** Opens the question. */
  get goBackTo(): Locator {
    return this.page.locator('.faceplate .card').getByRole('button', { name: CONTROLS.goBackTo });
  }
  /** The question, with its two answers. */
  get question(): Locator {
    return this.page.getByRole('dialog', { name: /^Go back to/ });
  }
  get tryAgain(): Locator {
    return this.page.getByRole('button', { name: CONTROLS.tryAgain });
  }
  get reload(): Locator {
    return this.page.getByRole('button', { name: CONTROLS.reload });
  }
  get look(): Locator {
    return this.page.getByRole('link', { name: CONTROLS.look });
  }
  get progress(): Locator {
    return this.page.getByRole('progressbar', { name: 'Update' });
  }
  /** All that can be pressed and has an edge. */
  get controls(): Locator {
    return this.page
      .locator('.faceplate')
      .locator('.card, .notice')
      .locator('button, .button, label');
  }
  /** The one thing that is told. */
  get notice(): Locator {
    return this.page.locator('.faceplate .notice:visible');
  }
  get alert(): Locator {
    return this.page.getByRole('alert');
  }

  /** The live region, when it says this. */
  says(words: string | RegExp): Locator {
    return this.page.getByRole('status').filter({ hasText: words }).first();
  }

  /** An alert that says this. */
  warns(words: string | RegExp): Locator {
    return this.alert.filter({ hasText: words }).first();
  }

  /** Chooses a file, as soon as a person could. */
  async give(file: Parameters<Locator['setInputFiles']>[0]): Promise<void> {
    const offered = this.page.locator('label:visible').filter({ has: this.anyFile });
    await offered.locator('input:enabled').setInputFiles(file);
  }

  async choose(name: Frontend): Promise<void> {
    await this.give(imagePath(name));
    await this.install.waitFor();
  }

  async start(name: Frontend): Promise<void> {
    await this.choose(name);
    await this.install.click();
    await this.progress.waitFor();
  }

  /** Writes down every alert that is shown from now on. */
  async watchAlerts(): Promise<string[]> {
    const seen: string[] = [];
    await this.page.exposeFunction('noteAlert', (text: string) => seen.push(text));
    await this.page.evaluate(() => {
      const { noteAlert } = window as unknown as { noteAlert: (text: string) => Promise<void> };
      const note = (): void => {
        for (const alert of document.querySelectorAll<HTMLElement>('[role=alert]'))
          if (alert.innerText.trim() && alert.checkVisibility()) void noteAlert(alert.innerText);
      };
      new MutationObserver(note).observe(document.body, {
        subtree: true,
        childList: true,
        characterData: true,
        attributes: true,
      });
    });
    return seen;
  }

  /**
   * Writes down every change of phase and progress from now on. What was seen is passed on at once,
   * so that it outlives the page.
   */
  async watch(): Promise<Seen[]> {
    const seen: Seen[] = [];
    await this.page.exposeFunction('noteProgress', (entry: Seen) => seen.push(entry));
    await this.page.evaluate(() => {
      let last = '';
      const note = (): void => {
        const bar = document.querySelector('[role=progressbar]');
        if (!bar?.checkVisibility()) return;
        const phase = [...document.querySelectorAll('[role=status]')]
          .map((element) => element.textContent?.trim() ?? '')
          .filter(Boolean)
          .join(' / ');
        const now = bar.getAttribute('aria-valuenow');
        const { innerText } = document.body;
        const number = (text: string | undefined): number | null =>
          text === undefined ? null : Number(text);
        const width = (element: Element | null): number =>
          element?.getBoundingClientRect().width ?? 0;
        const entry = {
          phase,
          percent: now === null ? null : Number(now),
          written: number(/(\d+) ?%/.exec(innerText)?.[1]),
          drawn: (100 * width(bar.firstElementChild)) / (width(bar) || 1),
          kib: number(/(\d+) KiB of \d/.exec(innerText)?.[1]),
        };
        if (JSON.stringify(entry) === last) return;
        last = JSON.stringify(entry);
        const { noteProgress } = window as unknown as {
          noteProgress: (entry: Seen) => Promise<void>;
        };
        void noteProgress({ at: Date.now(), ...entry });
      };
      new MutationObserver(note).observe(document.body, {
        subtree: true,
        childList: true,
        characterData: true,
        attributes: true,
      });
    });
    return seen;
  }
}

/** What a device said of itself. */
export interface Told {
  /** When it was asked: what it said is not older. */
  readonly at: number;
  readonly phase: string | null;
  /** Bytes on flash. */
  readonly written: number;
  readonly percent: number;
}

/** Asks the device for its progress, often and on a way of its own; `stop` returns what it said. */
export function observe(device: Device): { stop: () => Promise<Told[]> } {
  const told: Told[] = [];
  let stopped = false;
  const run = async (): Promise<void> => {
    while (!stopped) {
      const at = Date.now();
      const status = await device.status().catch(() => null);
      if (status) {
        const { upload } = status;
        const percent = upload ? (100 * upload.written) / upload.total : 0;
        told.push({ at, phase: upload?.phase ?? null, written: upload?.written ?? 0, percent });
      }
      await new Promise((done) => setTimeout(done, 20));
    }
  };
  const running = run();
  return {
    async stop() {
      stopped = true;
      await running;
      return told;
    },
  };
}
