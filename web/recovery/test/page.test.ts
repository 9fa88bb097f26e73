// How the page behaves: what it shows, and what it does in each turn that an update can take.
import { describe, expect, test } from 'vitest';
import { empty, open, Page, restarted, slot, status } from './page.js';

const SIZE = 303104;
const NO_FRONTEND = status({
  state: 'recovery',
  slots: [empty('www_0'), empty('www_1', 'the upload into it was cut')],
});
const ON_TRIAL = { confirm: 'device', seconds_left: 24, boots_left: 2 };

/** The device goes on with an upload. */
function uploading(page: Page, phase: string, written: number, total = SIZE) {
  page.device = status({ upload: { phase, received: written, written, total } });
}

/** The device takes the image, and comes back with it. */
async function switched(page: Page) {
  page.post().answer(200, { slot: 1, bytes: SIZE, reboot_ms: 500 });
  page.device = null;
  await page.live(6);
  page.device = restarted(status(), { active: 1, state: 'trial', trial: ON_TRIAL });
  await page.live(5);
}

describe('the status', () => {
  test('says which device this is and what runs', async () => {
    const page = await open(status());
    expect(page.text('device')).toBe('provider · esp32s3 · firmware 0.1.0');
    expect(page.text('state')).toBe('1.4.0 (www_0) runs.');
    expect(page.text('slots')).toBe(
      '1.4.0 (www_0)296 KiB of 1024 KiB1.5.0 (www_1)296 KiB of 1024 KiB',
    );
    expect(page.text('last')).toBe('');
    expect(page.text('fault')).toBe('');
    expect(page.visible('keep')).toBe(false);
    expect(page.text('back')).toBe('Go back to 1.5.0 (www_1)');
    expect(page.visible('open')).toBe(true);
    expect(page.text('url')).toBe('192.168.4.1/recovery');
    expect(page.errors).toEqual([]);
  });

  test('of a device without a frontend says why, and offers only an upload', async () => {
    const page = await open(NO_FRONTEND);
    expect(page.text('state')).toBe('No slot holds a whole frontend.');
    expect(page.text('slots')).toBe('www_0there is nothing in itwww_1the upload into it was cut');
    for (const id of ['keep', 'back', 'open']) expect(page.visible(id), id).toBe(false);
    expect(page.element<HTMLButtonElement>('send').disabled).toBe(false);
  });

  test('of a trial counts down to what the device will do', async () => {
    const trial = { ...ON_TRIAL };
    const page = await open(status({ state: 'trial', trial }));
    expect(page.text('state')).toContain('the device keeps it in 24 s');
    page.device = status({
      state: 'trial',
      trial: { ...trial, confirm: 'client', seconds_left: 9 },
    });
    await page.live(1.1);
    expect(page.text('state')).toContain('the device goes back if nobody keeps it in 9 s');
    expect(page.text('keep')).toBe('Keep 1.4.0 (www_0)');
    expect(page.visible('keep')).toBe(true);
    expect(page.said, 'seconds are not read out').toEqual([]);
  });

  test.each([
    ['updated', null, 1, 0, 'updated from 1.5.0 (www_1) to 1.4.0 (www_0).'],
    ['rolled_back', null, 1, 0, 'rolled back from 1.5.0 (www_1) to 1.4.0 (www_0).'],
    [
      'fell_back',
      'not_confirmed',
      1,
      0,
      'fell back from 1.5.0 (www_1) to 1.4.0 (www_0), not confirmed.',
    ],
    [
      'fell_back',
      'kept_restarting',
      1,
      0,
      'fell back from 1.5.0 (www_1) to 1.4.0 (www_0), kept restarting.',
    ],
    [
      'fell_back',
      'did_not_mount',
      1,
      0,
      'fell back from 1.5.0 (www_1) to 1.4.0 (www_0), did not mount.',
    ],
    ['kept', 'no_way_back', 0, 0, 'kept 1.4.0 (www_0), no way back.'],
  ])('tells the last change: %s, %s', async (outcome, reason, from, to, words) => {
    const page = await open(status({ last: { outcome, reason, from, to } }));
    expect(page.text('last')).toBe(`Last change: ${words}`);
  });

  test('does not tell of a change that was cut off', async () => {
    const last = { outcome: 'updated', reason: null, from: 0, to: 1 };
    expect((await open(status({ last }))).text('last')).toBe('');
  });

  test('tells a fault of the settings store', async () => {
    const page = await open(status({ fault: 'NVS cannot be read' }));
    expect(page.text('fault')).toBe('Nothing can be changed: NVS cannot be read');
  });

  test('tells an update that somebody else makes, and does not start another', async () => {
    const page = await open(status());
    uploading(page, 'writing', 4096);
    await page.live(1.1);
    expect(page.text('state')).toBe('Another update is writing, 4 KiB on flash.');
    await page.choose();
    page.click('send');
    await page.live(0.1);
    expect(page.bad).toBe('Another update runs. Wait until it is over.');
    expect(page.posts).toEqual([]);
  });

  test('of a device that is silent says so, and comes back by itself', async () => {
    const page = await open(status());
    page.device = null;
    await page.live(12);
    expect(page.text('state')).toContain('The device does not answer. Check its power and network');
    page.device = status();
    await page.live(6);
    expect(page.text('state')).toBe('1.4.0 (www_0) runs.');
  });

  test('of a device that tells it to nobody says that, and not that it is silent', async () => {
    const unauthorized = { type: '/problems/unauthorized', detail: 'log in first' };
    const page = new Page<object>(unauthorized, { code: 401 });
    await page.live(30);
    expect(page.text('state')).toBe('log in first.');
    await page.choose();
    page.click('send');
    await page.live(0.2);
    expect(page.bad).toBe('log in first.');
    expect(page.posts).toEqual([]);
    Object.assign(page, { device: status(), code: 200 });
    await page.live(2);
    expect(page.text('state')).toBe('1.4.0 (www_0) runs.');
  });

  test('shows what a device says as text, whatever it is', async () => {
    const evil = '<img src=x onerror=alert(1)>';
    const device = { ...status().device, name: evil };
    const page = await open(
      status({ device, fault: evil, slots: [slot('www_0', evil), empty('www_1', evil)] }),
    );
    expect(page.text('device')).toContain(evil);
    expect(page.text('slots')).toContain(evil);
    expect(page.window.document.querySelector('img')).toBeNull();
  });

  test('is followed when the device restarts by itself', async () => {
    const page = await open(status({ active: 1, state: 'trial', trial: ON_TRIAL }));
    const last = { outcome: 'fell_back', reason: 'kept_restarting', from: 1, to: 0 };
    page.device = restarted(status(), { last });
    await page.live(1.1);
    expect(page.ok).toBe(
      'The device restarted. Last change: fell back from 1.5.0 (www_1) to 1.4.0 (www_0), kept restarting. 1.4.0 (www_0) runs.',
    );
  });
});

describe('an upload', () => {
  test('goes through its phases in order, and counts what is on flash', async () => {
    const page = await open(status());
    const file = await page.choose();
    page.click('send');
    await page.live(1.1);
    const { path, type, body } = page.post();
    expect([path, type]).toEqual(['api/ota/frontend', 'application/octet-stream']);
    expect(body).toBe(file);
    uploading(page, 'writing', 0);
    await page.live(0.4);
    expect(page.ok).toBe('sending…');
    for (const written of [4096, 151552, 303000, SIZE]) {
      uploading(page, 'writing', written);
      await page.live(0.4);
      expect(page.text('count')).toContain(`of 296 KiB on flash`);
    }
    for (const phase of ['checking', 'switching', 'restarting']) {
      uploading(page, phase, SIZE);
      await page.live(0.4);
    }
    await switched(page);
    expect(page.said).toEqual([
      'sending…',
      'writing…',
      'checking…',
      'switching…',
      'restarting…',
      'Done. 1.5.0 (www_1) runs, on trial: the device keeps it in 24 s.',
    ]);
    expect(page.bar, 'never 100 % before all of it is on flash').toEqual([
      null,
      1,
      50,
      99,
      100,
      null,
    ]);
    expect(page.visible('work')).toBe(false);
    expect(page.window.location.href, 'goes nowhere by itself').toContain('/recovery');
  });

  test('never goes back in what it shows', async () => {
    const page = await open(status());
    await page.upload();
    uploading(page, 'writing', 202752);
    await page.live(0.4);
    uploading(page, 'writing', 4096);
    await page.live(0.4);
    expect(page.element('bar').getAttribute('aria-valuenow')).toBe('66');
    uploading(page, 'checking', SIZE);
    await page.live(0.4);
    uploading(page, 'writing', SIZE);
    await page.live(0.4);
    expect(page.ok).toBe('checking…');
  });

  test('does not take the progress of another upload for its own', async () => {
    const page = await open(status());
    await page.upload();
    uploading(page, 'writing', 8192, 16384);
    await page.live(1);
    expect(page.ok).toBe('sending…');
  });

  test('is sent once, however often the button is pressed', async () => {
    const page = await open(status());
    await page.choose();
    for (let i = 0; i < 3; i++) page.element('send').click();
    await page.live(0.2);
    page.element('send').click();
    page.element('back').click();
    await page.live(0.2);
    expect(page.posts).toHaveLength(1);
    expect(page.questions).toEqual([]);
  });

  test('needs a file', async () => {
    const page = await open(status());
    page.click('send');
    expect(page.bad).toBe('Choose a file.');
    expect(page.visible('work')).toBe(false);
  });

  test('of a file that is no image is refused at once, and not sent', async () => {
    const page = await open(status());
    await page.choose(8192, 'PK');
    expect(page.bad).toBe('This is no frontend image. Choose the www.bin of your build.');
    page.click('send');
    await page.live(0.2);
    expect(page.posts).toEqual([]);
    await page.choose();
    expect(page.bad).toBe('');
    page.click('send');
    await page.live(0.2);
    expect(page.posts).toHaveLength(1);
  });

  test('works where a browser cannot read files, and leaves the check to the device', async () => {
    const page = await open(status(), { fileReader: false });
    await page.choose(8192, 'PK');
    page.click('send');
    await page.live(0.2);
    page.post().refuse(422, 'not-an-image', 'the first block is not the start of an image');
    expect(page.bad).toBe(
      'the first block is not the start of an image. Choose the www.bin of your build.',
    );
    expect(page.element<HTMLButtonElement>('send').disabled).toBe(false);
  });

  test('that is too large is refused before it is sent', async () => {
    const page = await open(status());
    await page.choose(1048577);
    page.click('send');
    await page.live(0.2);
    expect(page.bad).toBe(
      'Too large: 1025 KiB, the slot has 1024 KiB. Choose the www.bin of your build.',
    );
    expect(page.posts).toEqual([]);
  });

  test('during a trial is explained, and not sent', async () => {
    const page = await open(status({ state: 'trial', trial: ON_TRIAL }));
    await page.choose();
    page.click('send');
    await page.live(0.2);
    expect(page.bad).toBe('The frontend is on trial. Keep it or go back first.');
    expect(page.posts).toEqual([]);
  });

  test('to a device that is not there is explained', async () => {
    const page = await open(status());
    await page.choose();
    page.device = null;
    page.click('send');
    await page.live(5);
    expect(page.bad).toContain('The device does not answer.');
    expect(page.posts).toEqual([]);
  });

  test('that another client was faster with is told in the words of the device', async () => {
    const page = await open(status());
    (await page.upload()).refuse(409, 'busy', 'another upload is running');
    expect(page.bad).toBe('another upload is running. Try again.');
  });

  test('that the firmware does not want now is told with its reason, as no alarm', async () => {
    const page = await open(status());
    (await page.upload()).refuse(409, 'not-now', 'the gate is moving');
    expect([page.ok, page.bad]).toEqual(['the gate is moving. Try again.', '']);
    expect(page.element<HTMLButtonElement>('send').disabled).toBe(false);
    page.click('back');
    await page.live(0.2);
    page.post().refuse(409, 'not-now', 'it is hot');
    expect([page.ok, page.bad]).toEqual(['it is hot. Try again.', '']);
  });

  test('by somebody whom the device does not know is told so', async () => {
    const page = await open(status());
    (await page.upload()).refuse(401, 'unauthorized', 'a password is needed');
    expect(page.bad).toBe('a password is needed. Try again.');
  });

  test('can be cancelled until all of it is written', async () => {
    const page = await open(status());
    const post = await page.upload();
    uploading(page, 'writing', 4096);
    await page.live(0.4);
    page.click('cancel');
    expect(post.aborted).toBe(true);
    page.device = status();
    await page.live(1);
    expect(page.ok).toBe('Cancelled. 1.4.0 (www_0) runs.');
    await page.upload();
    uploading(page, 'checking', SIZE);
    await page.live(0.4);
    expect(page.visible('cancel')).toBe(false);
  });

  test('that is cancelled too late is followed to its end', async () => {
    const page = await open(status());
    await page.upload();
    page.click('cancel');
    uploading(page, 'restarting', SIZE);
    await page.live(1);
    expect(page.ok).toBe('restarting…');
    page.device = restarted(status(), { active: 1 });
    await page.live(1);
    expect(page.ok).toBe('Done. 1.5.0 (www_1) runs.');
  });

  test('whose connection breaks says what runs, once the device has said so', async () => {
    const page = await open(status());
    const post = await page.upload();
    uploading(page, 'writing', 4096);
    await page.live(0.4);
    post.drop();
    expect(page.ok).toBe('Asking the device…');
    page.device = status({ slots: [slot('www_0', '1.4.0'), empty('www_1')] });
    await page.live(1);
    expect(page.bad).toBe('The connection broke off. 1.4.0 (www_0) runs. Try again.');
  });

  test('whose answer is lost is not called lost', async () => {
    const page = await open(status());
    (await page.upload()).drop();
    page.device = null;
    await page.live(6);
    page.device = restarted(status(), { active: 1, state: 'trial', trial: ON_TRIAL });
    await page.live(5);
    expect(page.ok).toContain('Done. 1.5.0 (www_1) runs');
  });

  test('that loses power says that nothing was switched', async () => {
    const page = await open(status());
    const post = await page.upload();
    page.device = restarted(status());
    await page.live(1);
    expect(page.bad).toBe('The device restarted. 1.4.0 (www_0) runs. Try again.');
    expect(post.aborted).toBe(true);
  });

  test('to a device that vanishes ends, and the page goes on looking for it', async () => {
    const page = await open(status());
    const post = await page.upload();
    page.device = null;
    await page.live(26);
    expect(post.aborted, 'after 20 s without an answer').toBe(true);
    await page.live(66);
    expect(page.bad).toContain('The device does not answer.');
    expect(page.visible('work')).toBe(false);
    page.device = restarted(status());
    await page.live(6);
    expect(page.ok).toBe('The device restarted. 1.4.0 (www_0) runs.');
  });

  test('after which the device does not restart ends with what to do', async () => {
    const page = await open(status());
    (await page.upload()).answer(200, { slot: 1 });
    await page.live(62);
    expect(page.bad).toBe('The device did not restart. Switch it off and on.');
  });

  test('that the device takes back says why', async () => {
    const page = await open(status());
    (await page.upload()).answer(200, { slot: 1 });
    const last = { outcome: 'fell_back', reason: 'did_not_mount', from: 1, to: 0 };
    page.device = restarted(status(), { last });
    await page.live(1);
    expect(page.bad).toBe(
      'The device restarted. Last change: fell back from 1.5.0 (www_1) to 1.4.0 (www_0), did not mount. 1.4.0 (www_0) runs.',
    );
  });

  test('that heals a device without a frontend offers the way to it', async () => {
    const page = await open(NO_FRONTEND);
    (await page.upload()).answer(200, { slot: 1 });
    const slots = [empty('www_0'), slot('www_1', '1.5.0')];
    page.device = restarted(NO_FRONTEND, { active: 1, state: 'trial', trial: ON_TRIAL, slots });
    await page.live(1);
    expect(page.ok).toContain('Done. 1.5.0 (www_1) runs');
    expect(page.visible('open')).toBe(true);
  });

  test('that does not heal it is no success', async () => {
    const page = await open(NO_FRONTEND);
    (await page.upload()).answer(200, { slot: 1 });
    // Even when it went over to the new slot.
    page.device = restarted(NO_FRONTEND, { active: 1 });
    await page.live(1);
    expect(page.bad).toBe('The device restarted. No slot holds a whole frontend.');
  });

  test.each(['<title>Sign in to the network</title>', 'null', '', '0'])(
    'that is answered by something else than a device (%j) is no success',
    async (answer) => {
      const page = await open(status());
      (await page.upload()).say(200, answer);
      await page.live(1);
      expect(page.bad).toContain('The connection broke off.');
    },
  );

  test('is told to be kept when its trial is over', async () => {
    const page = await open(status());
    await page.upload();
    await switched(page);
    page.device = { ...restarted(status(), { active: 1 }) };
    await page.live(1.1);
    expect(page.ok).toBe('1.5.0 (www_1) is kept.');
  });

  test('warns when the page is left before the device has it all, and not later', async () => {
    const page = await open(status());
    expect(page.warnsOnLeaving()).toBe(false);
    const post = await page.upload();
    expect(page.warnsOnLeaving()).toBe(true);
    post.answer(200, { slot: 1 });
    expect(page.warnsOnLeaving()).toBe(false);
  });
});

describe('going back', () => {
  test('asks once, and does nothing without a yes', async () => {
    const page = await open(status());
    page.agrees = false;
    page.click('back');
    await page.live(0.2);
    expect(page.questions).toEqual(['Go back to 1.5.0 (www_1)? The device restarts.']);
    expect(page.posts).toEqual([]);
  });

  test('is followed through the restart', async () => {
    const page = await open(status());
    page.click('back');
    await page.live(0.2);
    expect(page.questions).toHaveLength(1);
    const { path, type, body } = page.post();
    expect([path, type, body]).toEqual(['api/ota/rollback', 'application/json', '{}']);
    expect(page.ok).toBe('checking…');
    expect(page.visible('cancel')).toBe(false);
    expect(page.warnsOnLeaving()).toBe(false);
    page.post().answer(202, { slot: 1, reboot_ms: 500 });
    expect(page.ok).toBe('restarting…');
    page.device = restarted(status(), { active: 1, state: 'trial', trial: ON_TRIAL });
    await page.live(1);
    expect(page.ok).toContain('Done. 1.5.0 (www_1) runs, on trial');
  });

  test('that is refused says why', async () => {
    const page = await open(status());
    page.click('back');
    await page.live(0.2);
    page.post().refuse(409, 'no-way-back', 'the other slot cannot be used: block 7 is damaged');
    expect(page.bad).toContain('the other slot cannot be used: block 7 is damaged.');
  });
});

describe('keeping a frontend on trial', () => {
  test('tells the device, once, and says that it is done', async () => {
    const page = await open(status({ state: 'trial', trial: ON_TRIAL }));
    page.click('keep');
    page.click('keep');
    await page.live(0.2);
    expect(page.posts).toHaveLength(1);
    const { path, type, body } = page.post();
    expect([path, type, body]).toEqual(['api/ota/confirm', 'application/json', '{}']);
    page.device = status();
    page.post().answer(200, page.device);
    expect(page.ok).toBe('1.4.0 (www_0) is kept.');
    expect(page.visible('keep')).toBe(false);
    expect(page.element<HTMLButtonElement>('send').disabled).toBe(false);
  });

  test('that fails says why', async () => {
    const page = await open(status({ state: 'trial', trial: ON_TRIAL }));
    page.click('keep');
    await page.live(0.2);
    page.post().refuse(500, 'nvs-fault', 'the settings store (NVS) failed: it is full');
    expect(page.bad).toContain('the settings store (NVS) failed: it is full.');
  });
});

describe('for screen readers', () => {
  test('the controls and the progress have names', async () => {
    const page = await open(status());
    const { document } = page.window;
    expect(document.querySelector('label[for=file]')?.textContent).toContain('Image file');
    expect(page.element('bar').getAttribute('aria-label')).toBe('Update');
    expect(page.element('ok').getAttribute('role')).toBe('status');
    expect(page.element('bad').getAttribute('role')).toBe('alert');
    expect(page.element('count').getAttribute('aria-hidden')).toBe('true');
  });

  test('each phase is said once, however many bytes are counted', async () => {
    const page = await open(status());
    await page.upload();
    let changes = 0;
    new page.window.MutationObserver((list) => (changes += list.length)).observe(
      page.element('ok'),
      { childList: true, characterData: true, subtree: true },
    );
    for (let written = 4096; written < SIZE; written += 8192) {
      uploading(page, 'writing', written);
      await page.live(0.4);
    }
    expect(changes).toBe(1);
  });
});
