// The recovery page, in other engines than Chromium.
import { expect, test } from '../harness/engines/test.js';
import { damageSlot } from '../harness/flash.js';
import { CHANGE, imagePath, VERSIONS } from '../harness/frontends.js';

test('with both slots bad, an upload on the recovery page brings a frontend back', async ({
  tab,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old'), other: imagePath('new') });
  await device.powerOff();
  await damageSlot(device.flash, 0);
  await damageSlot(device.flash, 1);
  await device.powerOn();
  await tab.open(device.url);
  await tab.reads(/no slot holds/i);
  await tab.choose(imagePath('new'));
  await tab.press('Upload');
  await device.statusWhen('it runs what was sent', ({ state }) => state !== 'recovery');
  expect(await device.version()).toBe(VERSIONS.new);
  await tab.press('Open the frontend');
  await tab.reads(CHANGE);
});
