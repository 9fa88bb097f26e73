// The frontend's pages for people who use a keyboard, a screen reader, a small screen, or want no motion.
import type { Locator, Page } from '@playwright/test';
import type { Device } from '../harness/device.js';
import { expectAccessible, expectNoSidewaysScroll, NARROW } from '../harness/accessible.js';
import { imagePath, VERSIONS } from '../harness/frontends.js';
import { expect, test } from '../harness/test.js';
import { throttleUpload } from '../harness/throttle.js';
import { UpdatePage } from '../harness/update-page.js';
import { SAYS } from '../harness/words.js';

/** The large image takes more than half a minute: time to look at the page in both themes. */
const VERY_SLOW = 25 * 1024;

const SCREENS = {
  'a narrow phone': { viewport: NARROW, themes: ['dark', 'light'] },
  // Its colours are the same: one theme is enough.
  'a desktop': { viewport: { width: 1280, height: 800 }, themes: ['light'] },
} as const;

interface Visit {
  readonly page: Page;
  readonly device: Device;
  readonly look: (what: string) => Promise<void>;
}

/** What the pages show, each a test of its own: to look at one takes its time. */
const STATES: Readonly<Record<string, (visit: Visit) => Promise<void>>> = {
  async 'at rest, and up to the choice of a file'({ page, device, look }) {
    await page.goto(device.url);
    await expect(page.getByText(VERSIONS.old).first()).toBeVisible();
    await look('home');
    const update = await UpdatePage.open(page, device);
    await look('Update, idle');
    await update.goBackTo.click();
    await look('Update, asking');
    await page.keyboard.press('Escape');
    const buffer = Buffer.from('not an image');
    await update.give({ name: 'x.txt', mimeType: 'text/plain', buffer });
    await expect(update.alert).toBeVisible();
    await look('Update, wrong file');
    await update.choose('big');
    await look('Update, chosen');
  },

  async 'while it writes'({ page, device, look }) {
    const update = await UpdatePage.open(page, device);
    await update.choose('big');
    await throttleUpload(page, VERY_SLOW);
    await update.install.click();
    await expect(update.says('Writing')).toBeVisible();
    await look('Update, writing');
    await expect(update.says('Writing')).toBeVisible();
  },

  async 'on trial, and after it'({ page, device, look }) {
    const update = await UpdatePage.open(page, device);
    await update.start('broken');
    await expect(update.keep).toBeVisible();
    await look('Update, confirming');
    await expect(update.keep).toBeVisible();
    await update.goBackNow.click();
    await expect(page.getByText(/went back to/i).first()).toBeVisible();
    await look('Update, went back');
    // Unless the device has done so by itself, while axe was looking.
    await device.send('POST', '/api/ota/confirm', '{}', 'application/json');
    await device.statusWhen('it is settled', ({ state }) => state === 'settled');
    await update.start('new');
    await expect(update.says(`Updated to ${VERSIONS.new}`)).toBeVisible();
    await look('Update, updated');
  },
};

for (const [where, { viewport, themes }] of Object.entries(SCREENS)) {
  for (const [state, visit] of Object.entries(STATES)) {
    test(`on ${where} the pages are accessible (${themes.join(' and ')}) and need no sideways scrolling ${state}`, async ({
      page,
      startDevice,
      pageErrors,
    }) => {
      const device = await startDevice({ www: imagePath('old'), other: imagePath('before') });
      await page.setViewportSize(viewport);
      const look = async (what: string): Promise<void> => {
        await expectNoSidewaysScroll(page, what);
        await expectAccessible(page, what, themes);
      };
      await visit({ page, device, look });
      pageErrors.length = 0;
    });
  }
}

/** Presses Tab until it has the focus. */
async function tabTo(page: Page, target: Locator, what: string): Promise<void> {
  for (let presses = 0; presses < 20; presses += 1) {
    if (await target.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`20 presses of Tab do not lead to ${what}`);
}

test('an update can be made, and cancelled, with the keyboard alone', async ({
  page,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old'), other: imagePath('before') });
  // What the browser's own dialog answers. Listening takes effect some time before the key is pressed.
  let file = '';
  page.on('filechooser', (chooser) => chooser.setFiles(file));
  await page.goto(device.url);
  await tabTo(page, page.getByRole('link', { name: 'Update' }).first(), 'the link');
  await page.keyboard.press('Enter');
  const update = new UpdatePage(page);
  await update.running.waitFor();

  const choose = async (name: 'big' | 'new'): Promise<void> => {
    file = imagePath(name);
    await page.keyboard.press('Enter');
    await expect(update.install).toContainText(VERSIONS[name]);
  };
  await tabTo(page, update.file, 'the file input');
  await choose('big');
  await throttleUpload(page, VERY_SLOW);
  await tabTo(page, update.install, 'Install');
  await page.keyboard.press('Enter');
  await expect(update.says('Writing')).toBeVisible();
  await tabTo(page, update.cancel, 'Cancel');
  await page.keyboard.press('Enter');
  await expect(update.progress).toHaveCount(0);
  await throttleUpload(page, -1);
  await device.statusWhen('the device has dropped it', ({ upload }) => !upload);

  await tabTo(page, update.anyFile, 'the file input');
  await choose('new');
  await tabTo(page, update.install, 'Install');
  await page.keyboard.press('Enter');
  await expect(update.says(`Updated to ${VERSIONS.new}`)).toBeVisible();
});

test('what has the focus can be seen, the file input too', async ({ page, startDevice }) => {
  const device = await startDevice({ www: imagePath('old'), other: imagePath('before') });
  const update = await UpdatePage.open(page, device);
  for (const target of [update.goBackTo, update.file, page.getByRole('link').first()]) {
    await page.keyboard.press('Tab'); // so that the focus is the keyboard's
    await target.focus();
    const outlined = await target.evaluate((element) =>
      [element, element.closest('label')].some(
        (box) => box && getComputedStyle(box).outlineStyle !== 'none',
      ),
    );
    expect(outlined, await target.evaluate((element) => element.outerHTML)).toBe(true);
  }
});

test('the phases are told to a screen reader one by one, without the ticking percentage', async ({
  page,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old'), other: imagePath('before') });
  const update = await UpdatePage.open(page, device);
  await update.choose('big');
  const told: string[] = [];
  await page.exposeFunction('tell', (text: string) => told.push(text));
  await page.evaluate(() => {
    let last = '';
    new MutationObserver(() => {
      const regions = document.querySelectorAll('[role=status], [role=alert], [aria-live]');
      const text = [...regions].map((region) => (region as HTMLElement).innerText.trim()).join('|');
      if (text !== last) (window as unknown as { tell: (text: string) => void }).tell(text);
      last = text;
    }).observe(document.body, { subtree: true, childList: true, characterData: true });
  });
  await update.install.click();
  await expect(update.says(`Updated to ${VERSIONS.big}`)).toBeVisible();
  // Six phases, and what was said before them.
  expect(told.length, told.join('\n')).toBeLessThanOrEqual(7);
  for (const text of told) expect(text).not.toMatch(/\d+ ?%/);
});

test('nothing moves by itself for people who asked for reduced motion', async ({
  page,
  startDevice,
  pageErrors,
}) => {
  await page.emulateMedia({ reducedMotion: 'reduce' });
  const device = await startDevice({ www: imagePath('old'), other: imagePath('before') });
  const update = await UpdatePage.open(page, device);
  const moved: string[] = [];
  await page.exposeFunction('noteMotion', (what: string) => moved.push(what));
  await page.evaluate(() => {
    const { noteMotion } = window as unknown as { noteMotion: (what: string) => Promise<void> };
    const look = (): void => {
      for (const one of document.getAnimations()) {
        if (Number(one.effect?.getComputedTiming().activeDuration) > 1)
          void noteMotion((one.effect as KeyframeEffect).target?.className ?? '');
      }
      requestAnimationFrame(look);
    };
    look();
  });
  await page.evaluate(() => document.querySelector('main')?.animate({ opacity: [1, 1] }, 200));
  await expect.poll(() => moved.length, 'motion is noticed').toBeGreaterThan(0);
  await expect.poll(() => page.evaluate(() => document.getAnimations().length)).toBe(0);
  moved.length = 0;
  await update.start('broken');
  await update.keep.waitFor();
  await update.goBackNow.click();
  await expect(update.notice).toContainText(SAYS.wentBack('old'));
  expect(moved).toEqual([]);
  pageErrors.length = 0;
});
