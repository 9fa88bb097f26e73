// An update that works, in other engines than Chromium.
import { expect, test } from '../harness/engines/test.js';
import { CHANGE, imagePath } from '../harness/frontends.js';
import { CONTROLS, SAYS } from '../harness/words.js';

test('an update ends with the new frontend, which confirmed itself', async ({
  tab,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old'), other: imagePath('before') });
  await tab.open(`${device.url}/#/update`);
  await tab.choose(imagePath('big'));
  await tab.press(CONTROLS.install);
  await tab.reads(SAYS.updated('big'), { timeout: 40_000 });
  await tab.reads(CHANGE);
  expect(await device.status()).toMatchObject({
    active: 1,
    state: 'settled',
    last: { outcome: 'updated', from: 0, to: 1 },
  });
});
