// @vitest-environment jsdom
// Who confirms a new frontend, and when not: the page's side of the trial, in `src/confirm.js`.
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import type { FaceplatePage } from '../src/global.js';
import type { Status } from '../src/status.js';
import { settled } from './fake.js';

const OWN = '00112233445566aa';
const OTHER = 'ffeeddccbbaa9988';
const TRIAL = { confirm: 'client', seconds_left: 50, boots_left: 2 } as const;
const BY_DEVICE = { ...TRIAL, confirm: 'device' } as const;

const reload = vi.fn();
const warn = vi.fn();

/** The device as the page finds it. */
const device = {
  boot: 'b1',
  /** Milliseconds since it started. */
  uptime: 60_000,
  build: OWN as string | null,
  trial: TRIAL as Status['trial'],
  /** Answers to `confirm` in the place of its own, first to last. */
  refusals: [] as (Response | 'lost')[],
  /** Requests for the status that get no answer. */
  deaf: 0,
  asked: 0,
  /** Bodies of the confirmations. */
  confirmed: [] as string[],
};

/** What the browser has loaded. */
let loads: PerformanceEntry[] = [];
const loadedFile = (path: string) =>
  loads.push({ name: location.origin + path } as PerformanceEntry);

function status(): Status {
  const { boot: boot_id, uptime: uptime_ms, build, trial } = device;
  const before = settled();
  const slots = before.slots.map((slot, index) => ({
    ...slot,
    build: index === before.active ? build : null,
  }));
  const state = trial ? 'trial' : 'settled';
  return { ...before, device: { ...before.device, boot_id, uptime_ms }, state, trial, slots };
}

async function answer(url: string, init?: RequestInit): Promise<Response> {
  if (/\/api\/ota\/status(\?\d+)?$/.test(url)) {
    device.asked++;
    if (device.deaf-- > 0) throw new TypeError('no answer');
    return Response.json(status());
  }
  expect(url).toMatch(/\/api\/ota\/confirm\?page$/);
  expect(init).toMatchObject({ method: 'POST', headers: { 'Content-Type': 'application/json' } });
  device.confirmed.push(String(init?.body));
  const refusal = device.refusals.shift();
  if (refusal === 'lost') throw new TypeError('no answer');
  if (refusal) return refusal;
  device.trial = null;
  return Response.json(status());
}

const refusal = (kind: string, detail = '') =>
  Response.json({ type: `/problems/${kind}`, title: kind, detail }, { status: 409 });

beforeEach(() => {
  vi.resetModules();
  Object.assign(device, { boot: 'b1', uptime: 60_000, build: OWN, trial: TRIAL });
  Object.assign(device, { refusals: [], deaf: 0, asked: 0, confirmed: [] });
  delete window.faceplate;
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance', 'Date'],
  });
  vi.stubGlobal('fetch', vi.fn(answer));
  vi.stubGlobal('location', { reload, origin: location.origin });
  vi.spyOn(console, 'warn').mockImplementation(warn);
  document.head.innerHTML = `<meta name="faceplate-build" content="${OWN}">`;
  document.body.innerHTML = '<main>Hello</main>';
  loads = [];
  performance.getEntriesByName = (name) => loads.filter((entry) => entry.name === name);
  performance.getEntriesByType = () => [];
  // This document has no layout: what is hidden is what says so.
  Element.prototype.getClientRects = function (this: Element) {
    return (this.closest('[hidden]') ? [] : [{}]) as unknown as DOMRectList;
  };
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
  for (const mock of [reload, warn]) mock.mockReset();
  sessionStorage.clear();
});

/** A page that was just loaded; nothing has gone wrong in it yet. */
async function page(build: string | null = OWN): Promise<FaceplatePage> {
  if (build === null) document.head.replaceChildren();
  else document.querySelector('meta')?.setAttribute('content', build);
  await import('../src/confirm.js');
  return window.faceplate as FaceplatePage;
}

/** Lets the page come to its end; gives what `confirm` gave. */
async function finished(of: FaceplatePage, ms = 30_000): Promise<Status | null | undefined> {
  let status: Status | null | undefined;
  void of.confirm().then((given) => (status = given));
  await vi.advanceTimersByTimeAsync(ms);
  return status;
}

test('a page confirms the build that it is of, by its id', async () => {
  const one = await page();
  expect(await finished(one)).toMatchObject({ state: 'settled' });
  expect(one).toMatchObject({ outcome: 'confirmed', failure: null, build: OWN });
  expect(device.confirmed).toEqual([`{"build":"${OWN}"}`]);
  expect(reload).not.toHaveBeenCalled();
});

// What runs on the device, what the page is of, and what comes of it.
const builds: [what: string, runs: string | null, of: string | null, comes: string][] = [
  ['a page of another build', OTHER, OWN, 'moves'],
  ['a page without an id', OTHER, null, 'moves'],
  ['a page with an id, where what runs has none', null, OWN, 'moves'],
  ['a page without an id, where what runs has none either', null, null, 'confirms'],
];
test.each(builds)('%s', async (_, runs, of, comes) => {
  device.build = runs;
  const one = await page(of);
  await finished(one);
  expect(device.confirmed).toEqual(comes === 'confirms' ? ['{}'] : []);
  // Once: a page that comes again as it was does not go round in circles.
  expect(reload).toHaveBeenCalledTimes(comes === 'moves' ? 1 : 0);
});

test('a page that comes again as it was after it moved says so, and stays', async () => {
  device.build = OTHER;
  await finished(await page());
  delete window.faceplate;
  vi.resetModules();
  const again = await page();
  await finished(again);
  expect(again.outcome).toBe('other-build');
  expect(reload).toHaveBeenCalledOnce();
  expect(device.confirmed).toEqual([]);
});

test('service workers, which would answer with the page that they know, go before the page moves', async () => {
  const order: string[] = [];
  const worker = (path: string) => ({
    scope: location.origin + path,
    unregister: async () => order.push(`unregistered ${path}`),
  });
  // Behind a proxy other pages share the host; what is theirs stays.
  const workers = [worker('/'), worker('/other/')];
  const serviceWorker = { getRegistrations: async () => workers };
  vi.stubGlobal('navigator', Object.assign(Object.create(navigator), { serviceWorker }));
  reload.mockImplementation(() => order.push('reloaded'));
  device.build = OTHER;
  await finished(await page());
  expect(order).toEqual(['unregistered /', 'reloaded']);
});

test('a browser without a memory is not sent round in circles', async () => {
  vi.stubGlobal('sessionStorage', undefined);
  device.build = OTHER;
  const one = await page();
  await finished(one);
  expect(reload).not.toHaveBeenCalled();
  expect(one.outcome).toBe('other-build');
});

// Builds without an id are told apart by time: a page that is older than the boot is of another one.
test('without ids, a page that is older than the boot moves, once for each boot', async () => {
  device.build = null;
  device.uptime = 500; // and a second passes until the page asks
  await finished(await page(null));
  expect(reload).toHaveBeenCalledOnce();
  device.boot = 'b2';
  // Who did not let the page go is asked again after a minute.
  await vi.advanceTimersByTimeAsync(70_000);
  expect(reload).toHaveBeenCalledTimes(2);
  expect(device.confirmed).toEqual([]);
});

test('without ids, a page that slept is as old as the clock on the wall says', async () => {
  device.build = null;
  const one = await page(null);
  vi.setSystemTime(Date.now() + 120_000); // performance.now() stood still
  await finished(one, 2000);
  expect(reload).toHaveBeenCalledOnce();
  expect(device.confirmed).toEqual([]);
});

test('without ids, a page that one went back to moves', async () => {
  device.build = null;
  const visit = { type: 'back_forward' } as PerformanceNavigationTiming;
  performance.getEntriesByType = () => [visit];
  await finished(await page(null));
  expect(reload).toHaveBeenCalledOnce();
  expect(device.confirmed).toEqual([]);
});

test('without ids, an answer that took too long to tell the age is asked for again', async () => {
  device.build = null;
  device.uptime = 1800;
  vi.mocked(fetch).mockImplementationOnce(async (url) => {
    const now = await answer(String(url));
    await new Promise((done) => setTimeout(done, 3000));
    device.uptime = 9000;
    return now;
  });
  const one = await page(null);
  await finished(one);
  expect(one.outcome).toBe('confirmed');
  expect(reload).not.toHaveBeenCalled();
});

test('with ids, a page from the history or a cache confirms its own build: it is the same', async () => {
  performance.getEntriesByType = () => [{ type: 'back_forward' } as PerformanceNavigationTiming];
  const one = await page();
  await finished(one);
  expect(one.outcome).toBe('confirmed');
});

test('with ids, a page that is older than the boot stays where nothing is on trial', async () => {
  Object.assign(device, { uptime: 10, trial: null });
  const one = await page();
  dispatchEvent(new ErrorEvent('error', { message: 'oops', lineno: 1 }));
  await finished(one);
  expect(reload).not.toHaveBeenCalled();
});

test('with ids, a page that waited through the restart for its first byte confirms', async () => {
  device.uptime = 3000;
  const visit = { type: 'navigate', responseStart: 4000 } as PerformanceNavigationTiming;
  performance.getEntriesByType = () => [visit];
  vi.advanceTimersByTime(4500);
  const one = await page();
  await finished(one, 3000);
  expect(one.outcome).toBe('confirmed');
});

test('with ids, a page that is older than the boot comes again first: it was not loaded from there', async () => {
  device.uptime = 10;
  await finished(await page());
  expect(reload).toHaveBeenCalledOnce();
  expect(device.confirmed).toEqual([]);
});

test('nothing is confirmed where nothing is on trial, or where the device confirms by itself', async () => {
  for (const trial of [null, BY_DEVICE]) {
    device.trial = trial;
    delete window.faceplate;
    vi.resetModules();
    const one = await page();
    expect(await finished(one)).toMatchObject({ trial });
    expect(one.outcome).toBe('not-asked');
  }
  expect(device.confirmed).toEqual([]);
});

test('a page of a development server confirms nothing: it is not what the device holds', async () => {
  const one = await page();
  document.head.insertAdjacentHTML('beforeend', '<script src="/@vite/client"></script>');
  await finished(one);
  expect(one.outcome).toBe('not-asked');
  expect(device.confirmed).toEqual([]);
});

test('whoever calls, and however often, it is confirmed once', async () => {
  const { confirmOnLoad } = await import('../src/arrive.js');
  const one = await page();
  void one.confirm();
  const both = Promise.all([confirmOnLoad(), confirmOnLoad()]);
  await vi.advanceTimersByTimeAsync(5000);
  expect(await both).toMatchObject([{ state: 'settled' }, { state: 'settled' }]);
  expect(device.confirmed).toHaveLength(1);
});

test('a device at another path is asked there', async () => {
  const { confirmOnLoad } = await import('../src/arrive.js');
  const { Device } = await import('../src/device.js');
  void confirmOnLoad(new Device('/kitchen/'));
  await vi.advanceTimersByTimeAsync(5000);
  expect(vi.mocked(fetch).mock.calls[0]?.[0]).toBe('/kitchen/api/ota/status');
});

test('a stamped page asks the device beside its script, below the prefix of a proxy, too', async () => {
  const script = document.createElement('script');
  script.src = '/kitchen/faceplate-confirm.js';
  vi.spyOn(document, 'currentScript', 'get').mockReturnValue(script);
  const one = await page();
  expect(one.base).toBe('/kitchen');
  await vi.advanceTimersByTimeAsync(5000);
  expect(vi.mocked(fetch).mock.calls[0]?.[0]).toBe('/kitchen/api/ota/status');
  const { Device } = await import('../src/device.js');
  expect(new Device().base).toBe('/kitchen');
  expect(new Device('http://192.168.4.1/').base).toBe('http://192.168.4.1');
});

test('a device that does not answer at first is asked again, and so is one that never does', async () => {
  device.deaf = 2;
  expect(await finished(await page())).toMatchObject({ state: 'settled' });
  device.deaf = Infinity;
  delete window.faceplate;
  vi.resetModules();
  const one = await page();
  expect(await finished(one, 5000)).toBeNull();
  expect(one.outcome).toBe('no-answer');
});

test('a page that found no device confirms when there is one again', async () => {
  device.deaf = Infinity;
  const one = await page();
  await finished(one);
  device.deaf = 0;
  device.trial = TRIAL;
  await vi.advanceTimersByTimeAsync(6000);
  expect(one.outcome).toBe('confirmed');
});

test('a confirmation whose answer got lost is tried again', async () => {
  device.refusals = ['lost'];
  const one = await page();
  await finished(one);
  expect(one.outcome).toBe('confirmed');
  expect(device.confirmed).toHaveLength(2);
});

test('a frontend that somebody else confirmed meanwhile is fine', async () => {
  device.refusals = [refusal('not-on-trial', 'nothing is on trial')];
  const one = await page();
  vi.mocked(fetch).mockImplementation(async (url, init) => {
    const answered = await answer(String(url), init);
    if (init?.method) device.trial = null;
    return answered;
  });
  expect(await finished(one)).toMatchObject({ state: 'settled' });
  expect(warn).not.toHaveBeenCalled();
});

test('a confirmation that the device refuses is told to developers', async () => {
  device.refusals = Array.from({ length: 9 }, () => refusal('nvs-fault', 'page 2 is damaged'));
  const one = await page();
  expect(await finished(one, 8000)).toMatchObject({ state: 'trial' });
  expect(warn.mock.lastCall?.[0]).toMatch(/page 2 is damaged/);
  expect(one.outcome).toBe('no-answer');
});

test('a page that may not confirm, for want of a password, asks nobody and says nothing', async () => {
  const quiet = vi.fn(async () => refusal('password-needed', 'log in'));
  vi.doMock('/api/ota/login.js', () => ({ fetch: quiet }));
  device.refusals = [refusal('password-needed', 'log in')];
  const one = await page();
  expect(await finished(one, 8000)).toMatchObject({ state: 'trial' });
  expect(quiet).toHaveBeenCalledWith('/api/ota/status', expect.objectContaining({ quiet: true }));
  expect(one).toMatchObject({ outcome: 'no-answer', failure: null });
  expect(warn).not.toHaveBeenCalled();
});

test('a page whose person has logged in confirms by that', async () => {
  vi.doMock('/api/ota/login.js', () => ({
    fetch: (url: string, init?: RequestInit) => answer(url, init),
  }));
  device.refusals = [refusal('session-over')];
  const one = await page();
  await finished(one);
  expect(one.outcome).toBe('confirmed');
  expect(Object.keys(one.logins)).toEqual(['']);
});

test('a page loads nothing for a password that its device has not', async () => {
  const one = await page();
  await finished(one);
  expect(await (await one.fetch('/api/ota/status')).json()).toMatchObject({ state: 'settled' });
  vi.mocked(fetch).mockResolvedValue(refusal('unauthorized'));
  expect((await one.fetch('/api/x')).ok).toBe(false);
  expect(one.logins).toEqual({});
});

const failures: [what: string, fail: () => void, text: string, place: string][] = [
  [
    'a script threw',
    () =>
      dispatchEvent(
        new ErrorEvent('error', {
          message: 'Uncaught Error: oops',
          filename: `${location.origin}/assets/index-1.js`,
          lineno: 1,
          colno: 15,
        }),
      ),
    'Uncaught Error: oops',
    'assets/index-1.js:1:15',
  ],
  [
    'a script threw that a tool gave another name',
    () =>
      dispatchEvent(
        new ErrorEvent('error', {
          message: 'Uncaught Error: oops',
          filename: 'webpack-internal:///./src/main.js',
          lineno: 3,
          colno: 7,
        }),
      ),
    'Uncaught Error: oops',
    'webpack-internal:///./src/main.js:3:7',
  ],
  [
    'a promise was rejected with words that sound like a browser’s',
    () => {
      const reason = new Error('request denied');
      reason.stack = '';
      dispatchEvent(Object.assign(new Event('unhandledrejection'), { reason }));
    },
    'Error: request denied',
    '',
  ],
  [
    'a promise was rejected',
    () => {
      const reason = new Error('no');
      reason.stack = `Error: no\n    at f (${location.origin}/assets/a.js:2:30)\n    at g (x)`;
      dispatchEvent(Object.assign(new Event('unhandledrejection'), { reason }));
    },
    'Error: no',
    'assets/a.js:2:30',
  ],
  [
    'a promise was rejected for no reason',
    () => dispatchEvent(Object.assign(new Event('unhandledrejection'), { reason: undefined })),
    'undefined',
    '',
  ],
  [
    'a script did not load',
    () => element('<script type="module" src="/assets/a.js">'),
    'a file did not load',
    'assets/a.js',
  ],
  [
    'a part of the program did not load',
    () => element('<link rel="modulepreload" href="/assets/b.js">'),
    'a file did not load',
    'assets/b.js',
  ],
  [
    'a style sheet did not load',
    () => element('<link rel="stylesheet" href="/assets/a.css">'),
    'a file did not load',
    'assets/a.css',
  ],
];
const harmless: [what: string, fail: () => void][] = [
  ['an image did not load', () => element('<img alt="" src="/logo.png">')],
  ['an icon did not load', () => element('<link rel="icon" href="/favicon.ico">')],
  [
    'a script of another site did not load',
    () => element('<script src="https://cdn.example/a.js">'),
  ],
  [
    'a script of another site threw',
    () => dispatchEvent(new ErrorEvent('error', { message: 'Script error.' })),
  ],
  [
    'code of another host threw',
    () =>
      dispatchEvent(
        new ErrorEvent('error', {
          message: 'oops',
          filename: 'https://elsewhere.example/a.js',
          lineno: 1,
        }),
      ),
  ],
  [
    'code of an extension threw',
    () =>
      dispatchEvent(
        new ErrorEvent('error', { message: 'oops', filename: 'moz-extension://a/b.js', lineno: 1 }),
      ),
  ],
  [
    'code of an extension in Safari threw',
    () =>
      dispatchEvent(
        new ErrorEvent('error', {
          message: 'oops',
          filename: 'webkit-masked-url://hidden/',
          lineno: 1,
        }),
      ),
  ],
  [
    'something was not allowed without a click',
    () => {
      const reason = new DOMException('no gesture', 'NotAllowedError');
      dispatchEvent(Object.assign(new Event('unhandledrejection'), { reason }));
    },
  ],
  [
    'code of an extension broke a promise',
    () => {
      const reason = new Error('no');
      reason.stack = 'Error: no\n    at f (chrome-extension://abc/content.js:2:30)';
      dispatchEvent(Object.assign(new Event('unhandledrejection'), { reason }));
    },
  ],
  [
    'the whole screen was not to be had without a click',
    () => {
      const reason = new TypeError('Permissions check failed');
      dispatchEvent(Object.assign(new Event('unhandledrejection'), { reason }));
    },
  ],
  [
    'a layout took another frame',
    () =>
      dispatchEvent(
        new ErrorEvent('error', {
          message: 'ResizeObserver loop completed with undelivered notifications.',
        }),
      ),
  ],
];

function element(html: string): void {
  const holder = document.createElement('div');
  // As text, since an element that is inserted would really be loaded.
  holder.innerHTML = html;
  document.body.append(holder);
  holder.firstElementChild?.dispatchEvent(new Event('error'));
  holder.remove();
}

test.each(failures)(
  'a page in which %s confirms nothing, and tells what and where',
  async (_, fail, text, place) => {
    const one = await page();
    fail();
    expect(await finished(one)).toMatchObject({ state: 'trial' });
    expect(device.confirmed).toEqual([]);
    expect(one).toMatchObject({ outcome: 'failed', failure: { text, place } });
    expect(warn.mock.lastCall?.[0]).toMatch(/not confirmed/);
  },
);

test.each(harmless)('a page in which %s confirms all the same', async (_, fail) => {
  const one = await page();
  fail();
  await finished(one);
  expect(one).toMatchObject({ outcome: 'confirmed', failure: null });
});

test('a page that fails while the device is asked confirms nothing', async () => {
  const one = await page();
  vi.mocked(fetch).mockImplementationOnce(async (url) => {
    dispatchEvent(new ErrorEvent('error', { message: 'late', lineno: 1 }));
    return answer(String(url));
  });
  await finished(one);
  expect(device.confirmed).toEqual([]);
});

test('a page that fails soon after its load confirms nothing: it must stay calm for a while', async () => {
  const one = await page();
  const done = finished(one);
  setTimeout(
    () => dispatchEvent(new ErrorEvent('error', { message: 'started late', lineno: 1 })),
    900,
  );
  await done;
  expect(device.confirmed).toEqual([]);
  expect(one.outcome).toBe('failed');
});

test('what fails in a page before its trial counts in its trial', async () => {
  device.trial = null;
  const one = await page();
  await finished(one);
  expect(one.outcome).toBe('not-asked');
  dispatchEvent(new ErrorEvent('error', { message: 'later', lineno: 1 }));
  device.trial = TRIAL;
  await vi.advanceTimersByTimeAsync(6000);
  expect(device.confirmed).toEqual([]);
  expect(one.outcome).toBe('failed');
});

test('what fails once a page has confirmed is no matter of the update', async () => {
  const one = await page();
  await finished(one);
  dispatchEvent(new ErrorEvent('error', { message: 'later' }));
  expect(one.failure).toBeNull();
});

test('a page whose style sheet failed before any script ran confirms nothing', async () => {
  const one = await page();
  // This document loads nothing, so the link has no sheet.
  document.head.insertAdjacentHTML('beforeend', '<link rel="stylesheet" href="/assets/gone.css">');
  await finished(one);
  expect(one.failure).toMatchObject({ place: 'assets/gone.css' });
  expect(device.confirmed).toEqual([]);
});

test('a style sheet of another site, or one that is switched off, is no matter of the device', async () => {
  const one = await page();
  document.head.insertAdjacentHTML(
    'beforeend',
    '<link rel="stylesheet" href="https://fonts.example/a.css">',
  );
  const off = document.createElement('link');
  Object.assign(off, { rel: 'stylesheet', href: '/assets/print.css', disabled: true });
  document.head.append(off);
  await finished(one);
  expect(one.outcome).toBe('confirmed');
});

test('a style sheet counts on the screen that it is for', async () => {
  vi.stubGlobal('matchMedia', (media: string) => ({ matches: media === 'screen' }));
  const missing = (media: string) =>
    element(`<link rel="stylesheet" media="${media}" href="/assets/${media}.css">`);
  const one = await page();
  const print = '<link rel="stylesheet" media="print" href="/assets/print.css">';
  document.head.insertAdjacentHTML('beforeend', print);
  missing('print');
  await finished(one);
  expect(one).toMatchObject({ failure: null, outcome: 'confirmed' });
  delete window.faceplate;
  vi.resetModules();
  const other = await page();
  missing('screen');
  expect(other.failure).toMatchObject({ place: 'assets/screen.css' });
});

const shown: [what: string, html: string][] = [
  ['text', '<div id="app"><p>Hi</p></div>'],
  ['a drawing', '<div><canvas></canvas></div>'],
  ['a picture', '<img alt="" src="/a.png">'],
  ['text in the body itself', 'Hi'],
];
test.each(shown)('a page that shows %s is no blank page', async (_, html) => {
  document.body.innerHTML = html;
  const one = await page();
  await finished(one);
  expect(one.outcome).toBe('confirmed');
});

test('an element of the page’s own making counts as shown', async () => {
  customElements.define('x-app', class extends HTMLElement {});
  document.body.innerHTML = '<x-app></x-app>';
  const one = await page();
  await finished(one);
  expect(one.outcome).toBe('confirmed');
});

test('what is in an open shadow root counts as shown', async () => {
  document.body.innerHTML = '<div></div>';
  const root = document.querySelector('div')?.attachShadow({ mode: 'open' });
  if (root) root.innerHTML = '<main>Hello</main>';
  const one = await page();
  await finished(one);
  expect(one.outcome).toBe('confirmed');
});

test('a page that hides all that it has is a blank page', async () => {
  // As a browser says of `body { visibility: hidden }` or `opacity: 0`; this document has no layout.
  const checkVisibility = vi.fn(() => false);
  Object.assign(Element.prototype, { checkVisibility });
  onTestFinished(() => void Reflect.deleteProperty(Element.prototype, 'checkVisibility'));
  const one = await page();
  await finished(one);
  expect(one.failure).toMatchObject({ text: 'the page shows nothing' });
  expect(checkVisibility).toHaveBeenCalledWith({ checkOpacity: true, checkVisibilityCSS: true });
});

test('a blank page confirms nothing, even where nothing failed', async () => {
  document.body.innerHTML =
    '<svg hidden></svg><div id="app">\n</div><script>let a = "text"</script><noscript>No JavaScript</noscript>';
  const one = await page();
  await finished(one);
  expect(device.confirmed).toEqual([]);
  expect(one).toMatchObject({ outcome: 'failed', failure: { text: 'the page shows nothing' } });
});

test('a page that nobody sees has the time to show something until it is seen', async () => {
  document.body.innerHTML = '<div id="app"></div>';
  const hidden = vi.spyOn(document, 'hidden', 'get').mockReturnValue(true);
  const one = await page();
  device.uptime = 300_000;
  await finished(one, 120_000);
  expect(one.failure).toBeNull();
  hidden.mockReturnValue(false);
  document.body.innerHTML = '<h1>There</h1>';
  await vi.advanceTimersByTimeAsync(5000);
  expect(one.outcome).toBe('confirmed');
});

test('a page that takes its time to show something is waited for', async () => {
  document.body.innerHTML = '<div id="app"></div>';
  const one = await page();
  const done = finished(one);
  setTimeout(() => (document.body.innerHTML = '<h1>There</h1>'), 8000);
  await done;
  expect(one.outcome).toBe('confirmed');
});

/** A page that is still coming in when its first script runs. */
async function coming(state: DocumentReadyState = 'loading') {
  const ready = vi.spyOn(document, 'readyState', 'get').mockReturnValue(state);
  const one = await page();
  return {
    one,
    /** All of it is there, and its scripts have run. */
    parse: () => {
      ready.mockReturnValue('interactive');
      document.dispatchEvent(new Event('DOMContentLoaded'));
    },
    load: () => ready.mockReturnValue('complete'),
  };
}

test('the page has loaded before anything is confirmed', async () => {
  const { one, parse, load } = await coming();
  parse();
  await finished(one, 10_000);
  expect(device.asked).toBe(0);
  load();
  await vi.advanceTimersByTimeAsync(5000);
  expect(one.outcome).toBe('confirmed');
});

test('a picture that never ends does not keep a page from confirming', async () => {
  const { one, parse } = await coming();
  parse();
  await finished(one);
  expect(one.outcome).toBe('confirmed');
});

test.each(['loading', 'interactive'] as const)(
  'a page whose scripts have not run is waited for, however long that takes (%s)',
  async (state) => {
    const { one, parse, load } = await coming(state);
    device.uptime = 150_000;
    await finished(one, 120_000);
    expect(device.asked).toBe(0);
    parse();
    load();
    await vi.advanceTimersByTimeAsync(5000);
    expect(one.outcome).toBe('confirmed');
  },
);

test('what a page loads after its load event is waited for where the page names it', async () => {
  document.head.insertAdjacentHTML('beforeend', '<link rel="modulepreload" href="/app.js">');
  const one = await page();
  await finished(one, 8000);
  expect(device.asked).toBe(0);
  loadedFile('/app.js');
  await vi.advanceTimersByTimeAsync(3000);
  expect(one.outcome).toBe('confirmed');
});

test('a browser that does not list what it loads does not keep a page from confirming', async () => {
  document.head.insertAdjacentHTML('beforeend', '<link rel="modulepreload" href="/app.js">');
  const one = await page();
  await finished(one);
  expect(one.outcome).toBe('confirmed');
});

/** A page that a service worker made. */
async function controlledPage(): Promise<FaceplatePage> {
  const serviceWorker = { controller: {}, getRegistrations: async () => [] };
  vi.stubGlobal('navigator', Object.assign(Object.create(navigator), { serviceWorker }));
  delete window.faceplate;
  vi.resetModules();
  return page();
}

test('a page that a service worker made comes again without it before it confirms', async () => {
  await finished(await controlledPage(), 1500);
  expect(reload).toHaveBeenCalledOnce();
  expect(device.confirmed).toEqual([]);
});

test('a page that a service worker makes each time confirms nothing, and does not go in circles', async () => {
  let one = await controlledPage();
  for (let times = 0; times < 5; times += 1) {
    await finished(one, 5000);
    one = await controlledPage();
  }
  await finished(one);
  expect(reload).toHaveBeenCalledTimes(3);
  expect(one.outcome).toBe('other-build');
  expect(device.confirmed).toEqual([]);
});

test('a page that a service worker made comes again also where it is held, since it has just come', async () => {
  const one = await controlledPage();
  one.hold();
  await finished(one, 1500);
  expect(reload).toHaveBeenCalledOnce();
  expect(device.confirmed).toEqual([]);
});

test('an older page that a service worker made and that is held stays, and confirms nothing', async () => {
  device.trial = null;
  const one = await controlledPage();
  one.hold();
  await finished(one);
  device.trial = TRIAL;
  await vi.advanceTimersByTimeAsync(10_000);
  expect(reload).not.toHaveBeenCalled();
  expect(one.outcome).toBe('other-build');
  expect(device.confirmed).toEqual([]);
});

const FROM_WORKER = { workerStart: 12, startTime: 10, initiatorType: 'other' };
const own = (path: string) => location.origin + path;
const UNSAID = { name: own('/a.js'), workerStart: 0 };
test.each([
  ['the page', { name: own('/'), initiatorType: 'navigation' }, 'moves'],
  ['a script', { name: own('/app'), initiatorType: 'script' }, 'moves'],
  ['a module', { name: own('/late.js') }, 'moves'],
  ['a style sheet', { name: own('/a.css?1') }, 'moves'],
  ['WebAssembly', { name: own('/a.wasm'), initiatorType: 'fetch' }, 'moves'],
  ['what was asked', { name: own('/api/ota/status'), initiatorType: 'fetch' }, 'confirms'],
  ['a picture', { name: own('/a.png'), initiatorType: 'img' }, 'confirms'],
  ['code of another host', { name: 'https://elsewhere.example/a.js' }, 'confirms'],
  ['code without a worker', UNSAID, 'confirms'],
  // Firefox never says that there was one.
  ['code of nobody knows whom', { ...UNSAID, startTime: 1e9 }, 'moves'],
  [
    'a picture of nobody knows whom',
    { ...UNSAID, name: own('/a.png'), startTime: 1e9 },
    'confirms',
  ],
])('%s from a worker that began after the page', async (_, entry, comes) => {
  let tell: (list: { getEntries(): object[] }) => void = () => undefined;
  vi.stubGlobal(
    'PerformanceObserver',
    class {
      observe = vi.fn();
      constructor(listener: typeof tell) {
        tell = listener;
      }
    },
  );
  const serviceWorker = {
    controller: null as object | null,
    getRegistrations: async () => [],
  };
  vi.stubGlobal('navigator', Object.assign(Object.create(navigator), { serviceWorker }));
  await vi.advanceTimersByTimeAsync(1000);
  const one = await page();
  tell({ getEntries: () => [] });
  await vi.advanceTimersByTimeAsync(100);
  serviceWorker.controller = {};
  tell({ getEntries: () => [{ ...FROM_WORKER, ...entry }] });
  await finished(one, 1500);
  expect(reload).toHaveBeenCalledTimes(comes === 'moves' ? 1 : 0);
  expect(device.confirmed).toHaveLength(comes === 'moves' ? 0 : 1);
});

test('a page that comes again has no new worker before it has proved itself', async () => {
  const register = vi.fn(async () => ({}));
  const serviceWorker = { controller: null, register, getRegistrations: async () => [] };
  vi.stubGlobal('navigator', Object.assign(Object.create(navigator), { serviceWorker }));
  sessionStorage['faceplate-moved'] = 'b1 1';
  const one = await page();
  void navigator.serviceWorker.register('/worker.js', { scope: '/' });
  const done = finished(one, 0);
  await vi.advanceTimersByTimeAsync(900);
  expect(register).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(2000);
  await done;
  expect(one.outcome).toBe('confirmed');
  expect(register).toHaveBeenCalledWith('/worker.js', { scope: '/' });
  // Nothing of that is left for later visits.
  expect(sessionStorage.length).toBe(0);
});

test('a page that waits for its worker before it shows anything gets it', async () => {
  const register = vi.fn(async () => ({}));
  const serviceWorker = { controller: null, register, getRegistrations: async () => [] };
  vi.stubGlobal('navigator', Object.assign(Object.create(navigator), { serviceWorker }));
  sessionStorage['faceplate-moved'] = 'b1 1';
  document.body.innerHTML = '<div id="app"></div>';
  const one = await page();
  const registered = navigator.serviceWorker.register('/worker.js');
  void registered.then(() => (document.body.innerHTML = '<h1>There</h1>'));
  await finished(one);
  expect(one.outcome).toBe('confirmed');
});

test('a settled device leaves no memory of a move in the tab', async () => {
  device.trial = null;
  sessionStorage['faceplate-moved'] = 'b1 1';
  await finished(await page());
  expect(sessionStorage.length).toBe(0);
});

test('a worker that keeps all that it ever got is not asked for the same status twice', async () => {
  device.trial = null;
  await finished(await controlledPage());
  const asked = vi.mocked(fetch).mock.calls.map(([url]) => String(url));
  expect(asked.length).toBeGreaterThan(1);
  expect(new Set(asked).size).toBe(asked.length);
});

const blocked = (more: object) =>
  dispatchEvent(
    Object.assign(new Event('securitypolicyviolation'), {
      disposition: 'enforce',
      effectiveDirective: 'script-src-elem',
      blockedURI: 'inline',
      sourceFile: `${location.origin}/`,
      lineNumber: 3,
      columnNumber: 7,
      ...more,
    }),
  );
test.each([
  ['an inline script', {}, 'script-src-elem blocks inline', '/:3:7'],
  [
    'a style sheet of the device',
    { effectiveDirective: 'style-src-elem', blockedURI: own('/a.css') },
    'style-src-elem blocks /a.css',
    '/:3:7',
  ],
  [
    'a question to the device',
    { effectiveDirective: 'connect-src', blockedURI: own('/api/x'), sourceFile: '' },
    'connect-src blocks /api/x',
    '',
  ],
])('a page whose policy blocks %s confirms nothing, and tells', async (_, event, text, place) => {
  const one = await page();
  blocked(event);
  await finished(one);
  expect(one.failure).toEqual({ text: `Content-Security-Policy: ${text}`, place });
  expect(device.confirmed).toEqual([]);
});

test.each([
  ['is only reported', { disposition: 'report' }],
  ['is tried', { blockedURI: 'eval' }],
  ['comes from elsewhere', { blockedURI: 'https://elsewhere.example/a.js' }],
  ['an extension put there', { sourceFile: 'chrome-extension' }],
  ['is the style of one element', { effectiveDirective: 'style-src-attr' }],
  ['is a picture', { effectiveDirective: 'img-src', blockedURI: own('/a.png') }],
])('a page whose policy blocks what %s confirms', async (_, event) => {
  const one = await page();
  blocked(event);
  await finished(one);
  expect(one).toMatchObject({ failure: null, outcome: 'confirmed' });
});

test('a page that the device takes for another build is one', async () => {
  const one = await page();
  device.refusals = Array.from({ length: 20 }, () => refusal('other-build'));
  await finished(one);
  expect(one.outcome).toBe('other-build');
});

test('an error that the app has caught counts when it says so', async () => {
  const one = await page();
  const { reportFailure } = await import('../src/arrive.js');
  const error = new Error('no route');
  error.stack = `Error: no route\n    at load (${location.origin}/app.js:4:2)`;
  reportFailure(error);
  await finished(one);
  expect(one.failure).toEqual({ text: 'Error: no route', place: 'app.js:4:2' });
  expect(device.confirmed).toEqual([]);
});

test('a worker that does not go keeps nobody waiting for ever', async () => {
  const worker = {
    scope: `${location.origin}/`,
    unregister: () => new Promise(() => undefined),
  };
  const serviceWorker = { controller: null, getRegistrations: async () => [worker] };
  vi.stubGlobal('navigator', Object.assign(Object.create(navigator), { serviceWorker }));
  device.build = OTHER;
  await finished(await page(), 5000);
  expect(reload).toHaveBeenCalledOnce();
});

test('a frame in a page of its own build moves where the device runs another', async () => {
  const around = { faceplate: { build: OWN } } as unknown as Window;
  Object.assign(around, { parent: around });
  vi.spyOn(window, 'parent', 'get').mockReturnValue(around as never);
  device.build = OTHER;
  await finished(await page());
  expect(reload).toHaveBeenCalledOnce();
});

test.each([
  ['the same build leaves it to that page', OWN, null, 'not-asked'],
  ['the same build that a service worker made confirms', OWN, 'other-build', 'confirmed'],
  ['another build confirms', OTHER, null, 'confirmed'],
])('a frame in a page of %s', async (_, build, said, outcome) => {
  const around = { faceplate: { build, outcome: said } } as unknown as Window;
  Object.assign(around, { parent: around });
  vi.spyOn(window, 'parent', 'get').mockReturnValue(around as never);
  const one = await page();
  await finished(one);
  expect(one.outcome).toBe(outcome);
});

// A tab that was open before an update that somebody else makes.
test('an open tab goes to a build that is on trial, without a click', async () => {
  device.trial = null;
  await finished(await page());
  expect(reload).not.toHaveBeenCalled();
  Object.assign(device, { boot: 'b2', build: OTHER, trial: TRIAL });
  await vi.advanceTimersByTimeAsync(6000);
  expect(reload).toHaveBeenCalledOnce();
  expect(device.confirmed).toEqual([]);
});

test('a tab that nobody sees asks for nothing, and goes on as soon as it is seen', async () => {
  device.trial = null;
  await finished(await page());
  const hidden = vi.spyOn(document, 'hidden', 'get').mockReturnValue(true);
  const { asked } = device;
  Object.assign(device, { boot: 'b2', build: OTHER, trial: TRIAL });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(device.asked).toBe(asked);
  hidden.mockReturnValue(false);
  document.dispatchEvent(new Event('visibilitychange'));
  await vi.advanceTimersByTimeAsync(0);
  expect(reload).toHaveBeenCalledOnce();
});

test('a tab that is held stays, until it is not held any more', async () => {
  device.trial = null;
  const one = await page();
  const [first, second] = [one.hold(), one.hold()];
  await finished(one);
  Object.assign(device, { boot: 'b2', build: OTHER, trial: TRIAL });
  first();
  first(); // letting go twice is letting go once
  await vi.advanceTimersByTimeAsync(20_000);
  expect(reload).not.toHaveBeenCalled();
  second();
  await vi.advanceTimersByTimeAsync(6000);
  expect(reload).toHaveBeenCalledOnce();
});

test('an open tab stays where another build is settled, or is confirmed by the device', async () => {
  device.trial = null;
  await finished(await page());
  for (const trial of [null, BY_DEVICE]) {
    Object.assign(device, { boot: `b-${trial}`, build: OTHER, trial });
    await vi.advanceTimersByTimeAsync(20_000);
  }
  expect(reload).not.toHaveBeenCalled();
});

test('a page that failed goes to what the device went back to', async () => {
  const one = await page();
  dispatchEvent(new ErrorEvent('error', { message: 'oops', lineno: 1 }));
  await finished(one);
  expect(reload).not.toHaveBeenCalled();
  Object.assign(device, { boot: 'b2', build: OTHER, trial: null });
  await vi.advanceTimersByTimeAsync(6000);
  expect(reload).toHaveBeenCalledOnce();
});

test('a second copy of the script in the same page does nothing', async () => {
  const one = await page();
  vi.resetModules();
  await import('../src/confirm.js');
  expect(window.faceplate).toBe(one);
});
