// Pages that a browser has kept of the old frontend, in other engines than Chromium: they confirm nothing else.
import { expect, test } from '../harness/engines/test.js';
import { CHANGE, image, imagePath, VERSIONS } from '../harness/frontends.js';

/** Seconds for a page that does not deserve it to confirm: ten times what a good one takes. */
const WINDOW = '?confirm=client&within=15';

test('a page of the old frontend from the history does not confirm a broken one', async ({
  tab,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old') });
  await tab.open(device.url);
  await tab.reads(VERSIONS.old);
  await tab.open(`${device.url}/recovery`);
  await device.update(await image('broken'), WINDOW);
  await tab.back();
  await device.statusWhen('the device went back by itself', ({ active }) => active === 0);
  expect((await device.status()).last).toMatchObject({ outcome: 'fell_back' });
});

test('a page of the old frontend from the history gets to the new one, which confirms itself', async ({
  tab,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old') });
  await tab.open(device.url);
  await tab.reads(VERSIONS.old);
  await tab.open(`${device.url}/recovery`);
  await device.update(await image('new'), WINDOW);
  await tab.back();
  await tab.reads(CHANGE);
  await device.statusWhen('it is confirmed', ({ state }) => state === 'settled');
  expect(await device.version()).toBe(VERSIONS.new);
});

test('an open tab of the old frontend does not confirm a broken one', async ({
  tab,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old') });
  await tab.open(device.url);
  await tab.reads(VERSIONS.old);
  await device.update(await image('broken'), WINDOW);
  await device.statusWhen('the device went back by itself', ({ active }) => active === 0);
  expect((await device.status()).last).toMatchObject({ outcome: 'fell_back' });
  // And it shows what runs again, whatever it has seen.
  await tab.reads(VERSIONS.old);
});
