// A new frontend whose script throws, in other engines than Chromium.
import { expect, test } from '../harness/engines/test.js';
import { imagePath, VERSIONS } from '../harness/frontends.js';
import { CONTROLS, SAYS } from '../harness/words.js';

test('a build whose script throws is not confirmed, its error is told, and going back is one click', async ({
  tab,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old') });
  await tab.open(`${device.url}/#/update`);
  await tab.choose(imagePath('broken'));
  await tab.press(CONTROLS.install);
  const told = await tab.reads('a broken build', { timeout: 40_000 });
  expect(told).toMatch(/assets\/[\w-]+\.js:\d+:\d+/);
  expect(await device.status()).toMatchObject({ active: 1, state: 'trial' });

  await tab.press(CONTROLS.goBackNow);
  await tab.reads(SAYS.wentBack('old'), { timeout: 40_000 });
  expect(await device.status()).toMatchObject({ active: 0, state: 'settled' });
});

test('a build whose script throws is taken back by the device, and the page that is still open says why', async ({
  tab,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('hasty') });
  await tab.open(`${device.url}/#/update`);
  await tab.choose(imagePath('broken'));
  await tab.press(CONTROLS.install);
  const told = await tab.reads(SAYS.wentBack('hasty'), { timeout: 60_000 });
  expect(told).toContain(VERSIONS.broken);
  expect(told).toContain('a broken build');
  expect((await device.status()).last).toMatchObject({
    outcome: 'fell_back',
    reason: 'not_confirmed',
  });
});
