// The Update page as a person finds it: by what is written on it.
import type { Locator, Page } from '@playwright/test';
import type { Device } from './device.js';
import { imagePath, type Frontend } from './frontends.js';

/** What the page showed at one moment. */
export interface Seen {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly phase: string;
  /** Percent, as assistive technology is told; null while it is unknown. */
  readonly percent: number | null;
  /** The percentage that is written on the page; null where there is none. */
  readonly written: number | null;
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
    return this.page.getByRole('heading', { level: 1 }).locator('..');
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
    return this.page.getByRole('button', { name: /^Install/ });
  }
  get cancel(): Locator {
    return this.page.getByRole('button', { name: 'Cancel', exact: true });
  }
  get keep(): Locator {
    return this.page.getByRole('button', { name: 'Keep it' });
  }
  get goBackNow(): Locator {
    return this.page.getByRole('button', { name: 'Go back now' });
  }
  /** Opens the question. */
  get goBackTo(): Locator {
    return this.page.locator('.faceplate .card').getByRole('button', { name: /^Go back to/ });
  }
  /** The question, with its two answers. */
  get question(): Locator {
    return this.page.getByRole('dialog', { name: /^Go back to/ });
  }
  get tryAgain(): Locator {
    return this.page.getByRole('button', { name: 'Try again' });
  }
  get look(): Locator {
    return this.page.getByRole('link', { name: 'Look at it first' });
  }
  get progress(): Locator {
    return this.page.getByRole('progressbar', { name: 'Update' });
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

  async choose(name: Frontend): Promise<void> {
    await this.anyFile.setInputFiles(imagePath(name));
    await this.install.waitFor();
  }

  async start(name: Frontend): Promise<void> {
    await this.choose(name);
    await this.install.click();
    await this.progress.waitFor();
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
        if (!bar) return;
        const phase = [...document.querySelectorAll('[role=status]')]
          .map((element) => element.textContent?.trim() ?? '')
          .filter(Boolean)
          .join(' / ');
        const now = bar.getAttribute('aria-valuenow');
        const written = /(\d+) ?%/.exec(document.body.innerText)?.[1];
        const entry = {
          phase,
          percent: now === null ? null : Number(now),
          written: written === undefined ? null : Number(written),
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
        told.push({ at, phase: upload?.phase ?? null, percent });
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
