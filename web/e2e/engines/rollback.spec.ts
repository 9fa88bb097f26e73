// Going back by hand, in other engines than Chromium.
import { Key } from 'selenium-webdriver';
import { expect, test } from '../harness/engines/test.js';
import { imagePath, VERSIONS } from '../harness/frontends.js';
import { CONTROLS, SAYS } from '../harness/words.js';

/** Of the dialog and of the window. */
const HEIGHTS = `return {
  dialog: document.querySelector('dialog[open]').getBoundingClientRect().height,
  window: innerHeight,
}`;

test('going back asks first: Enter and Stay change nothing, Go back restarts into the other frontend', async ({
  tab,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('new'), other: imagePath('old') });
  const before = await device.fingerprint();
  await tab.open(`${device.url}/#/update`);
  await tab.press(CONTROLS.goBackTo);
  await tab.shows('dialog[open]');
  const heights = await tab.run<{ dialog: number; window: number }>(HEIGHTS);
  expect(heights.dialog, 'the dialog is as large as its words').toBeLessThan(heights.window / 2);
  await tab.type(Key.ENTER);
  await tab.hides('dialog[open]');
  await tab.press(CONTROLS.goBackTo);
  await tab.press(CONTROLS.stay);
  await tab.hides('dialog[open]');
  expect(await device.fingerprint()).toEqual(before);

  await tab.press(CONTROLS.goBackTo);
  await tab.press(CONTROLS.goBackTo);
  await tab.reads(SAYS.wentBack('old'), { timeout: 40_000 });
  expect(await device.version()).toBe(VERSIONS.old);
});
