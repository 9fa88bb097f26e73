// A device with a password: both pages ask for it by the device's own script.
import { expect, test, vi } from 'vitest';
import { Page, restarted, status } from './page.js';
import { wifi } from './source.js';

const NEEDED = { type: '/problems/password-needed', title: 't', detail: 'log in' };
const NEEDS = 'This needs the device’s password. Try again.';

/** What the script leaves in the page; `enters`: whether the person does. */
function script(enters: boolean) {
  return {
    ready: vi.fn(async () => enters),
    send: vi.fn(async (xhr: XMLHttpRequest, method: string, path: string, body?: Blob) => {
      // Hashing a body takes its time.
      await null;
      xhr.setRequestHeader('Authorization', `Faceplate ${method} ${path}`);
      xhr.send(body);
    }),
    change: vi.fn(),
  };
}

/** Lets the page load it; null: it cannot be had. `modules`: whether the browser knows such scripts. */
function offer(page: Page<object>, loaded: ReturnType<typeof script> | null, modules = true) {
  const { document } = page.window;
  if (modules) {
    const { prototype } = page.window.HTMLScriptElement;
    Object.defineProperty(prototype, 'noModule', { value: false, configurable: true });
  }
  const addresses: string[] = [];
  const append = document.body.appendChild.bind(document.body);
  document.body.appendChild = <T extends Node>(node: T): T => {
    const one = node as unknown as HTMLScriptElement;
    addresses.push(`${one.type} ${one.src}`);
    append(document.createComment('a script'));
    if (loaded) Object.assign(page.window, { faceplateLogin: loaded });
    setTimeout(() =>
      (loaded ? one.onload : one.onerror)?.call(one as never, new page.window.Event('x')),
    );
    return node;
  };
  return addresses;
}

/** Lets scripts load, and promises come. */
async function settle(page: Page<object>) {
  for (let n = 0; n < 3; n++) {
    await new Promise((done) => setTimeout(done, 5));
    await page.live(0.1);
  }
}

test('an upload is asked for before it is sent, and signed', async () => {
  const page = new Page(status());
  const login = script(true);
  const addresses = offer(page, login);
  page.others.set('api/ota/login', { set: true });
  await page.live(0.1);
  await page.choose();
  page.click('send');
  await page.live(1.1);
  await settle(page);
  expect(addresses).toEqual(['module http://192.168.4.1/api/ota/login.js']);
  expect(page.posts).toHaveLength(1);
  expect(page.post()).toMatchObject({
    path: 'api/ota/frontend',
    type: 'application/octet-stream',
    authorization: 'Faceplate POST api/ota/frontend',
  });
  page.post().answer(200, {});
  await page.live(1);
  page.device = restarted(status(), { active: 1 });
  await page.live(2);
  expect(page.ok).toMatch(/^Done/);
  // Somebody is logged in, who may change it.
  page.click('pass');
  expect(login.change).toHaveBeenCalledOnce();
});

test.each([
  ['who closes the question', () => script(false), true],
  ['whose device has no script to send', () => null, true],
  ['whose browser knows no modules', () => script(true), false],
])('nothing is sent for somebody %s', async (_, loaded, modules) => {
  const page = new Page(status());
  offer(page, loaded(), modules);
  page.others.set('api/ota/login', { set: true });
  await page.live(0.1);
  await page.choose();
  page.click('send');
  await page.live(1.1);
  await settle(page);
  expect(page.posts).toEqual([]);
  // It is no alarm, and can be tried again at once.
  expect(page.ok).toBe(NEEDS);
  expect(page.element<HTMLButtonElement>('send').disabled).toBe(false);
});

test('a device without a password is asked once before an upload, and never at rest', async () => {
  const page = new Page(status());
  const addresses = offer(page, script(true));
  await page.live(10);
  expect([...page.gets]).toEqual(['api/ota/status']);
  const post = await page.upload();
  expect(post.authorization).toBeUndefined();
  expect(page.gets.has('api/ota/login')).toBe(true);
  expect(addresses).toEqual([]);
  expect(page.visible('pass')).toBe(false);
});

test('a status that needs it is asked for once; closed, the page says so and goes on', async () => {
  const page = new Page<object>(NEEDED, { code: 401 });
  const login = script(false);
  offer(page, login);
  await page.live(0.1);
  await settle(page);
  expect(page.text('state')).toBe('This needs the device’s password. Load this page anew.');
  expect(login.ready).toHaveBeenCalledWith({ once: true });
  login.ready.mockResolvedValue(true);
  [page.device, page.code] = [status(), 200];
  await page.live(2);
  await settle(page);
  expect(page.text('state')).toMatch(/runs/);
});

test('a login that is over is renewed, and the request sent again, once', async () => {
  const page = new Page(status());
  const login = script(true);
  offer(page, login);
  page.others.set('api/ota/login', { set: true });
  await page.live(0.1);
  page.click('back');
  await page.live(1.1);
  await settle(page);
  page.post().refuse(401, 'session-over', 'log in again');
  await settle(page);
  expect(page.posts).toHaveLength(2);
  page.post().refuse(401, 'session-over', 'log in again');
  await settle(page);
  expect(page.posts).toHaveLength(2);
  expect(page.bad + page.ok).toMatch(/log in again|password/);
});

test.each([
  [true, 2],
  [false, 1],
])('the network is saved by who enters it: %s', async (enters, posts) => {
  const state = { mode: 'access_point', ssid: '', connected: false, name: 'provider.local' };
  const page = new Page<object>(state, { html: wifi.html, path: '/recovery/wifi' });
  const login = script(enters);
  const addresses = offer(page, login);
  await page.live(0.1);
  page.element<HTMLInputElement>('ssid').value = 'home';
  page.element<HTMLInputElement>('pass').value = 'password of the Wi-Fi';
  page.element('form').dispatchEvent(new page.window.Event('submit', { cancelable: true }));
  page.post().refuse(401, 'password-needed', 'log in');
  await settle(page);
  // The device writes the way up into the page.
  expect(addresses).toEqual([expect.stringMatching(/^module .*\/api\/ota\/login\.js$/)]);
  expect(page.posts).toHaveLength(posts);
  if (enters) {
    expect(page.post().authorization).toBe('Faceplate POST api/wifi');
    page.post().answer(202, { ssid: 'home', name: 'provider.local' });
    expect(page.ok).toMatch(/^Saved/);
  } else {
    expect(page.bad).toBe('This needs the device’s password.');
    expect(page.element<HTMLButtonElement>('save').disabled).toBe(false);
  }
});
