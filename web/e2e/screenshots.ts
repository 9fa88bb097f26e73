// Screenshots of the Update page in its states, from a simulated device with real flash timing.
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { REPOSITORY, runFaceplate } from './harness/command.js';
import { expect, test } from './harness/test.js';
import { UpdatePage } from './harness/update-page.js';

const APP = join(REPOSITORY, 'web/apps/provider/dist');
const IMAGES = join(REPOSITORY, 'docs/images');
/** Those that the documentation shows; the others are to be looked at, in a folder that git ignores. */
const SHOWN = ['writing', 'chosen-phone', 'confirming-phone-dark', 'updated-phone'];
const OTHERS = join(REPOSITORY, 'web/e2e/test-results/screenshots');
const DESKTOP = { width: 760, height: 620 };
const PHONE = { width: 360, height: 740 };
/** Enough for some seconds of writing. */
const PHOTO = 500 * 1024;

test.use({ viewport: DESKTOP, deviceScaleFactor: 1 });

let folder: string;

test.beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'faceplate-screenshots-'));
  await mkdir(IMAGES, { recursive: true });
});
test.afterAll(() => rm(folder, { recursive: true, force: true }));

/** An image of the example app; a broken one has a script that throws. */
async function pack(version: string, broken = false): Promise<string> {
  const dist = join(folder, version);
  await cp(APP, dist, { recursive: true });
  // Another one in each version: what a slot holds already would not be written.
  const seed = Number(version.replaceAll('.', ''));
  const photo = Uint8Array.from({ length: PHOTO }, (_, i) => (i * seed) >> 7);
  await writeFile(join(dist, 'photo.jpg'), photo);
  if (broken) {
    const index = join(dist, 'index.html');
    const html = await readFile(index, 'utf8');
    await writeFile(index, html.replace(/src="[^"]+"/, 'src="/broken.js"'));
    await writeFile(join(dist, 'broken.js'), "throw new Error('a broken build');");
  }
  const folderOfImage = join(folder, `image-${version}`);
  await mkdir(folderOfImage);
  const image = join(folderOfImage, 'www.bin');
  await runFaceplate('pack', dist, '-o', image, '--app-version', version, '--stamp');
  return image;
}

async function shoot(page: Page, name: string): Promise<void> {
  await page.evaluate(() => document.fonts.ready);
  // The pointer leaves no mark.
  await page.mouse.move(0, 0);
  const path = join(SHOWN.includes(name) ? IMAGES : OTHERS, `update-${name}.png`);
  await page.screenshot({ path, fullPage: true, caret: 'hide' });
}

const dark = (page: Page) => page.emulateMedia({ colorScheme: 'dark' });
const light = (page: Page) => page.emulateMedia({ colorScheme: 'light' });

test('screenshots of an update that works', async ({ page, startDevice }) => {
  const device = await startDevice({ www: await pack('1.4.0'), other: await pack('1.3.2') });
  const update = await UpdatePage.open(page, device);
  await shoot(page, 'idle');
  await dark(page);
  await shoot(page, 'idle-dark');
  await update.goBackTo.click();
  await shoot(page, 'go-back-dark');
  await page.keyboard.press('Escape');
  await page.reload(); // the focus is back on the button
  await expect(update.running).toContainText('1.4.0');
  await update.details.locator('summary').click();
  await shoot(page, 'details-dark');
  await page.reload();
  await expect(update.running).toContainText('1.4.0');
  await light(page);

  await update.file.setInputFiles(await pack('1.5.0'));
  await update.install.waitFor();
  await shoot(page, 'chosen');

  await page.setViewportSize(PHONE);
  await shoot(page, 'chosen-phone');
  // The one thing to do is seen without scrolling.
  await expect(update.install).toBeInViewport({ ratio: 1 });
  await page.setViewportSize(DESKTOP);

  await update.install.click();
  await expect(page.getByText(/^[3-5]\d %$/)).toBeVisible();
  await shoot(page, 'writing');
  await page.setViewportSize(PHONE);
  await dark(page);
  await shoot(page, 'writing-phone-dark');
  await page.setViewportSize(DESKTOP);
  await light(page);

  await expect(update.says('Updated to 1.5.0')).toBeVisible({ timeout: 60_000 });
  await shoot(page, 'updated');
  await page.setViewportSize(PHONE);
  await shoot(page, 'updated-phone');
});

test('screenshots of a broken build, which the device takes back', async ({
  page,
  startDevice,
  pageErrors,
}) => {
  const device = await startDevice({ www: await pack('1.5.1'), other: await pack('1.4.1') });
  const update = await UpdatePage.open(page, device);
  await update.file.setInputFiles(await pack('1.6.0', true));
  await update.install.click();
  await expect(update.warns('1.6.0 reports an error')).toBeVisible({ timeout: 60_000 });
  await shoot(page, 'confirming');
  await page.setViewportSize(PHONE);
  await dark(page);
  await shoot(page, 'confirming-phone-dark');
  await page.setViewportSize(DESKTOP);
  await light(page);
  await update.goBackNow.click();
  await expect(update.says('Went back to 1.5.1')).toBeVisible({ timeout: 60_000 });
  await shoot(page, 'went-back');
  // What the page does with a file that is none.
  await update.anyFile.setInputFiles(join(REPOSITORY, 'README.md'));
  await expect(update.warns('This is no update file')).toBeVisible();
  await page.setViewportSize(PHONE);
  await shoot(page, 'wrong-file-phone');
  pageErrors.length = 0;
});
