// @vitest-environment jsdom
// A page and a device: who is asked what, and what passes between them.
import { Blob } from 'node:buffer';
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { FakeDevice, verifierOf } from './device.js';
import { load, type Login } from './load.js';

const PASSWORD = 'correct horse';
const pause = (ms = 0) => new Promise((done) => setTimeout(done, ms));

let device: FakeDevice;
let login: Login;
/** A page of the device, as after a reload. */
const open = async () => (login = await load(device.url));
const change = (init: object = {}) =>
  login.fetch(`${device.url}/api/lamp`, { method: 'post', ...init });

beforeEach(async () => {
  device = await FakeDevice.start(PASSWORD);
  await open();
});
afterEach(async () => {
  close();
  await device.stop();
  sessionStorage.clear();
  localStorage.clear();
  vi.restoreAllMocks();
});

/** The dialog, if there is one. */
const root = () => document.body.lastElementChild?.shadowRoot ?? null;
const get = <T extends HTMLElement>(selector: string) => root()?.querySelector<T>(selector) as T;
const inputs = () => [...(root()?.querySelectorAll('input') ?? [])].filter(({ hidden }) => !hidden);
const error = () => get('[role=alert]').textContent;
const title = () => get('h2').textContent;
const close = () => get<HTMLButtonElement>('[type=button]')?.click();

/** Waits until the dialog can be answered. */
async function asked(): Promise<void> {
  await vi.waitFor(() => expect(get<HTMLButtonElement>('[type=submit]')?.disabled).toBe(false));
}

async function answer(...passwords: string[]): Promise<void> {
  await asked();
  inputs().forEach((input, i) => (input.value = passwords[i] ?? ''));
  get<HTMLButtonElement>('[type=submit]').click();
}

/** Waits until it says that. */
const says = (words: RegExp) => vi.waitFor(() => expect(error()).toMatch(words));

/** What an XMLHttpRequest for the lamp gets to send. */
async function sent(by: Login, base: string, body: string) {
  const headers: Record<string, string> = {};
  const xhr = {
    setRequestHeader: (name: string, value: string) => (headers[name] = value),
    send: vi.fn(),
  };
  await by.send(xhr as unknown as XMLHttpRequest, 'POST', `${base}/api/lamp`, body);
  return { headers, body: xhr.send.mock.calls[0]?.[0] as string };
}

/** What showed the device that it knows this browser, in all logins. */
const tickets = () =>
  device.heard.flatMap(({ method, target, body }) =>
    method === 'POST' && target === '/api/ota/login'
      ? ((JSON.parse(body) as { ticket?: string }).ticket ?? [])
      : [],
  );

describe('a request', () => {
  test('that needs no password asks for none', async () => {
    expect((await login.fetch(`${device.url}/api/lamp`)).status).toBe(200);
    expect(device.heard).toHaveLength(1);
    expect(root()).toBeNull();
  });

  test('that needs one asks for it, and is done', async () => {
    const done = change({ body: 'on' });
    await answer(PASSWORD);
    const got = await done;
    expect(await got.json()).toEqual({ body: 'on' });
    expect(device.done).toEqual(['POST /api/lamp']);
    expect(root()).toBeNull();
  });

  test('keeps its headers, and signs its digest', async () => {
    const digest = `sha-256=:${createHash('sha256').update('on').digest('base64')}:`;
    const done = change({
      body: 'on',
      headers: { 'Content-Digest': digest, 'X-One': '1' },
    });
    await answer(PASSWORD);
    expect((await done).status).toBe(200);
    expect(device.heard.at(-1)?.headers).toMatchObject({
      'content-digest': digest,
      'x-one': '1',
    });
  });

  test('to somebody else is not signed', async () => {
    const done = change();
    await answer(PASSWORD);
    await done;
    const other = await FakeDevice.start('another one');
    const refused = await login.fetch(`${other.url}/api/lamp`, { method: 'POST' });
    expect(refused.status).toBe(401);
    expect(other.heard).toHaveLength(1);
    expect(other.heard[0]?.headers).not.toHaveProperty('authorization');
    await other.stop();
  });

  test('for the head alone asks, too', async () => {
    device.closed = true;
    const done = login.fetch(`${device.url}/api/lamp`, { method: 'HEAD' });
    await answer(PASSWORD);
    expect((await done).status).toBe(200);
  });

  test('that is quiet asks nobody', async () => {
    expect((await change({ quiet: true })).status).toBe(401);
    expect(root()).toBeNull();
    expect(device.asked('GET /api/ota/login')).toBe(0);
  });

  test('below a prefix of a proxy is signed as the device gets it', async () => {
    device.prefix = '/kitchen';
    await open();
    const done = login.fetch(`${device.url}/api/lamp?a=b&c=%20`, { method: 'PUT' });
    await answer(PASSWORD);
    expect((await done).status).toBe(200);
    expect(device.done).toEqual(['PUT /api/lamp?a=b&c=%20']);
  });

  test('that fails for another reason is left alone', async () => {
    const done = change();
    await answer(PASSWORD);
    await done;
    vi.spyOn(window, 'fetch').mockImplementation(async () =>
      Response.json({ type: '/problems/forbidden' }, { status: 403 }),
    );
    expect((await change()).status).toBe(403);
    expect(window.fetch).toHaveBeenCalledTimes(1);
    expect(root()).toBeNull();
  });

  test('two at once share one dialog and one login', async () => {
    const all = [change(), change(), login.ready()];
    await answer(PASSWORD);
    await Promise.all(all);
    expect(device.done).toHaveLength(2);
    expect(device.asked('POST /api/ota/login')).toBe(1);
  });

  test('two at once after a restart share one login', async () => {
    const first = change();
    await answer(PASSWORD);
    await first;
    device.restart();
    const all = await Promise.all([change(), change(), change()]);
    expect(all.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(device.asked('POST /api/ota/login')).toBe(2);
  });
});

describe('who has entered it once', () => {
  beforeEach(async () => {
    const done = login.ready();
    await answer(PASSWORD);
    expect(await done).toBe(true);
  });

  test('is not asked again: not for more, after a restart, or after a reload', async () => {
    expect((await change()).status).toBe(200);
    device.restart();
    expect((await change()).status).toBe(200);
    await open();
    expect((await change({ quiet: true })).status).toBe(200);
    device.restart();
    await open();
    expect(await login.ready()).toBe(true);
    expect(root()).toBeNull();
  });

  test('is asked in another tab', async () => {
    sessionStorage.clear();
    await open();
    const done = change();
    await answer(PASSWORD);
    expect((await done).status).toBe(200);
  });

  test('is asked when the password was changed, and once it is forgotten', async () => {
    device.set('battery staple');
    const done = change();
    await answer('battery staple');
    expect((await done).status).toBe(200);
    login.forget();
    expect((await change({ quiet: true })).status).toBe(401);
    expect(sessionStorage).toHaveLength(0);
  });

  test('keeps no password', () => {
    expect(JSON.stringify({ ...sessionStorage })).not.toContain(PASSWORD);
  });

  test('an upload is not begun with a session that is over', async () => {
    device.restart();
    expect(await login.ready()).toBe(true);
    expect((await change({ quiet: true })).status).toBe(200);
    expect(device.asked('POST /api/lamp')).toBe(1);
  });

  test('a device that has none any more is used without', async () => {
    vi.spyOn(window, 'fetch').mockImplementation(async (url) =>
      String(url).endsWith('/api/ota/login')
        ? Response.json({ type: '/problems/no-such-api' }, { status: 404 })
        : Response.json({}),
    );
    await open();
    expect((await change()).status).toBe(200);
  });

  test('a listener cannot use anything twice, and has not heard the password', async () => {
    await change({ body: 'on' });
    await fetch(await login.sign(`${device.url}/api/events?a=b`));
    expect(device.done).toEqual(['POST /api/lamp', 'GET /api/events?a=b']);
    const heard = [...device.heard];
    expect(JSON.stringify(heard)).not.toContain(PASSWORD);
    const changes = heard.filter(({ target }) => !target.startsWith('/api/ota/login'));
    expect(changes).toHaveLength(2);
    for (const { method, target, headers } of heard) {
      const { authorization = '' } = headers;
      const body = heard.find((one) => one.method === method && one.target === target)?.body;
      const again = await fetch(device.url + target, {
        method,
        headers: { authorization },
        ...(body && { body }),
      });
      // Only the question with which a login begins is open.
      expect(again.ok, `${method} ${target}`).toBe(`${method} ${target}` === 'GET /api/ota/login');
    }
    expect(device.done).toHaveLength(2);
  });

  test('the address of a socket is signed, and its fragment left away', async () => {
    const address = await login.sign(`${device.url.replace('http', 'ws')}/api/events#x`);
    expect(address).toMatch(/^ws:.*\/api\/events\?auth=[0-9a-f]{16}\.\d+\.[0-9a-f]{32}$/);
    expect((await fetch(address.replace('ws', 'http'))).status).toBe(200);
  });

  test('an XMLHttpRequest is signed with its body', async () => {
    const { headers, body } = await sent(login, device.url, 'on');
    const made = { method: 'POST', headers, body };
    expect((await fetch(`${device.url}/api/lamp`, made)).status).toBe(200);
    const other = await sent(login, 'http://elsewhere', 'on');
    expect(other).toEqual({ headers: {}, body: 'on' });
  });

  test.each([
    ['a text', 'on', true],
    ['umlauts', 'ä', true],
    ['bytes', Uint8Array.of(1, 2, 3).subarray(1), true],
    ['a buffer', new ArrayBuffer(9), true],
    ['a form', new URLSearchParams({ a: 'ä b' }), true],
    ['a file', new Blob(['x'.repeat(600_000)]), true],
    ['as much as a slice', new Blob(['x'.repeat(2 ** 18)]), true],
    ['nothing', undefined, false],
    ['parts, whose border nobody knows', new FormData(), false],
  ])('the body is signed: %s', async (_, body, is) => {
    const before = device.done.length;
    expect((await change({ body })).status).toBe(200);
    expect(device.done).toHaveLength(before + 1);
    const { headers } = device.heard.at(-1) ?? {};
    expect('content-digest' in (headers ?? {})).toBe(is);
  });

  test('who is on the way cannot send another body', async () => {
    await change({ body: 'on' });
    device.restart();
    const real = window.fetch;
    const swap: typeof fetch = (url, init) =>
      real(url, init?.body === 'on' ? { ...init, body: 'off' } : init);
    vi.spyOn(window, 'fetch').mockImplementation(swap);
    const before = device.done.length;
    expect((await change({ body: 'on' })).status).toBe(400);
    expect(device.done).toHaveLength(before);
  });

  test('need not wait because others guess, also in another tab and after a restart', async () => {
    device.wait = 60;
    device.restart();
    expect((await change({ quiet: true })).status).toBe(200);
    sessionStorage.clear();
    await open();
    const done = change();
    await answer(PASSWORD);
    expect((await done).status).toBe(200);
    // Each login brings another one.
    expect(new Set(tickets()).size).toBe(tickets().length);
    expect(tickets().length).toBeGreaterThan(1);
    login.forget();
    expect(localStorage).toHaveLength(0);
  });

  test.each(['', 'x', '{}', '0123456789abcdef', `0123456789abcdef${'A'.repeat(43)}=`])(
    'a ticket that is none is no hindrance: %s',
    async (text) => {
      localStorage.setItem(localStorage.key(0) ?? '', text);
      device.restart();
      await open();
      expect((await change({ quiet: true })).status).toBe(200);
      expect(localStorage.getItem(localStorage.key(0) ?? '')).not.toBe(text);
    },
  );

  test('changes it, without being asked for the new one', async () => {
    const done = login.change();
    await answer('short', 'short');
    await says(/fewer than 8/);
    await answer('battery staple', 'battery stable');
    await says(/not the same/);
    await answer('battery staple', 'battery staple');
    expect(await done).toBe(true);
    expect((await change()).status).toBe(200);
    const put = device.heard.find(({ method }) => method === 'PUT');
    const { masked } = JSON.parse(put?.body ?? '') as { masked: string };
    const salt = Buffer.from(/:(.*)\$/.exec(masked)?.[1] ?? '', 'base64');
    expect(salt).toHaveLength(16);
    // The device has it; who listens has salt and iterations.
    const verifier = verifierOf('battery staple', salt);
    const keys = (text: string) => text.split('$')[2]?.split(':') ?? [];
    expect(keys(masked)).toHaveLength(2);
    for (const [i, key] of keys(masked).entries()) expect(key).not.toBe(keys(verifier)[i]);
    expect(device.verifier?.stored.toString('base64')).toBe(keys(verifier)[0]);
    expect(device.verifier?.server.toString('base64')).toBe(keys(verifier)[1]);
  });

  test('changes it while others guess, and is known by the new one', async () => {
    const done = login.change();
    await asked();
    device.wait = 60;
    await answer('battery staple', 'battery staple');
    expect(await done).toBe(true);
    expect((await change({ quiet: true })).status).toBe(200);
    device.restart();
    expect((await change({ quiet: true })).status).toBe(200);
  });

  test('a change is done, whatever comes of the login behind it', async () => {
    const done = login.change();
    await asked();
    const real = window.fetch;
    let lost = false;
    vi.spyOn(window, 'fetch').mockImplementation(async (url, init) => {
      if (lost) throw new TypeError('Failed to fetch');
      const got = await real(url, init);
      lost = init?.method === 'PUT';
      return got;
    });
    await answer('battery staple', 'battery staple');
    expect(await done).toBe(true);
    vi.restoreAllMocks();
    expect((await change({ quiet: true })).status).toBe(200);
  });

  test('never tells a new one unmasked, also where the session is lost meanwhile', async () => {
    const done = login.change();
    await asked();
    // Long enough for another request of the page to learn that it is over.
    device.tells = { iterations: 200_000 };
    const real = window.fetch;
    let [asks, free] = [0, () => {}];
    const held = new Promise<void>((go) => (free = go));
    vi.spyOn(window, 'fetch').mockImplementation(async (url, init) => {
      const isAsk = String(url).endsWith('/login') && !init?.method;
      if (isAsk && asks++) await held;
      return real(url, init);
    });
    await answer('battery staple', 'battery staple');
    await vi.waitFor(() => expect(asks).toBe(1));
    device.restart();
    const other = change({ quiet: true });
    await vi.waitFor(() => expect(asks).toBe(2));
    await pause(5000);
    device.tells = {};
    free();
    await other;
    await says(/did not take it/);
    close();
    await done;
    const puts = device.heard.filter(({ method }) => method === 'PUT');
    expect(puts).toHaveLength(1);
    for (const { body } of puts) expect(body).not.toContain('verifier');
  }, 20_000);

  test('an address that ends with a question mark is signed, too', async () => {
    const address = await login.sign(`${device.url}/api/events?`);
    expect(address).toMatch(/\/api\/events\?auth=/);
    expect((await fetch(address)).status).toBe(200);
  });

  test('an XMLHttpRequest that is aborted before it is sent is not sent', async () => {
    const calls: string[] = [];
    const xhr = {
      setRequestHeader: () => calls.push('header'),
      send: () => calls.push('send'),
      abort: () => calls.push('abort'),
      open: (method: string, url: string) => calls.push(`${method} ${url}`),
    };
    const body = new Blob(['x'.repeat(600_000)]) as unknown as XMLHttpRequestBodyInit;
    const by = xhr as unknown as XMLHttpRequest;
    const sending = login.send(by, 'POST', `${device.url}/api/lamp`, body);
    await pause();
    by.abort();
    expect(calls).toEqual([]);
    await sending;
    // Whoever waits for its end hears of it.
    expect(calls).toEqual(['GET data:,', 'send', 'abort']);
    by.abort();
    expect(calls).toHaveLength(4);
  });

  test('tells a new one to nobody who says that there is none', async () => {
    const done = login.change();
    await asked();
    const real = window.fetch;
    const lie: typeof fetch = (url, init) =>
      String(url).endsWith('/login') && !init?.method
        ? Promise.resolve(Response.json({ set: false, iterations: 4096 }))
        : real(url, init);
    vi.spyOn(window, 'fetch').mockImplementation(lie);
    device.restart();
    await answer('battery staple', 'battery staple');
    await vi.waitFor(() => expect(title()).not.toBe('Change the password'));
    close();
    expect(await done).toBe(false);
    expect(device.heard.some(({ body }) => body.includes('verifier'))).toBe(false);
  });
});

test('nobody who is not logged in gets an address or a header that is signed', async () => {
  expect(await login.sign(`${device.url}/api/events`)).toBe(`${device.url}/api/events`);
  expect(await sent(login, device.url, 'on')).toEqual({ headers: {}, body: 'on' });
  expect(device.heard).toEqual([]);
});

describe('the dialog', () => {
  test('says that a password is wrong, and takes the right one', async () => {
    const done = change();
    await answer('wrong one');
    await says(/not the password/);
    expect(inputs()[0]?.getAttribute('aria-invalid')).toBe('true');
    expect(root()?.activeElement).toBe(inputs()[0]);
    await answer(PASSWORD);
    expect((await done).status).toBe(200);
  });

  test('counts down while the device takes none', async () => {
    device.wait = 2;
    const done = change();
    await answer(PASSWORD);
    await says(/Wait for 2 s/);
    expect(get<HTMLButtonElement>('[type=submit]').disabled).toBe(true);
    device.wait = 0;
    await vi.waitFor(() => expect(error()).toMatch(/Wait for 1 s/), 3000);
    await vi.waitFor(() => expect(error()).toBe(''), 3000);
    await answer(PASSWORD);
    expect((await done).status).toBe(200);
  });

  test.each([
    ['closed by its button', () => close()],
    [
      'closed by Escape',
      () => get('dialog').dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape' })),
    ],
    ['closed by the browser', () => get('dialog').dispatchEvent(new Event('cancel'))],
  ])('%s gives the refusal, and asks again only for what a person does', async (_, leave) => {
    device.closed = true;
    const read = () => login.fetch(`${device.url}/api/lamp`);
    const done = read();
    await asked();
    leave();
    expect((await done).status).toBe(401);
    expect(root()).toBeNull();
    expect((await read()).status).toBe(401);
    expect(await login.ready({ once: true })).toBe(false);
    const again = login.ready();
    await answer(PASSWORD);
    expect(await again).toBe(true);
    expect((await read()).status).toBe(200);
  });

  test('that is closed while the device looks at the password has not logged in anybody', async () => {
    const done = login.ready();
    await answer(PASSWORD);
    close();
    expect(await done).toBe(false);
    await vi.waitFor(() => expect(device.asked('POST /api/ota/login')).toBe(1));
    await pause(50);
    expect(root()).toBeNull();
    expect((await change({ quiet: true })).status).toBe(401);
  });

  test('of a device that has none yet sets one, for the request as well', async () => {
    device.verifier = null;
    const done = change();
    await vi.waitFor(() => expect(title()).toBe('Give the device a password'));
    expect(inputs().map(({ autocomplete }) => autocomplete)).toEqual([
      'new-password',
      'new-password',
    ]);
    await answer(PASSWORD, PASSWORD);
    expect((await done).status).toBe(200);
    expect(device.done).toEqual(['POST /api/lamp']);
  });

  test('goes on to asking where somebody else was quicker', async () => {
    device.verifier = null;
    const done = change();
    await vi.waitFor(() => expect(title()).toBe('Give the device a password'));
    device.set('battery staple');
    await answer(PASSWORD, PASSWORD);
    await vi.waitFor(() => expect(title()).toBe('Password of the device'));
    expect(inputs().map(({ value }) => value)).toEqual(['']);
    await answer('battery staple');
    expect((await done).status).toBe(200);
  });

  test('says that a device did not prove itself', async () => {
    device.liar = true;
    void change();
    await answer(PASSWORD);
    await says(/did not prove/);
    expect(sessionStorage).toHaveLength(0);
  });

  test.each([[1], [4095], [1_000_001], [null], ['many']])(
    'gives nothing away to one that asks for %j iterations',
    async (iterations) => {
      device.tells = { iterations };
      void change();
      await answer(PASSWORD);
      await says(/did not prove/);
      expect(device.asked('POST /api/ota/login')).toBe(0);
    },
  );

  test('says that a device does not answer, and tries again', async () => {
    const done = change();
    await asked();
    const mock = vi.spyOn(window, 'fetch').mockRejectedValue(new TypeError('Failed to fetch'));
    await answer(PASSWORD);
    await says(/does not answer/);
    mock.mockRestore();
    await answer(PASSWORD);
    expect((await done).status).toBe(200);
  });

  test('gets another nonce, once, where one is over', async () => {
    const done = change();
    await asked();
    device.stale = 1;
    await answer(PASSWORD);
    expect((await done).status).toBe(200);
  });

  test('is German in a German page', async () => {
    document.documentElement.lang = 'de-AT';
    void change();
    await asked();
    expect(title()).toBe('Passwort des Geräts');
    expect(get('dialog').lang).toBe('de');
    document.documentElement.lang = 'fr';
    close();
    void change();
    await asked();
    expect(title()).toBe('Password of the device');
    document.documentElement.lang = '';
  });

  test('has a label for each input, and a name', async () => {
    void change();
    await asked();
    expect(get('dialog').getAttribute('aria-labelledby')).toBe(get('h2').id);
    const [input] = inputs();
    expect(input?.autocomplete).toBe('current-password');
    expect(get(`label[for=${input?.id}]`).textContent).toBe('Password');
    expect(root()?.activeElement).toBe(input);
    expect(error()).toBe('');
  });

  test('keeps its keys to itself', async () => {
    const keys = vi.fn();
    document.addEventListener('keydown', keys);
    void change();
    await asked();
    inputs()[0]?.dispatchEvent(
      new KeyboardEvent('keydown', { key: 'x', bubbles: true, composed: true }),
    );
    document.removeEventListener('keydown', keys);
    expect(keys).not.toHaveBeenCalled();
  });

  test('is not shown in the frame that nobody sees', async () => {
    window.name = 'faceplate-unseen';
    expect((await change()).status).toBe(401);
    expect(root()).toBeNull();
    window.name = '';
  });
});

test('scripts that are no modules find it', () => {
  expect(window.faceplateLogin?.ready).toBe(login.ready);
});
