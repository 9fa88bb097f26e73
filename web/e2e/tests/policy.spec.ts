// Content-Security-Policies of the pages' own: what they block is told, and they cost no good frontend.
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { page as html, type Site } from '../harness/sites.js';
import { expect, test } from '../harness/test.js';

const ELEMENT = new URL('../../packages/update-page/dist/element.js', import.meta.url);

const policy = (text: string) =>
  `<meta http-equiv="Content-Security-Policy" content="${text}; img-src data:">`;

/** An Update page on a page that may have no frames. */
const unframed = async (version: string): Promise<Site> => ({
  version,
  files: {
    'index.html': html(
      version,
      policy(
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'",
      ),
      '<script type="module" src="/element.js"></script><faceplate-update home="/"></faceplate-update>',
    ),
    'element.js': await readFile(fileURLToPath(ELEMENT), 'utf8'),
  },
});

test('where the page may have no frame, one looks at the new frontend, and there it confirms itself', async ({
  page,
  context,
  startDevice,
  pack,
}) => {
  const device = await startDevice({ www: await pack(await unframed('1')) });
  await page.goto(device.url);
  await page.locator('input[type=file]').setInputFiles(await pack(await unframed('2')));
  await page.getByRole('button', { name: /^Install/ }).click();
  await expect(page.getByText('Look at 2 to finish the update').first()).toBeVisible();
  const opened = context.waitForEvent('page');
  await page.getByRole('link', { name: 'Look at it' }).click();
  await opened;
  await expect(page.getByText('Updated to 2').first()).toBeVisible();
  expect(await device.status()).toMatchObject({ active: 1, state: 'settled' });
});

test('a page whose own policy blocks its script confirms nothing, and tells which and where', async ({
  page,
  startDevice,
  pack,
}) => {
  const device = await startDevice({ www: await pack(await unframed('1')) });
  const broken: Site = {
    version: '2',
    files: {
      'index.html': html(
        'Loading',
        policy("default-src 'self'"),
        '<script>document.title = 1</script>',
      ),
    },
  };
  await device.update(await readFile(await pack(broken)), '?confirm=client&within=60');
  await page.goto(device.url);
  await page.waitForFunction(() => window.faceplate?.outcome === 'failed');
  const failure = await page.evaluate(() => window.faceplate?.failure);
  expect(failure?.text).toBe('Content-Security-Policy: script-src-elem blocks inline');
  expect(failure?.place).toMatch(/^\/:\d+:\d+$/);
  expect(await device.status()).toMatchObject({ active: 1, state: 'trial' });
});

test('the script that confirms stands in front of the page’s own policy, which may forbid all scripts', async ({
  page,
  startDevice,
  pack,
}) => {
  const device = await startDevice({ www: await pack(await unframed('1')) });
  const strict = policy("default-src 'none'; connect-src 'self'");
  const site: Site = { version: '2', files: { 'index.html': html('Strict', strict) } };
  await device.update(await readFile(await pack(site)), '?confirm=client&within=60');
  await page.goto(device.url);
  await page.waitForFunction(() => window.faceplate?.outcome === 'confirmed');
  expect(await device.status()).toMatchObject({ active: 1, state: 'settled' });
});
