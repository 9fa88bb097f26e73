// A tab of a driven browser, used as a person uses it: by what is written on it.
import { error, type WebDriver, type WebElement } from 'selenium-webdriver';
import { until } from '../wait.js';

/** As the expectations of the tests in Chromium. */
const PATIENCE_MS = 20_000;

/** What may happen between finding something on a page that changes, and using it. */
const PASSING = [
  error.StaleElementReferenceError,
  error.ElementClickInterceptedError,
  error.ElementNotInteractableError,
  error.NoSuchElementError,
];

interface Patience {
  readonly timeout?: number;
}

export class Tab {
  constructor(readonly driver: WebDriver) {}

  async open(url: string): Promise<void> {
    await this.driver.get(url);
  }
  async reload(): Promise<void> {
    await this.driver.navigate().refresh();
  }
  async back(): Promise<void> {
    await this.driver.navigate().back();
  }
  async forward(): Promise<void> {
    await this.driver.navigate().forward();
  }

  /** Another tab, in front of this one. */
  async another(): Promise<string> {
    await this.driver.switchTo().newWindow('tab');
    return this.driver.getWindowHandle();
  }

  /** All that can be read on the page, and what screen readers are told besides. */
  async text(): Promise<string> {
    const text = await this.run<string | null>('return document.body && document.body.innerText');
    return text ?? '';
  }

  /** Runs a function body in the page. */
  run<T>(script: string, ...args: unknown[]): Promise<T> {
    return this.driver.executeScript<T>(script, ...args);
  }

  /** Waits until this can be read; returns all that can be. */
  async reads(words: string | RegExp, { timeout = PATIENCE_MS }: Patience = {}): Promise<string> {
    let last = '';
    const contains = (text: string): boolean =>
      typeof words === 'string' ? text.includes(words) : words.test(text);
    return until(
      `the page reads ${words}`,
      async () => {
        // Between two pages there is nothing to read.
        last = await this.text().catch(() => last);
        return contains(last) ? last : null;
      },
      { timeout },
    ).catch((reason: Error) => {
      throw new Error(`${reason.message}; it reads:\n${last}`);
    });
  }

  /** Waits until an element that this selects is there. */
  shows(selector: string): Promise<void> {
    return this.#has(selector, true);
  }
  /** Waits until none is. */
  hides(selector: string): Promise<void> {
    return this.#has(selector, false);
  }
  async #has(selector: string, wanted: boolean): Promise<void> {
    const script = 'return document.querySelector(arguments[0]) !== null';
    await until(
      `the page has ${wanted ? '' : 'no '}${selector}`,
      async () => (await this.run<boolean>(script, selector)) === wanted,
      { timeout: PATIENCE_MS },
    );
  }

  /** The button, link or summary whose name is this, or contains what matches it, when it can be used. */
  async control(name: string | RegExp): Promise<WebElement | null> {
    const found = await this.run<WebElement | null>(
      `const [text, pattern] = arguments;
       const fits = (name) => text === null ? new RegExp(pattern, 'i').test(name) : name === text;
       const open = document.querySelector('dialog[open]') ?? document;
       return [...open.querySelectorAll('button, a[href], summary')].find((one) =>
         one.getClientRects().length && !one.disabled && fits(one.innerText.trim())) ?? null;`,
      typeof name === 'string' ? name : null,
      typeof name === 'string' ? null : name.source,
    );
    return found;
  }

  /** Waits until it can be used, and clicks it: again if it moved away under the pointer. */
  async press(name: string | RegExp, { timeout = PATIENCE_MS }: Patience = {}): Promise<void> {
    await until(
      `${name} can be pressed`,
      async () => {
        try {
          const control = await this.control(name);
          return control !== null && (await this.#click(control));
        } catch (reason) {
          if (PASSING.some((kind) => reason instanceof kind)) return false;
          throw reason;
        }
      },
      { timeout },
    ).catch(async (reason: Error) => {
      throw new Error(`${reason.message}; the page reads:\n${await this.text()}`);
    });
  }

  /** Clicks; whether that reached it. A driver looks for its place first, and then clicks there. */
  async #click(control: WebElement): Promise<boolean> {
    await this.run(
      `window.reached = false;
       arguments[0].addEventListener('click', () => (window.reached = true), { once: true });`,
      control,
    );
    await control.click();
    // Another page, or one that is coming, knows nothing of it: the click has led there.
    return this.run<boolean>('return window.reached ?? true').catch(() => true);
  }

  /** Chooses a file in the page's only file input, when a person could: a driver would earlier, in vain. */
  async choose(path: string): Promise<void> {
    await until('a file can be chosen', async () => {
      try {
        // Its own opacity is none, so `isDisplayed` would say no.
        const input = await this.run<WebElement | null>(
          `const input = document.querySelector('input[type=file]');
           return input?.getClientRects().length && !input.disabled ? input : null;`,
        );
        await input?.sendKeys(path);
        return input !== null;
      } catch (reason) {
        if (PASSING.some((kind) => reason instanceof kind)) return false;
        throw reason;
      }
    });
  }

  /** Presses keys where the focus is. */
  async type(keys: string): Promise<void> {
    await this.driver.actions().sendKeys(keys).perform();
  }
}
