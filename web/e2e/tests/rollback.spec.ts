// Going back to the other frontend by hand.
import { damageSlot } from '../harness/flash.js';
import { CHANGE, imagePath, VERSIONS } from '../harness/frontends.js';
import { expect, test } from '../harness/test.js';
import { UpdatePage } from '../harness/update-page.js';
import { CONTROLS, SAYS } from '../harness/words.js';

test('going back asks once: Stay, Escape and Enter change nothing, Go back restarts into the other frontend', async ({
  page,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('new'), other: imagePath('old') });
  const before = await device.fingerprint();
  const update = await UpdatePage.open(page, device);
  await expect(update.running).toContainText(VERSIONS.new);
  await expect(update.other).toContainText(VERSIONS.old);

  const { question } = update;
  await expect(update.goBackTo).toContainText(VERSIONS.old);
  const refuse = {
    stay: () => question.getByRole('button', { name: CONTROLS.stay }).click(),
    escape: () => page.keyboard.press('Escape'),
    enter: () => page.keyboard.press('Enter'),
  };
  for (const [how, no] of Object.entries(refuse)) {
    await update.goBackTo.click();
    await expect(question, how).toBeVisible();
    await no();
    await expect(question, how).toBeHidden();
    await expect(update.goBackTo, how).toBeFocused();
  }
  expect(await device.fingerprint()).toEqual(before);

  await update.goBackTo.click();
  await question.getByRole('button', { name: CONTROLS.goBackTo }).click();
  await device.statusWhen('the other frontend runs', ({ active }) => active === 1);
  await expect(update.notice).toContainText(SAYS.wentBack('old'));
  // While the device makes sure of it, "back" would mean forward.
  await expect(update.running).toContainText('makes sure of it');
  await expect(update.goBackNow.or(update.goBackTo)).toHaveCount(0);
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
  await expect(update.other).toContainText(/no way back/i);
  await expect(update.goBackTo).toHaveCount(0);
  const problem = (await device.status()).slots[1]?.problem ?? '';
  expect(problem).not.toBe('');
  await update.details.locator('summary').click();
  await expect(update.details).toContainText(problem, { ignoreCase: true });
});

test('when the other frontend is damaged meanwhile, going back is refused in words and the running one stays', async ({
  page,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('new'), other: imagePath('old') });
  const update = await UpdatePage.open(page, device);
  // The page loads what it needs for this while the device is there.
  await update.details.locator('summary').click();
  await expect(update.details).toContainText('SHA-256');
  // The page hears nothing of the damage, however long this takes: for it all is as it was.
  const before = await device.status();
  await page.route('**/api/ota/status', (route) => route.fulfill({ json: before }));
  await device.powerOff();
  await damageSlot(device.flash, 1);
  await update.goBackTo.click();
  await device.powerOn();
  await update.question.getByRole('button', { name: CONTROLS.goBackTo }).click();
  await page.unroute('**/api/ota/status');
  await expect(update.alert.first()).toContainText(/no way back/i);
  expect(await device.status()).toMatchObject({ active: 0 });
});
