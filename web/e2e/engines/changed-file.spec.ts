// A file that was built anew after it was chosen, in other engines than Chromium.
import { copyFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '../harness/engines/test.js';
import { imagePath, VERSIONS } from '../harness/frontends.js';
import { CONTROLS, SAYS } from '../harness/words.js';

test('a file that was built anew since it was chosen is shown anew, and nothing is sent before that', async ({
  tab,
  folder,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old') });
  const before = await device.fingerprint();
  const file = join(folder, 'www.bin');
  await copyFile(imagePath('new'), file);
  await tab.open(`${device.url}/#/update`);
  await tab.choose(file);
  await tab.reads(VERSIONS.new);
  await copyFile(imagePath('big'), file);
  await tab.press(CONTROLS.install);
  // Firefox gives what is there now; WebKit refuses the file, or gives the beginning of what is there.
  const told = await tab.reads(/file has changed|file was changed/i);
  expect(await device.fingerprint()).toEqual(before);

  if (!SAYS.changed.test(told)) await tab.choose(file);
  await tab.reads(VERSIONS.big);
  await tab.press(CONTROLS.install);
  await tab.reads(SAYS.updated('big'), { timeout: 40_000 });
  expect(await device.version()).toBe(VERSIONS.big);
});

test('a file that is gone since it was chosen is told in words', async ({
  tab,
  folder,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old') });
  const before = await device.fingerprint();
  const file = join(folder, 'www.bin');
  await copyFile(imagePath('new'), file);
  await tab.open(`${device.url}/#/update`);
  await tab.choose(file);
  await tab.reads(VERSIONS.new);
  await rm(file);
  await tab.press(CONTROLS.install);
  await tab.reads(/file was changed or moved/i);
  expect(await device.fingerprint()).toEqual(before);
});
