// A device with a password, in a browser: who is asked, when, and what somebody who listens gets of it.
import { connect } from 'node:net';
import type { Locator, Page } from '@playwright/test';
import { expectAccessible, expectNoSidewaysScroll, NARROW } from '../harness/accessible.js';
import { CHANGE, imagePath, VERSIONS } from '../harness/frontends.js';
import { page as sitePage } from '../harness/sites.js';
import { expect, test } from '../harness/test.js';
import { UpdatePage } from '../harness/update-page.js';

const PASSWORD = 'correct horse';
const NEW = 'battery staple';
const WITH = { args: ['--password', PASSWORD] };
const FOR_READING = { args: ['--password', PASSWORD, '--password-for-reading'] };
const AT_FIRST_USE = { args: ['--demand-password'] };

/** The question, whatever it is about. */
const dialog = (page: Page): Locator => page.locator('dialog:has(input[type=password])');
const fault = (page: Page): Locator => dialog(page).getByRole('alert');

async function enter(page: Page, password: string): Promise<void> {
  await dialog(page).getByLabel('Password', { exact: true }).fill(password);
  await dialog(page).getByRole('button', { name: 'Log in' }).click();
}

/** A new one, twice. */
async function set(page: Page, password: string, again = password): Promise<void> {
  await dialog(page)
    .getByLabel(/^New password/)
    .fill(password);
  await dialog(page).getByLabel('The same again').fill(again);
  await dialog(page)
    .getByRole('button', { name: /^(Set|Change) it$/ })
    .click();
}

/** How often a person was asked in all pages that this one becomes. */
async function countQuestions(page: Page): Promise<() => number> {
  let asked = 0;
  await page.exposeFunction('noteQuestion', () => void (asked += 1));
  const watch = (): void => {
    const { showModal } = HTMLDialogElement.prototype;
    HTMLDialogElement.prototype.showModal = function () {
      const { noteQuestion } = window as unknown as { noteQuestion: () => void };
      if (this.querySelector('[type=password]')) noteQuestion();
      showModal.call(this);
    };
  };
  await page.addInitScript(watch);
  return () => asked;
}

test('an update is asked for its password once, and needs nobody until the new frontend has confirmed itself', async ({
  page,
  context,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old'), other: imagePath('before'), ...WITH });
  const questions = await countQuestions(page);
  const update = await UpdatePage.open(page, device);
  await update.choose('new');
  await expect(dialog(page)).toHaveCount(0);
  await update.install.click();
  await enter(page, 'wrong one');
  await expect(fault(page)).toHaveText('That is not the password.');
  expect((await device.status()).upload).toBeNull();
  await enter(page, PASSWORD);
  await expect(update.says(`Updated to ${VERSIONS.new}`)).toBeVisible();
  await expect(page.getByText(CHANGE)).toBeVisible();
  expect(await device.status()).toMatchObject({ active: 1, state: 'settled' });

  // Nor after a reload.
  await page.reload();
  await update.goBackTo.click();
  await update.question.getByRole('button', { name: /^Go back to/ }).click();
  await device.statusWhen('it has gone back', ({ active }) => active === 0);
  await expect(update.running).toContainText(VERSIONS.old);
  expect(questions()).toBe(1);

  // Another tab is somebody else.
  const other = await UpdatePage.open(await context.newPage(), device);
  await other.choose('new');
  await other.install.click();
  await expect(dialog(other.page)).toBeVisible();
});

test('whoever closes the question is told so calmly, and can try again', async ({
  page,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old'), ...WITH });
  const update = await UpdatePage.open(page, device);
  const before = await device.fingerprint();
  await update.choose('new');
  await update.install.click();
  await expect(dialog(page).getByLabel('Password', { exact: true })).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(dialog(page)).toHaveCount(0);
  await expect(update.notice).toContainText('This needs the device’s password');
  await expect(update.notice).toHaveAttribute('data-tone', 'info');
  expect(await device.fingerprint()).toEqual(before);
  await update.tryAgain.click();
  await enter(page, PASSWORD);
  await expect(update.says(`Updated to ${VERSIONS.new}`)).toBeVisible();
});

test('at first use a password is set before anything else, and needed from then on', async ({
  page,
  context,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old'), ...AT_FIRST_USE });
  const update = await UpdatePage.open(page, device);
  await update.choose('new');
  await update.install.click();
  await expect(dialog(page)).toContainText('Give the device a password');
  await set(page, 'short');
  await expect(fault(page)).toContainText('fewer than 8');
  await set(page, PASSWORD, NEW);
  await expect(fault(page)).toContainText('not the same');
  await set(page, PASSWORD);
  await expect(update.says(`Updated to ${VERSIONS.new}`)).toBeVisible();

  const refused = await device.send('POST', '/api/ota/rollback', '{}', 'application/json');
  expect(refused.status).toBe(401);
  const other = await UpdatePage.open(await context.newPage(), device);
  await other.goBackTo.click();
  await other.question.getByRole('button', { name: /^Go back to/ }).click();
  await enter(other.page, PASSWORD);
  await expect(other.running).toContainText(VERSIONS.old);
});

test('where reading needs it, too, a page asks at once; closed, it says so and waits', async ({
  page,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old'), ...FOR_READING });
  const questions = await countQuestions(page);
  await page.goto(`${device.url}/#/update`);
  await expect(dialog(page)).toBeVisible();
  await dialog(page).getByRole('button', { name: 'Cancel' }).click();
  const update = new UpdatePage(page);
  await expect(update.notice).toContainText('This needs the device’s password');
  // The page looks again and again, and asks nobody.
  await page.waitForTimeout(4000);
  expect(questions()).toBe(1);
  await update.tryAgain.click();
  await enter(page, PASSWORD);
  await expect(update.running).toContainText(VERSIONS.old);
  await expect(update.notice).toBeHidden();
  await page.reload();
  await expect(update.running).toContainText(VERSIONS.old);
  expect(questions()).toBe(2);
});

test('the recovery page uploads, goes back and changes the password', async ({
  page,
  context,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old'), ...WITH });
  await page.goto(`${device.url}/recovery`);
  const main = page.getByRole('main');
  const upload = page.getByRole('button', { name: 'Upload' });
  await page.getByLabel(/image file/i).setInputFiles(imagePath('new'));
  await upload.click();
  await dialog(page).getByRole('button', { name: 'Cancel' }).click();
  await expect(main).toContainText('This needs the device’s password.');
  await upload.click();
  await enter(page, PASSWORD);
  await expect(main).toContainText(`Done. ${VERSIONS.new}`);
  await page.getByRole('button', { name: /^Keep/ }).click();
  await expect(main).toContainText(`${VERSIONS.new} (www_1) is kept.`);

  const other = await context.newPage();
  await other.goto(`${device.url}/recovery`);
  other.on('dialog', (question) => void question.accept());
  await other.getByRole('button', { name: /^Go back to/ }).click();
  await enter(other, PASSWORD);
  await expect(other.getByRole('main')).toContainText(`Done. ${VERSIONS.old}`);

  await page.getByRole('button', { name: 'Change the password' }).click();
  await set(page, NEW);
  await expect(dialog(page)).toHaveCount(0);
  // All others have to enter the new one.
  await other.getByRole('button', { name: /^Keep/ }).click();
  await enter(other, PASSWORD);
  await expect(fault(other)).toHaveText('That is not the password.');
  await enter(other, NEW);
  await expect(other.getByRole('main')).toContainText(`${VERSIONS.old} (www_0) is kept.`);
});

test('the page for the Wi-Fi saves a network', async ({ page, startDevice }) => {
  const device = await startDevice(WITH);
  await page.goto(`${device.url}/recovery/wifi`);
  await page.getByLabel('Network name').fill('home');
  await page.getByLabel('Password', { exact: true }).fill('a password of the Wi-Fi');
  await page.getByRole('button', { name: 'Save' }).click();
  await enter(page, PASSWORD);
  await expect(page.getByRole('main')).toContainText('Saved. The device now joins home.');
});

test('live data is signed, by events and by a WebSocket, and comes back after a restart', async ({
  page,
  startDevice,
}) => {
  // What is set is on its flash; what a simulator is started with is another one each time.
  const args = ['--example', '--password-for-reading', ...AT_FIRST_USE.args];
  const device = await startDevice({ www: imagePath('old'), args });
  const questions = await countQuestions(page);
  await page.goto(device.url);
  await set(page, PASSWORD);
  const lamp = page.getByRole('switch', { name: 'Lamp' });
  await lamp.click();
  await expect(lamp).toBeChecked();
  await expect(page.getByRole('log')).toContainText(/lamp/i);
  await device.powerOff();
  await expect(lamp).toBeDisabled();
  await device.powerOn();
  await lamp.click();
  await expect(lamp).toBeChecked();
  await expect(page.getByRole('log')).toContainText(/lamp/i);
  expect(questions()).toBe(1);
  for (const path of ['/api/events', '/api/lamp/socket', '/api/ota/status'])
    expect((await device.send('GET', path)).status, path).toBe(401);
});

/** Complete requests of one connection. */
function requests(stream: Buffer): Buffer[] {
  const all: Buffer[] = [];
  for (let rest = stream; rest.length > 0;) {
    const head = rest.indexOf('\r\n\r\n') + 4;
    const length = /\r\ncontent-length: (\d+)/i.exec(rest.subarray(0, head).toString('latin1'));
    const end = head + Number(length?.[1] ?? 0);
    if (head < 4 || end > rest.length) break;
    all.push(rest.subarray(0, end));
    // What follows the head of a WebSocket are frames.
    if (/\r\nupgrade: /i.test(rest.subarray(0, head).toString('latin1'))) break;
    rest = rest.subarray(end);
  }
  return all;
}

/** Sends it once more, over a connection of its own; the status of the answer. */
function repeat(port: number, request: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => void socket.write(request));
    let answer = '';
    socket.on('error', reject);
    socket.on('data', (part) => {
      answer += part.toString('latin1');
      const status = /^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1];
      if (!status) return;
      resolve(Number(status));
      socket.destroy();
    });
  });
}

test('somebody who listens never has the password, and can use nothing again', async ({
  page,
  startDevice,
  startProxy,
}) => {
  const args = ['--example', ...FOR_READING.args];
  const device = await startDevice({ www: imagePath('old'), other: imagePath('before'), args });
  const proxy = await startProxy(device);
  await page.goto(proxy.url);
  await enter(page, PASSWORD);
  // Its socket is open, and its events come.
  await expect(page.getByRole('switch', { name: 'Lamp' })).toBeEnabled();
  await expect(page.getByRole('log')).toContainText('started');
  await page.goto(`${proxy.url}/#/update`);
  await page.reload();
  const update = new UpdatePage(page);
  await update.choose('new');
  await update.install.click();
  await expect(update.says(`Updated to ${VERSIONS.new}`)).toBeVisible();
  await page.close();

  const heard = proxy.sent();
  for (const form of [PASSWORD, encodeURIComponent(PASSWORD)]) {
    for (const part of [form, Buffer.from(form).toString('base64').replace(/=+$/, '')])
      expect(Buffer.concat(heard).includes(part), part).toBe(false);
  }
  const kinds = new Set<string>();
  const before = device.output.length;
  for (const request of heard.flatMap(requests)) {
    const line = request.toString('latin1').split(' HTTP/1.1')[0] ?? '';
    const what = line.replace(/\?.*/, '');
    const again = await repeat(proxy.port, request);
    // Files, and how a login begins, are open to all.
    const open = /^GET \/(api\/ota\/login(\.js)?$|(?!api\/))/.test(what);
    if (!open) kinds.add(what);
    const refusals = what === 'POST /api/ota/login' ? [401, 409, 429] : [401, 429];
    expect(open ? [200, 304, 404] : refusals, line).toContain(again);
  }
  expect([...kinds].sort()).toEqual(
    expect.arrayContaining([
      'GET /api/events',
      'GET /api/lamp/socket',
      'GET /api/ota/status',
      'POST /api/ota/confirm',
      expect.stringMatching(/^(POST|PATCH) \/api\/ota\/frontend$/),
      'POST /api/ota/login',
    ]),
  );
  expect(device.output.slice(before)).toBe('');
});

test('the question can be used by everybody, light and dark, on a narrow phone, in any page', async ({
  page,
  startDevice,
}, info) => {
  const device = await startDevice({ www: imagePath('old'), ...WITH });
  await page.setViewportSize(NARROW);
  const update = await UpdatePage.open(page, device);
  await update.choose('new');
  await update.install.click();
  await enter(page, 'wrong one');
  await expect(fault(page)).not.toBeEmpty();
  await expectNoSidewaysScroll(page, 'the page below the question');
  const box = await dialog(page).boundingBox();
  // What a page may do to all that is in it.
  const foreign =
    'body, body * { font: 40px serif !important; color: red !important; padding: 9px !important }';
  const style = await page.addStyleTag({ content: foreign });
  expect(await dialog(page).boundingBox()).toEqual(box);
  await expect(dialog(page).getByRole('heading')).not.toHaveCSS('color', 'rgb(255, 0, 0)');
  await style.evaluate((one) => (one as Element).remove());
  expect(box && box.x >= 0 && box.x + box.width <= NARROW.width).toBe(true);
  expect(await dialog(page).evaluate((one) => one.scrollWidth <= one.clientWidth)).toBe(true);
  for (const theme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme: theme });
    await page.screenshot({ path: info.outputPath(`asking-${theme}.png`) });
  }
  await expectAccessible(page, 'the question');
});

test('any page can use it, also where its policy allows nothing but its own files', async ({
  page,
  startDevice,
  pack,
}) => {
  const policy = `<meta http-equiv="Content-Security-Policy" content="default-src 'self'">`;
  const main = `
    const { fetch } = await import('/api/ota/login.js')
    const answer = await fetch('/api/ota/rollback', { method: 'POST', body: '{}', headers: { 'Content-Type': 'application/json' } })
    document.querySelector('h1').textContent = (await answer.json()).type`;
  const head = `<link rel="icon" href="/icon.svg">${policy}<script type="module" src="/main.js"></script>`;
  const files = {
    'index.html': sitePage('Mine', head),
    'main.js': main,
    'icon.svg': '<svg xmlns="http://www.w3.org/2000/svg"/>',
  };
  const device = await startDevice({ www: await pack({ version: '1', files }), ...WITH });
  await page.goto(device.url);
  await expect(dialog(page)).toHaveCSS('border-radius', '16px');
  await enter(page, PASSWORD);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('/problems/no-way-back');
});

test('a password that has 10,000 rounds does not freeze the page', async ({
  page,
  startDevice,
}) => {
  const device = await startDevice({ www: imagePath('old'), ...WITH });
  await page.goto(device.url);
  const { ms, turns, proof } = await page.evaluate(async () => {
    const login = (await import('/api/ota/login.js' as string)) as {
      stretch: (password: string, salt: Uint8Array, rounds: number) => Promise<Uint8Array>;
    };
    let turns = 0;
    const timer = setInterval(() => (turns += 1));
    const since = performance.now();
    const made = await login.stretch('correct horse', new Uint8Array(16), 300_000);
    const slow = turns;
    const begun = performance.now();
    await login.stretch('correct horse', new Uint8Array(16), 10_000);
    clearInterval(timer);
    const ms = [begun - since, performance.now() - begun];
    return { ms, turns: slow, proof: made.length };
  });
  console.log(`PBKDF2 of 300,000 and of 10,000 rounds: ${ms.map(Math.round).join(' and ')} ms`);
  expect(proof).toBe(32);
  expect(turns).toBeGreaterThan(3);
});
