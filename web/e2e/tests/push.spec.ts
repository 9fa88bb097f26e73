// Who deploys from a command line ends with 0 only when a page of the new build has confirmed itself.
import { page as html, throwing } from '../harness/sites.js';
import { expect, test } from '../harness/test.js';

const A = { version: '1', files: { 'index.html': html('A') } };
const B = { version: '2', files: { 'index.html': html('B') } };
const BROKEN = { version: '3', files: { 'index.html': throwing('Broken') } };

/** Exit codes, the same for both commands. */
const DONE = 0;
const WENT_BACK = 5;

test('a tab that is open moves to what `faceplate push` brings and confirms it, without a click', async ({
  page,
  startDevice,
  pack,
  run,
}) => {
  const device = await startDevice({ www: await pack(A) });
  await page.goto(device.url);
  await expect(page.getByRole('heading')).toHaveText('A');
  const push = run.push(await pack(B), `127.0.0.1:${device.port}`);
  expect(await push.ended(), push.output()).toBe(DONE);
  await expect(page.getByRole('heading')).toHaveText('B');
  expect(await device.status()).toMatchObject({ active: 1, state: 'settled' });
});

test('a first line that throws ends `faceplate push` with the code for "went back", and the open tab is back at the old frontend', async ({
  page,
  startDevice,
  pack,
  run,
  pageErrors,
}) => {
  const device = await startDevice({ www: await pack(A) });
  await page.goto(device.url);
  await expect(page.getByRole('heading')).toHaveText('A');
  const target = `127.0.0.1:${device.port}`;
  const push = run.push(await pack(BROKEN), target, '--within', '15');
  await expect(page.getByRole('heading')).toHaveText('Broken');
  expect(await push.ended(), push.output()).toBe(WENT_BACK);
  await expect(page.getByRole('heading')).toHaveText('A');
  expect(await device.status()).toMatchObject({ active: 0 });
  expect(pageErrors.splice(0).map(({ message }) => message)).toContain('Broken throws');
});

test('where nobody opens the new page, `faceplate push` says where to open it, and waits', async ({
  page,
  startDevice,
  pack,
  run,
}) => {
  const device = await startDevice({ www: await pack(A) });
  const push = run.push(await pack(B), `127.0.0.1:${device.port}`);
  await device.statusWhen('it is on trial', ({ state }) => state === 'trial');
  await expect.poll(() => push.output()).toContain(device.url);
  expect(await device.status()).toMatchObject({ state: 'trial' });
  await page.goto(device.url);
  expect(await push.ended(), push.output()).toBe(DONE);
});

test('`faceplate-deploy` waits for the page as well, and an open tab confirms what it brings', async ({
  page,
  startDevice,
  pack,
  run,
  pageErrors,
}) => {
  const device = await startDevice({ www: await pack(A) });
  await page.goto(device.url);
  await expect(page.getByRole('heading')).toHaveText('A');
  const target = `127.0.0.1:${device.port}`;
  const good = run.deploy(await pack(B), '--device', target);
  expect(await good.ended(), good.output()).toBe(DONE);
  await expect(page.getByRole('heading')).toHaveText('B');

  const bad = run.deploy(await pack(BROKEN), '--device', target, '--within', '15');
  expect(await bad.ended(), bad.output()).toBe(WENT_BACK);
  await expect(page.getByRole('heading')).toHaveText('B');
  pageErrors.length = 0;
});
