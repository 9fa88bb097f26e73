// An update that works, through the Update page.
import { builtAssets, CHANGE, imagePath, loadedAssets, VERSIONS } from '../harness/frontends.js';
import { expect, test } from '../harness/test.js';
import { observe, UpdatePage, type Seen, type Told } from '../harness/update-page.js';

/** In the order in which they come; a short one may pass between two looks. */
const PHASES = ['Sending', 'Writing', 'Checking', 'Restarting', 'Confirming', 'Done'];

/** How much the device had really written when the page showed something: it says so next. */
function truth(told: readonly Told[], at: number): number {
  const next = told.find((entry) => entry.at >= at);
  if (next?.phase === 'writing') return next.percent;
  const began = told.find((entry) => entry.phase !== null);
  return began && began.at < at ? 100 : 0;
}

function phases(seen: readonly Seen[]): string[] {
  const all = seen.flatMap(({ phase }) => PHASES.filter((known) => phase.startsWith(known)));
  return all.filter((phase, index) => phase !== all[index - 1]);
}

test('an update shows what the device has done, goes through the true phases, and ends with the new frontend, confirmed', async ({
  page,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old'), other: imagePath('before') });
  const update = await UpdatePage.open(page, device);
  await expect(update.running).toContainText(VERSIONS.old);
  await expect(update.other).toContainText(VERSIONS.before);
  await expect(page.getByText(CHANGE)).toHaveCount(0);

  await update.choose('big');
  await expect(page.getByRole('region', { name: 'New frontend' })).toContainText(VERSIONS.big);
  const seen = await update.watch();
  const observed = observe(device);
  await update.install.click();
  await expect(update.says(`Updated to ${VERSIONS.big}`)).toBeVisible();
  const told = await observed.stop();

  const status = await device.status();
  expect(status).toMatchObject({ active: 1, state: 'settled', trial: null });
  expect(status.last).toMatchObject({ outcome: 'updated', from: 0, to: 1 });

  const order = phases(seen);
  expect(order).toEqual(PHASES.filter((phase) => order.includes(phase)));
  expect(order).toEqual(expect.arrayContaining(['Writing', 'Restarting', 'Confirming']));
  const writing = seen.filter(({ phase }) => phase.startsWith('Writing'));
  expect(writing.length, 'changes of the progress').toBeGreaterThan(3);
  for (const { at, phase, percent, written } of seen) {
    if (phase.startsWith('Done')) continue;
    const shown = Math.max(percent ?? 0, written ?? 0);
    expect(shown, `percent while ${phase}`).toBeLessThanOrEqual(truth(told, at));
  }

  // This page is the new frontend's, with its own assets, and so is what a reload brings.
  await expect(page.getByText(CHANGE)).toBeVisible();
  const built = await builtAssets('big');
  for (const asset of await loadedAssets(page)) expect(built).toContain(asset);
  await page.reload();
  await expect(page.getByText(CHANGE)).toBeVisible();
});
