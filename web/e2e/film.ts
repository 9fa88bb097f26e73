// Makes the moving picture of the README: `npm run film`, after `npm run build` in `web`. A simulated device
// with real flash timing and the frontends of the demo: an update, a broken build, and the way back.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { REPOSITORY } from './harness/command.js';
import { packDemo } from './harness/demo.js';
import { gif, type Picture } from './harness/gif.js';
import { expect, test } from './harness/test.js';

const FILM = join(REPOSITORY, 'docs/images/update.gif');
const SIZE = { width: 640, height: 780 };
/** What the README may ask of those who look at it. */
const LARGEST = 300_000;
/** How often a picture is taken while something happens. */
const EVERY_MS = 300;

test.use({ viewport: SIZE, deviceScaleFactor: 1, colorScheme: 'light' });

let folder: string;

test.beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'faceplate-film-'));
});
test.afterAll(() => rm(folder, { recursive: true, force: true }));

/** Takes the pictures, each with one line of words below it. */
class Camera {
  readonly film: Picture[] = [];
  #words = '';

  constructor(readonly page: Page) {}

  /** Holds a picture, so that one can read. */
  async hold(ms: number, words = this.#words): Promise<void> {
    this.#words = words;
    await this.page.evaluate((text) => {
      scrollTo(0, 0);
      const line = document.createElement('div');
      line.id = 'subtitle';
      line.textContent = text;
      line.style.cssText =
        'position: fixed; inset: auto 0 0; z-index: 99; padding: 10px; text-align: center;' +
        'font: 600 17px/1.4 system-ui, sans-serif; color: #fff; background: #16211f';
      document.body.append(line);
    }, words);
    const png = await this.page.screenshot({ caret: 'hide', animations: 'allow' });
    await this.page.evaluate(() => document.querySelector('#subtitle')?.remove());
    this.film.push({ png, ms });
  }

  /** Takes pictures until that is done. */
  async until(words: string, done: Promise<unknown>): Promise<void> {
    this.#words = words;
    let going = true;
    const end = done.finally(() => (going = false));
    while (going) {
      const began = Date.now();
      await this.hold(EVERY_MS).catch(() => null); // a page that is about to be another one
      await this.page.waitForTimeout(Math.max(0, EVERY_MS - (Date.now() - began)));
    }
    await end;
  }
}

test('the moving picture of an update, a broken build, and the way back', async ({
  page,
  startDevice,
  pageErrors,
}) => {
  const first = await packDemo(folder, '1.4.0', 'morning');
  const second = await packDemo(folder, '1.5.0', 'evening');
  const broken = await packDemo(folder, '1.6.0', 'night', { throws: true });
  const device = await startDevice({ www: first });
  const camera = new Camera(page);
  const file = page.locator('input[type=file]');
  const install = page.getByRole('button', { name: /^Install/ });
  const goBack = page.getByRole('button', { name: 'Go back now' });
  const says = (words: string) => page.getByText(words).filter({ visible: true }).first();

  await page.goto(device.url);
  await says('1.4.0').waitFor();
  await camera.hold(2000, 'A device serves its frontend, version 1.4.0');
  await page.goto(`${device.url}/#/update`);
  await file.setInputFiles(second);
  await install.waitFor();
  await camera.hold(2500, 'Choose the next one: it is looked at before it is sent');
  await install.click();
  await camera.until(
    'Written beside what runs, read back, checked, restarted',
    says('Updated to 1.5.0').waitFor({ timeout: 60_000 }),
  );
  await camera.hold(3500, 'The new page itself has told the device that it works');

  await file.setInputFiles(broken);
  await install.waitFor();
  await camera.hold(2000, 'Now a build whose script throws in its first line');
  await install.click();
  await camera.until(
    'Now a build whose script throws in its first line',
    says('1.6.0 reports an error').waitFor({ timeout: 60_000 }),
  );
  await camera.hold(3500, 'Nobody confirms it: go back now, or the device does so');
  await goBack.click();
  await camera.until(
    'Nobody confirms it: go back now, or the device does so',
    says('Went back to 1.5.0').waitFor({ timeout: 30_000 }),
  );
  await camera.hold(4000, 'Back at 1.5.0, which was there all the time');
  pageErrors.length = 0;

  const bytes = gif(camera.film);
  await writeFile(FILM, bytes);
  console.log(`${camera.film.length} pictures, ${bytes.length} bytes`);
  expect(bytes.length).toBeLessThan(LARGEST);
});
