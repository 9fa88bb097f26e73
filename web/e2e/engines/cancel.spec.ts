// Cancelling an upload, in other engines than Chromium.
import { expect, test } from '../harness/engines/test.js';
import { imagePath } from '../harness/frontends.js';
import { CONTROLS, SAYS } from '../harness/words.js';

/** The large image takes some eight seconds. */
const SLOW = 120 * 1024;

test('an upload that is cancelled says so, the old frontend stays, and the next one works', async ({
  tab,
  startDevice,
  startProxy,
}) => {
  const device = await startDevice({ www: imagePath('old'), other: imagePath('before') });
  const proxy = await startProxy(device);
  await tab.open(`${proxy.url}/#/update`);
  proxy.rate = SLOW;
  await tab.choose(imagePath('big'));
  await tab.press(CONTROLS.install);
  await device.statusWhen('a part is written', ({ upload }) => (upload?.written ?? 0) > 0);
  await tab.press(CONTROLS.cancel);
  const told = await tab.reads(SAYS.cancelled, { timeout: 30_000 });
  expect(told).not.toMatch(/somebody else/i);
  const status = await device.statusWhen('the device has dropped it', ({ upload }) => !upload);
  expect(status).toMatchObject({ active: 0, state: 'settled', last: null });

  proxy.rate = Infinity;
  await tab.choose(imagePath('new'));
  await tab.press(CONTROLS.install);
  await tab.reads(SAYS.updated('new'), { timeout: 40_000 });
});
