// An update that works, in other engines than Chromium.
import { CHANGE, imagePath, VERSIONS } from '../harness/frontends.js';
import { expect, test } from '../harness/engines/test.js';

test('an update ends with the new frontend, confirmed', async ({ tab, startDevice }) => {
  const device = await startDevice({ www: imagePath('old'), other: imagePath('before') });
  await tab.open(`${device.url}/#/update`);
  await tab.choose(imagePath('big'));
  await tab.press(/^Install/);
  await tab.reads(`Updated to ${VERSIONS.big}`, { timeout: 40_000 });
  await tab.reads(CHANGE);
  expect(await device.status()).toMatchObject({ active: 1, state: 'settled', trial: null });
});
