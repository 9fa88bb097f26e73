// Going back to the other frontend by hand.
import { damageSlot } from '../harness/flash.js';
import { CHANGE, imagePath, VERSIONS } from '../harness/frontends.js';
import { expect, test } from '../harness/test.js';
import { UpdatePage } from '../harness/update-page.js';

test('going back asks once: Stay changes nothing, Go back restarts into the other frontend', async ({
  page,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('new'), other: imagePath('old') });
  const before = await device.fingerprint();
  const update = await UpdatePage.open(page, device);
  await expect(update.running).toContainText(VERSIONS.new);
  await expect(update.other).toContainText(VERSIONS.old);

  const dialog = page.getByRole('dialog');
  await expect(update.goBackTo).toContainText(VERSIONS.old);
  await update.goBackTo.click();
  await expect(dialog).toBeVisible();
  await dialog.getByRole('button', { name: 'Stay' }).click();
  await expect(dialog).toBeHidden();
  await expect(update.goBackTo).toBeFocused();
  // So does Escape.
  await update.goBackTo.click();
  await page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
  expect(await device.fingerprint()).toEqual(before);

  await update.goBackTo.click();
  await dialog.getByRole('button', { name: 'Go back' }).click();
  await device.statusWhen('the other frontend runs', ({ active }) => active === 1);
  await expect(
    page.getByText(new RegExp(`went back to ${VERSIONS.old}`, 'i')).first(),
  ).toBeVisible();
  await expect(page.getByRole('dialog')).toHaveCount(0);
  expect(await device.version()).toBe(VERSIONS.old);
  expect((await device.status()).last).toMatchObject({ outcome: 'rolled_back', from: 0, to: 1 });

  // The page is the old frontend's now.
  await UpdatePage.open(page, device);
  await expect(update.running).toContainText(VERSIONS.old);
  await expect(page.getByText(CHANGE)).toHaveCount(0);
});

test('there is no way back offered to a slot that holds no whole frontend, and the page says why', async ({
  page,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old'), other: imagePath('new') });
  await device.powerOff();
  await damageSlot(device.flash, 1);
  await device.powerOn();
  const update = await UpdatePage.open(page, device);
  await expect(update.other).toBeVisible();
  await expect(update.goBackTo).toHaveCount(0);
  const problem = (await device.status()).slots[1]?.problem ?? '';
  expect(problem).not.toBe('');
  await expect(update.other).toContainText(problem, { ignoreCase: true });
});

test('when the other frontend is damaged meanwhile, going back is refused in words and the running one stays', async ({
  page,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old'), other: imagePath('new') });
  const update = await UpdatePage.open(page, device);
  await device.powerOff();
  await damageSlot(device.flash, 1);
  // Before the page looks again.
  await update.goBackTo.click();
  await device.powerOn();
  await page.getByRole('dialog').getByRole('button', { name: 'Go back' }).click();
  await expect(update.alert.first()).toContainText(/no way back/i);
  expect(await device.status()).toMatchObject({ active: 0 });
});
