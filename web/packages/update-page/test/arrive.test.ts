// @vitest-environment jsdom
// Who confirms a new frontend, and when not: the page's side of the trial.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Device } from '../src/device.js';
import type { Status } from '../src/status.js';
import { settled } from './fake.js';

const trial = { confirm: 'client', seconds_left: 50, boots_left: 2 } as const;
const silent = () => Promise.reject(new Unreachable('silent'));
const reload = vi.fn();
const warn = vi.fn();

/** Milliseconds since the page was loaded, and since the device was started. */
let age = 500;
let uptime = 4000;

function status(changes: Partial<Status> = {}): Status {
  const device = { ...settled().device, uptime_ms: uptime };
  return { ...settled(), device, state: 'trial', trial, ...changes };
}

const device = {
  status: vi.fn<Device['status']>(),
  confirm: vi.fn<Device['confirm']>(),
};

/** A page as it is when it has just been loaded: nothing has gone wrong in it yet. */
const arrive = () => import('../src/arrive.js');

async function confirmed(): Promise<Status | null> {
  const { confirmOnLoad } = await arrive();
  return confirmOnLoad(device as unknown as Device);
}

let Problem: typeof import('../src/device.js').Problem;
let Unreachable: typeof import('../src/device.js').Unreachable;

beforeEach(async () => {
  vi.resetModules();
  ({ Problem, Unreachable } = await import('../src/device.js'));
  [age, uptime] = [500, 4000];
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'], shouldAdvanceTime: true });
  vi.advanceTimersByTime(0);
  vi.spyOn(performance, 'now').mockImplementation(() => age);
  vi.spyOn(console, 'warn').mockImplementation(warn);
  vi.stubGlobal('location', { reload, origin: location.origin });
  device.status.mockImplementation(() => Promise.resolve(status()));
  device.confirm.mockImplementation(() => Promise.resolve(settled()));
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
  for (const mock of [reload, warn, device.status, device.confirm]) mock.mockReset();
  sessionStorage.clear();
});

/** Goes through the pauses between tries without waiting for them. */
async function withoutPauses<T>(promise: Promise<T>): Promise<T> {
  const timer = setInterval(() => vi.advanceTimersByTime(1000), 1);
  try {
    return await promise;
  } finally {
    clearInterval(timer);
  }
}

test('a page of the new frontend confirms it', async () => {
  expect(await confirmed()).toMatchObject({ state: 'settled' });
  expect(device.confirm).toHaveBeenCalledOnce();
  expect(reload).not.toHaveBeenCalled();
});

test('a page of a development server confirms nothing: it is not what the device holds', async () => {
  const client = document.createElement('script');
  client.type = 'module';
  client.src = '/@vite/client';
  document.head.append(client);
  expect(await confirmed()).toMatchObject({ state: 'trial' });
  expect(device.confirm).not.toHaveBeenCalled();
  client.remove();
});

test('nothing is confirmed where nothing is on trial', async () => {
  device.status.mockImplementation(() => Promise.resolve(settled()));
  expect(await confirmed()).toEqual(settled());
  expect(device.confirm).not.toHaveBeenCalled();
});

test('a trial by the device is left to the device', async () => {
  const byDevice = { ...trial, confirm: 'device' } as const;
  device.status.mockImplementation(() => Promise.resolve(status({ trial: byDevice })));
  await confirmed();
  expect(device.confirm).not.toHaveBeenCalled();
});

test('a page that is older than the boot is loaded anew, once for each boot, and confirms nothing', async () => {
  age = 60_000;
  await confirmed();
  await confirmed();
  expect(reload).toHaveBeenCalledOnce();
  device.status.mockImplementation(() => {
    const again = { ...status().device, boot_id: 'later' };
    return Promise.resolve(status({ device: again }));
  });
  await confirmed();
  expect(reload).toHaveBeenCalledTimes(2);
  expect(device.confirm).not.toHaveBeenCalled();
});

test('a page that one went back to is from the cache, whatever the device runs: it is loaded anew', async () => {
  const visit = { type: 'back_forward' } as PerformanceNavigationTiming;
  vi.spyOn(performance, 'getEntriesByType').mockReturnValue([visit]);
  await confirmed();
  await confirmed();
  expect(reload).toHaveBeenCalledOnce();
  expect(device.confirm).not.toHaveBeenCalled();
});

test('an old page in a browser without a memory is not loaded anew for ever', async () => {
  age = 60_000;
  vi.stubGlobal('sessionStorage', undefined);
  await confirmed();
  expect(reload).not.toHaveBeenCalled();
  expect(device.confirm).not.toHaveBeenCalled();
});

test('an answer that took too long to tell the age is asked for again', async () => {
  uptime = 700;
  let asked = 0;
  device.status.mockImplementation(() => {
    // The first answer takes a second, the next is quick.
    const now = status();
    if (asked++ === 0) age += 1000;
    uptime = 3000;
    return Promise.resolve(now);
  });
  expect(await withoutPauses(confirmed())).toMatchObject({ state: 'settled' });
  expect(device.status).toHaveBeenCalledTimes(2);
  expect(reload).not.toHaveBeenCalled();
});

test('a device that does not answer at first is asked again', async () => {
  device.status.mockImplementationOnce(silent).mockImplementationOnce(silent);
  expect(await withoutPauses(confirmed())).toMatchObject({ state: 'settled' });
  expect(device.confirm).toHaveBeenCalledOnce();
});

test('a device that does not answer at all ends in nothing', async () => {
  device.status.mockImplementation(silent);
  expect(await withoutPauses(confirmed())).toBeNull();
  expect(device.status).toHaveBeenCalledTimes(5);
});

test('a confirmation whose answer got lost is tried again', async () => {
  device.confirm.mockImplementationOnce(silent);
  expect(await withoutPauses(confirmed())).toMatchObject({ state: 'settled' });
  expect(device.confirm).toHaveBeenCalledTimes(2);
});

test('a frontend that somebody else confirmed is fine', async () => {
  device.confirm.mockImplementation(() => {
    device.status.mockImplementation(() => Promise.resolve(settled()));
    return Promise.reject(new Problem('not-on-trial', 409));
  });
  expect(await withoutPauses(confirmed())).toMatchObject({ state: 'settled' });
  expect(warn).not.toHaveBeenCalled();
});

test('a confirmation that the device refuses is told to developers', async () => {
  const refused = new Problem('nvs-fault', 500, 'NVS page 2 is damaged');
  device.confirm.mockImplementation(() => Promise.reject(refused));
  expect(await withoutPauses(confirmed())).toMatchObject({ state: 'trial' });
  expect(warn.mock.lastCall?.[0]).toMatch(/NVS page 2 is damaged/);
});

test('the page has loaded before anything is confirmed', async () => {
  const state = vi.spyOn(document, 'readyState', 'get').mockReturnValue('interactive');
  const promise = confirmed();
  await vi.waitFor(() => expect(state).toHaveBeenCalled());
  vi.advanceTimersByTime(5000);
  expect(device.status).not.toHaveBeenCalled();
  dispatchEvent(new Event('load'));
  await promise;
  expect(device.confirm).toHaveBeenCalledOnce();
});

const failures: [string, () => void][] = [
  ['a script threw', () => dispatchEvent(new ErrorEvent('error', { message: 'x is not defined' }))],
  [
    'a promise was rejected',
    () =>
      dispatchEvent(Object.assign(new Event('unhandledrejection'), { reason: new Error('no') })),
  ],
  ['a script did not load', () => element('<script type="module" src="/assets/a.js">')],
  ['a style sheet did not load', () => element('<link rel="stylesheet" href="/assets/a.css">')],
];
const harmless: [string, () => void][] = [
  ['an image did not load', () => element('<img alt="" src="/logo.png">')],
  ['an icon did not load', () => element('<link rel="icon" href="/favicon.ico">')],
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

test.each(failures)('a page in which %s confirms nothing, and says why', async (_, fail) => {
  const { confirmOnLoad } = await arrive();
  fail();
  expect(await confirmOnLoad(device as unknown as Device)).toMatchObject({ state: 'trial' });
  expect(device.confirm).not.toHaveBeenCalled();
  expect(warn.mock.lastCall?.[0]).toMatch(/not confirmed/);
});

test('a page whose style sheet failed before any script ran confirms nothing', async () => {
  const link = document.createElement('link');
  Object.assign(link, { rel: 'stylesheet', href: '/assets/gone.css' });
  document.head.append(link); // this document loads nothing, so it has no sheet
  expect(await confirmed()).toMatchObject({ state: 'trial' });
  link.remove();
  expect(device.confirm).not.toHaveBeenCalled();
  expect(warn.mock.lastCall?.[0]).toMatch(/gone\.css did not load/);
});

test('a style sheet of another site, or one that is switched off, is no matter of the device', async () => {
  const link = (href: string, disabled: boolean) => {
    const element = document.createElement('link');
    Object.assign(element, { rel: 'stylesheet', href, disabled });
    document.head.append(element);
    return element;
  };
  const links = [link('https://fonts.example/a.css', false), link('/assets/print.css', true)];
  await confirmed();
  for (const one of links) one.remove();
  expect(device.confirm).toHaveBeenCalledOnce();
});

test.each(harmless)('a page in which %s confirms all the same', async (_, fail) => {
  const { confirmOnLoad } = await arrive();
  fail();
  await confirmOnLoad(device as unknown as Device);
  expect(device.confirm).toHaveBeenCalledOnce();
});

test('a page that fails while the device is asked confirms nothing', async () => {
  device.status.mockImplementation(() => {
    dispatchEvent(new ErrorEvent('error', { message: 'late' }));
    return Promise.resolve(status());
  });
  await confirmed();
  expect(device.confirm).not.toHaveBeenCalled();
});

const gone = () => {
  const event = new Event('vite:preloadError', { cancelable: true });
  dispatchEvent(event);
  return event.defaultPrevented;
};

test('a tab whose hashed files are gone is loaded anew, but not again and again', async () => {
  const now = vi.spyOn(Date, 'now').mockReturnValue(1_000_000);
  const { reloadWhenStale } = await arrive();
  const watch = () => reloadWhenStale(device as unknown as Device);
  let stop = watch();
  expect(gone()).toBe(true);
  await vi.waitFor(() => expect(reload).toHaveBeenCalledOnce());
  stop();
  stop = watch(); // in the page that was loaded
  now.mockReturnValue(1_005_000);
  expect(gone()).toBe(false);
  now.mockReturnValue(1_020_000);
  expect(gone()).toBe(true);
  await vi.waitFor(() => expect(reload).toHaveBeenCalledTimes(2));
  stop();
  now.mockReturnValue(1_050_000);
  expect(gone()).toBe(false);
});

test('a tab that misses files because the device is away stays until it answers', async () => {
  const { reloadWhenStale } = await arrive();
  device.status.mockImplementationOnce(silent).mockImplementationOnce(silent);
  const stop = reloadWhenStale(device as unknown as Device);
  expect(gone()).toBe(true);
  await vi.advanceTimersByTimeAsync(400);
  expect(reload).not.toHaveBeenCalled();
  expect(gone()).toBe(true);
  await vi.advanceTimersByTimeAsync(700);
  expect(device.status).toHaveBeenCalledTimes(3);
  expect(reload).toHaveBeenCalledOnce();
  stop();
});

test('a tab without a memory is not loaded anew', async () => {
  vi.stubGlobal('sessionStorage', undefined);
  const { reloadWhenStale } = await arrive();
  const stop = reloadWhenStale(device as unknown as Device);
  expect(gone()).toBe(false);
  await vi.advanceTimersByTimeAsync(1000);
  expect(reload).not.toHaveBeenCalled();
  stop();
});
