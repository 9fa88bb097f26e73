// The connection ends in the middle of an upload, in other engines than Chromium.
import { expect, test } from '../harness/engines/test.js';
import { imagePath } from '../harness/frontends.js';
import { CONTROLS, SAYS } from '../harness/words.js';

/** The large image takes some eight seconds. */
const SLOW = 120 * 1024;

test('a connection that breaks in the middle of an upload is told in words, and it goes on by itself when that is back', async ({
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
  await device.statusWhen(
    'a part is written',
    ({ upload }) => !!upload && upload.written > upload.total / 4,
  );
  // Longer than a browser's own second try.
  proxy.refuse(true);
  await expect.poll(() => proxy.refused).toBeGreaterThan(0);
  const status = await device.statusWhen('the device has dropped it', ({ upload }) => !upload);
  expect(status).toMatchObject({ active: 0, state: 'settled' });
  await tab.reads(SAYS.goesOn, { timeout: 40_000 });

  proxy.refuse(false);
  proxy.rate = Infinity;
  await tab.reads(SAYS.updated('big'), { timeout: 40_000 });
});
