// The Update page inside of other people's pages, on small screens, and in browsers that are some years old.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Locator } from '@playwright/test';
import { REPOSITORY } from '../harness/command.js';
import { contrasts } from '../harness/contrast.js';
import { distPath, imagePath, VERSIONS } from '../harness/frontends.js';
import { notForOldBrowsers } from '../harness/old-browsers.js';
import { page as html, throwing } from '../harness/sites.js';
import { expect, test } from '../harness/test.js';
import { UpdatePage } from '../harness/update-page.js';

/** What `npm create vite` leaves in a new Svelte app (`src/app.css`), but for colours. */
const TEMPLATE = `
  :root { font-family: system-ui, Avenir, Helvetica, Arial, sans-serif; line-height: 1.5; font-weight: 400;
    font-synthesis: none; text-rendering: optimizeLegibility; -webkit-font-smoothing: antialiased; }
  a { font-weight: 500; text-decoration: inherit; }
  body { margin: 0; display: flex; place-items: center; min-width: 320px; min-height: 100vh; }
  h1 { font-size: 3.2em; line-height: 1.1; }
  .card { padding: 2em; }
  main { max-width: 1280px; margin: 0 auto; padding: 2rem; text-align: center; }
  button { border-radius: 8px; border: 1px solid transparent; padding: 0.6em 1.2em; font-size: 1em;
    font-weight: 500; font-family: inherit; cursor: pointer; transition: border-color 0.25s; }
  label, input, p, dl, dt, dd, summary, section, dialog { letter-spacing: 2px; text-transform: uppercase; }`;

/** The Update page as one file for pages without any framework. */
const ELEMENT = join(REPOSITORY, 'web/packages/update-page/dist/element.js');

/** What a template must not decide. */
const LOOKS = [
  ...['textAlign', 'fontSize', 'fontWeight', 'lineHeight', 'letterSpacing', 'textTransform'],
  ...['display', 'paddingTop', 'paddingLeft', 'marginTop', 'borderTopWidth', 'borderTopColor'],
  ...['borderTopLeftRadius', 'color', 'backgroundColor', 'textDecorationLine', 'listStyleType'],
];

test('the style sheet of a stock template changes nothing in it', async ({ page, startDevice }) => {
  const device = await startDevice({ www: imagePath('new'), other: imagePath('old') });
  const update = await UpdatePage.open(page, device);
  await update.give(imagePath('big'));
  await update.install.waitFor();
  await update.details.locator('summary').click();
  const looks = (): Promise<string[]> =>
    page.locator('.faceplate, .faceplate *').evaluateAll(
      (elements, names) =>
        elements.map((element) => {
          const style = getComputedStyle(element) as unknown as Record<string, string>;
          const all = names.map((name) => `${name}: ${style[name]}`);
          return `${element.tagName} ${element.className} ${all.join('; ')}`;
        }),
      LOOKS,
    );
  const before = await looks();
  expect(before.length).toBeGreaterThan(30);
  await page.addStyleTag({ content: TEMPLATE });
  await expect(page.locator('main')).toHaveCSS('text-align', 'center');
  await expect(update.running).toHaveCSS('text-align', 'start');
  expect(await looks()).toEqual(before);
});

/** A small phone, without what its browser takes. */
const PHONE = { width: 360, height: 740 };

/** Without scrolling, and large enough for a finger. */
async function expectInReach(control: Locator): Promise<void> {
  const box = await control.boundingBox();
  expect((box?.y ?? Infinity) + (box?.height ?? 0)).toBeLessThanOrEqual(PHONE.height);
  expect(box?.height).toBeGreaterThanOrEqual(44);
}

test('on a phone, what is to be pressed next is on the first screen', async ({
  page,
  startDevice,
  pageErrors,
}) => {
  await page.setViewportSize(PHONE);
  const device = await startDevice({ www: imagePath('new'), other: imagePath('old') });
  const update = await UpdatePage.open(page, device);
  await update.choose('big');
  await expectInReach(update.install);
  // Where something went wrong there is most to be read.
  await update.start('broken');
  await expect(update.warns('reports an error')).toBeVisible();
  await expect(update.goBackNow).toHaveAttribute('data-rank', 'primary');
  await expectInReach(update.goBackNow);
  await expect(page.getByText(/the device goes back/i)).toHaveCount(1);
  pageErrors.length = 0;
});

test('so it is in German', async ({ page, startDevice, pack, pageErrors }) => {
  await page.setViewportSize(PHONE);
  const phone = '<meta name="viewport" content="width=device-width">';
  const use = `${phone}<script type="module" src="/element.js"></script>`;
  const lamp = await pack({
    version: '1.0.0',
    files: {
      'index.html': html('Lampe', use, '<faceplate-update lang="de"></faceplate-update>'),
      'element.js': await readFile(ELEMENT, 'utf8'),
    },
  });
  // However much there is to be said of it.
  const long = throwing(`Lampe${' mit sehr viel Text'.repeat(100)}`);
  const broken = await pack({ version: '1.1.0', files: { 'index.html': long } });
  const device = await startDevice({ www: lamp });
  const update = await UpdatePage.open(page, device, '/');
  await update.give(broken);
  const install = page.getByRole('button', { name: '1.1.0 installieren' });
  await expect(install).toBeVisible();
  await expectInReach(install);
  await install.click();
  await expect(update.warns('meldet einen Fehler')).toBeVisible();
  await expectInReach(page.getByRole('button', { name: 'Jetzt zurück' }));
  await expect(page.getByText(/Gerät kehrt|kehrt das Gerät/)).toHaveCount(1);
  pageErrors.length = 0;
});

for (const colorScheme of ['light', 'dark'] as const) {
  test(`the edges of controls have 3:1 in ${colorScheme} colours`, async ({
    page,
    startDevice,
  }) => {
    await page.emulateMedia({ colorScheme });
    const device = await startDevice({ www: imagePath('new'), other: imagePath('old') });
    const update = await UpdatePage.open(page, device);
    const idle = await contrasts(update.controls);
    expect(idle.length).toBeGreaterThanOrEqual(2);
    await update.choose('big');
    const chosen = await contrasts(update.controls);
    for (const { what, ratio } of [...idle, ...chosen]) {
      expect(ratio, what).toBeGreaterThanOrEqual(3);
    }
  });
}

test('as a custom element it works in a page without any framework', async ({
  page,
  startDevice,
  pack,
}) => {
  const use = '<script type="module" src="/element.js"></script>';
  const plain = await pack({
    version: '1',
    files: {
      'index.html': html('Plain', use, '<faceplate-update></faceplate-update>'),
      'element.js': await readFile(ELEMENT, 'utf8'),
    },
  });
  const device = await startDevice({ www: plain });
  const update = await UpdatePage.open(page, device, '/');
  await expect(update.running).toContainText('1');
  await update.start('new');
  await expect(page).toHaveTitle('Provider');
  expect(await device.status()).toMatchObject({ active: 1, state: 'settled' });
  expect(await device.version()).toBe(VERSIONS.new);
});

test('built style sheets work in browsers that know neither nesting nor light-dark()', async () => {
  expect(notForOldBrowsers('a { b { c: d } }')).toHaveLength(1);
  expect(notForOldBrowsers('a { color: light-dark(#000, #fff) }')).toHaveLength(1);
  expect(notForOldBrowsers('@media print { a { b: c } } d { e: f }')).toEqual([]);

  const assets = join(distPath('new'), 'assets');
  const sheets = (await readdir(assets)).filter((name) => name.endsWith('.css'));
  expect(sheets.length).toBeGreaterThan(0);
  for (const name of sheets) {
    const css = await readFile(join(assets, name), 'utf8');
    expect(notForOldBrowsers(css), name).toEqual([]);
  }
});
