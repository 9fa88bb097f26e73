// The home page of the example frontend, open while somebody updates the device: it says what is so.
import { imagePath, VERSIONS } from '../harness/frontends.js';
import { expect, test } from '../harness/test.js';

const STATUS = '**/api/ota/status';

test('the home page takes a restart for none that is lost, and tells a silence that lasts', async ({
  page,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old') });
  await page.clock.install();
  await page.goto(device.url);
  await expect(page.getByText(VERSIONS.old)).toBeVisible();
  const said = page.getByRole('status');

  const failed = page.waitForEvent('requestfailed');
  await page.route(STATUS, (route) => route.abort());
  await page.clock.runFor(5000);
  await failed;
  await expect(said).toHaveText('');
  // Longer than any restart.
  await page.clock.runFor(12_000);
  await expect(said).toHaveText('The device does not answer.');

  await page.unroute(STATUS);
  await expect(said).toHaveText('');
});

test('the home page says that the device restarts when it had all of an image', async ({
  page,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old') });
  const upload = { phase: 'restarting', received: 8192, written: 8192, total: 8192 };
  const status = { ...(await device.status()), upload };
  await page.clock.install();
  await page.route(STATUS, (route) => route.fulfill({ json: status }));
  await page.goto(device.url);
  await expect(page.getByText(VERSIONS.old)).toBeVisible();

  const failed = page.waitForEvent('requestfailed');
  await page.route(STATUS, (route) => route.abort());
  await page.clock.runFor(5000);
  await failed;
  await page.clock.runFor(20_000);
  await expect(page.getByRole('status')).toHaveText('The device restarts.');
});
