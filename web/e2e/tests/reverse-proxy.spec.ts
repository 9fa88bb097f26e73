// A device behind a real nginx, below a prefix: everything is found there, and a page with TLS may change things.
import { readFile } from 'node:fs/promises';
import { imagePath, VERSIONS } from '../harness/frontends.js';
import { Nginx, nginx } from '../harness/nginx.js';
import { expect, test } from '../harness/test.js';
import { UpdatePage } from '../harness/update-page.js';

test.skip(!nginx, 'nginx is not installed');
// The certificate is the test's own.
test.use({ ignoreHTTPSErrors: true });

let proxy: Nginx;
test.beforeEach(async () => {
  proxy = await Nginx.prepare();
});
test.afterEach(() => proxy.stop());

test('the Update page updates below a prefix and behind TLS, and the new frontend confirms itself there', async ({
  page,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old'), hosts: [proxy.tlsHost] });
  await proxy.start(device);
  const asked = new Set<string>();
  page.on('request', (request) => asked.add(new URL(request.url()).pathname));

  const update = await UpdatePage.open(page, { url: proxy.tlsUrl });
  await update.choose('new');
  await update.install.click();
  await expect(update.says(`Updated to ${VERSIONS.new}`)).toBeVisible();
  expect(await device.status()).toMatchObject({ active: 1, state: 'settled' });

  // The way out, from a link of the page; and from it back to the frontend.
  await update.details.locator('summary').click();
  await page.getByRole('link', { name: 'Recovery page' }).click();
  await expect(page.getByText(`${VERSIONS.new} (www_1) runs.`)).toBeVisible();
  await page.getByRole('link', { name: 'Open the frontend' }).click();
  await expect(page).toHaveURL(`${proxy.tlsUrl}/`);
  expect([...asked].filter((path) => !path.startsWith('/kitchen/'))).toEqual([]);
});

const UNFRAMED = [
  `add_header Content-Security-Policy "frame-ancestors 'none'"`,
  // It counts only where the device's own policy is gone.
  'add_header X-Frame-Options DENY; proxy_hide_header Content-Security-Policy',
];
for (const settings of UNFRAMED) {
  test(`behind a proxy with ${settings} one looks at the new frontend, which confirms itself`, async ({
    page,
    context,
    startDevice,
  }) => {
    const device = await startDevice({ www: imagePath('old'), hosts: [proxy.tlsHost] });
    await proxy.start(device, settings);
    const update = await UpdatePage.open(page, { url: proxy.tlsUrl });
    await update.choose('new');
    await update.install.click();
    await expect(update.notice).toContainText(`Look at ${VERSIONS.new} to finish the update`);
    const opened = context.waitForEvent('page');
    await page.getByRole('link', { name: 'Look at it' }).click();
    await opened;
    await expect(page.getByText(`Updated to ${VERSIONS.new}`).first()).toBeVisible();
    expect(await device.status()).toMatchObject({ active: 1, state: 'settled' });
  });
}

test('a page whose own script is all that loads its modules confirms itself below a prefix', async ({
  page,
  startDevice,
  pack,
}) => {
  const site = (version: string) => ({
    version,
    files: {
      'index.html': `<!doctype html><link rel="modulepreload" href="./app.js"><body>
        <script type="module">import('./app.js')</script>`,
      'app.js': `document.body.append('${version} runs')`,
    },
  });
  const device = await startDevice({ www: await pack(site('1')), hosts: [proxy.tlsHost] });
  await proxy.start(device);
  await device.update(await readFile(await pack(site('2'))), '?confirm=client&within=60');
  await page.goto(`${proxy.tlsUrl}/`);
  await expect(page.getByText('2 runs')).toBeVisible();
  const status = await device.statusWhen('it is confirmed', ({ state }) => state === 'settled');
  expect(status).toMatchObject({ active: 1, last: { outcome: 'updated' } });
});

test('without the host of the proxy no page behind it changes anything, and the refusal says what to do', async ({
  page,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old') });
  await proxy.start(device);
  await page.goto(`${proxy.tlsUrl}/recovery`);
  const answer = await page.evaluate(async () => {
    const headers = { 'Content-Type': 'application/json' };
    return (await fetch('api/ota/confirm', { method: 'POST', headers, body: '{}' })).json();
  });
  expect(answer).toMatchObject({ status: 403, type: '/problems/foreign-origin' });
  expect(answer.detail).toContain("add the proxy's host");
});

test('a device in recovery shows its page below a prefix, however deep the address', async ({
  page,
  startDevice,
}) => {
  const device = await startDevice();
  await proxy.start(device);
  await page.goto(`${proxy.url}/settings/wifi/`);
  await expect(page.getByText('No slot holds a whole frontend.')).toBeVisible();
});

test('both commands bring a frontend through it', async ({ startDevice, run }) => {
  const device = await startDevice({ www: imagePath('old') });
  await proxy.start(device);
  const push = run.push(imagePath('new'), proxy.url, '--confirm', 'load');
  expect(await push.ended(), push.output()).toBe(0);
  expect(push.output()).not.toContain('warning');
  const deploy = run.deploy(imagePath('old'), '--device', proxy.url, '--confirm', 'load');
  expect(await deploy.ended(), deploy.output()).toBe(0);
  expect(await device.status()).toMatchObject({ active: 0, state: 'settled' });
});
