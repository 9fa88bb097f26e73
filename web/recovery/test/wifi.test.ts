// How the setup page behaves: what it says of the Wi-Fi, and what comes of what is entered.
import { beforeEach, describe, expect, test } from 'vitest';
import { Page } from './page.js';
import { wifi as source } from './source.js';

/** What the device tells: the fields that docs/http-api.md describes. */
interface Wifi {
  mode: 'station' | 'access_point';
  ssid: string | null;
  connected: boolean;
  address: string | null;
  name: string;
}

type WifiPage = Page<Wifi | { type: string; detail: string }>;

const NEW: Wifi = {
  mode: 'access_point',
  ssid: null,
  connected: false,
  address: '192.168.4.1',
  name: 'faceplate-1a2b.local',
};
const JOINED: Wifi = {
  ...NEW,
  mode: 'station',
  ssid: 'Home',
  connected: true,
  address: '192.168.1.20',
};

/** What it tells of the networks in range. */
const AIR = {
  searching: false,
  failed: false,
  age_ms: 4200 as number | null,
  networks: [
    { ssid: 'Home', rssi: -47, security: 'password' },
    { ssid: 'Café <b>', rssi: -66, security: 'open' },
    { ssid: 'Office', rssi: -80, security: 'other' },
  ],
};
const NOTHING = { ...AIR, age_ms: null, networks: [] };
const IN_RANGE = 'api/wifi/networks';

let page: WifiPage;

async function open(device: WifiPage['device'], code = 200, air?: object): Promise<void> {
  page = new Page(device, { html: source.html, path: '/recovery/wifi', code });
  if (air) page.others.set(IN_RANGE, air);
  await page.live(0.1);
}

const input = (id: string) => page.element<HTMLInputElement>(id);

/** Enters both and presses Save. */
async function save(ssid: string, pass: string): Promise<void> {
  input('ssid').value = ssid;
  input('pass').value = pass;
  page.click('save');
  await page.live(0.1);
}

const focus = (): string | undefined => page.window.document.activeElement?.id;

describe('the state', () => {
  test.each<[string, Wifi]>([
    ['The device has opened a network of its own.', NEW],
    [
      'It cannot join Home, so the device has opened a network of its own.',
      { ...NEW, ssid: 'Home' },
    ],
    ['The device tries to join Home…', { ...JOINED, connected: false, address: null }],
    ['The device is in Home, at 192.168.1.20.', JOINED],
    ['The device is in Home.', { ...JOINED, address: null }],
    ['The device is in <b>&amp;, at 192.168.1.20.', { ...JOINED, ssid: '<b>&amp;' }],
  ])('%s', async (words, device) => {
    await open(device);
    expect(page.text('state')).toBe(words);
    expect(page.visible('form')).toBe(true);
    expect([...page.gets]).toEqual(['api/wifi', IN_RANGE]);
    expect(page.text('who')).toBe('You are setting up faceplate-1a2b.');
    // It cannot look for networks: their names are typed in.
    expect(page.visible('air')).toBe(false);
    expect(page.errors).toEqual([]);
  });

  test('is asked for again and again', async () => {
    await open({ ...JOINED, connected: false });
    page.device = JOINED;
    await page.live(2.1);
    expect(page.text('state')).toBe('The device is in Home, at 192.168.1.20.');
  });

  test('of a device without Wi-Fi is that it has none, and there is nothing to fill in', async () => {
    await open({ type: '/problems/not-found', detail: 'there is no such API' }, 404);
    expect(page.text('state')).toBe('This device has no Wi-Fi that can be set up.');
    expect(page.visible('form')).toBe(false);
  });

  test('of a device that does not answer says what to check, and heals', async () => {
    await open(null);
    await page.live(9);
    expect(page.text('state')).toContain('does not answer. Is this phone in its network?');
    page.device = NEW;
    await page.live(11);
    expect(page.text('state')).toBe('The device has opened a network of its own.');
  });
});

const shown = (): (string | null)[] =>
  [...page.window.document.querySelectorAll('#list li')].map((item) => item.textContent);

describe('the networks in range', () => {
  test.each<[string, object, string, string, string[]]>([
    [
      'are listed with their strength and what they need',
      AIR,
      '',
      'Heard 4 s ago.',
      [
        'Homestrong, password',
        'Café <b>fair, no password',
        'Officeweak, needs what this device cannot do',
      ],
    ],
    ['that are not known yet', NOTHING, 'Not searched yet.', '', []],
    [
      'that are searched',
      { ...NOTHING, searching: true },
      'Searching… The connection may pause for a few seconds.',
      '',
      [],
    ],
    ['are none', { ...NOTHING, age_ms: 200_000 }, 'None was heard.', 'Heard 3 min ago.', []],
    [
      'that could not be searched',
      { ...NOTHING, failed: true },
      'The device could not search.',
      '',
      [],
    ],
  ])('%s', async (_, air, heard, old, list) => {
    await open(NEW, 200, air);
    expect([page.text('heard'), page.text('old'), shown()]).toEqual([heard, old, list]);
    expect(input('look').disabled).toBe('searching' in air && air.searching);
    expect(page.errors).toEqual([]);
  });

  test.each([
    [0, 'Home', 'pass', 'typed before'],
    [1, 'Café <b>', 'save', ''],
  ])(
    'one that is chosen (%i) is entered, and what it needs next has the focus',
    async (number, ssid, id, pass) => {
      await open(NEW, 200, AIR);
      input('pass').value = 'typed before';
      page.window.document.querySelectorAll<HTMLElement>('#list button')[number]?.click();
      expect([input('ssid').value, focus(), input('pass').value]).toEqual([ssid, id, pass]);
      expect(page.posts).toEqual([]);
    },
  );

  test('are searched again when that is asked for, and what has the focus stays', async () => {
    await open(NEW, 200, AIR);
    const first = page.window.document.querySelector<HTMLElement>('#list button');
    first?.focus();
    page.click('look');
    const post = page.post();
    expect([post.path, post.type, post.body]).toEqual([IN_RANGE, 'application/json', '{}']);
    post.answer(202, { ...AIR, searching: true });
    expect(page.text('heard')).toContain('Searching…');
    expect(input('look').disabled).toBe(true);
    await page.live(2.1);
    expect(page.window.document.activeElement).toBe(first);
    page.others.set(IN_RANGE, { ...AIR, networks: AIR.networks.slice(0, 1) });
    await page.live(2.1);
    expect(shown()).toEqual(['Homestrong, password']);
    expect(input('look').disabled).toBe(false);
  });

  test('that may not be searched now say why', async () => {
    await open(NEW, 200, AIR);
    page.click('look');
    page.post().refuse(409, 'busy', 'an upload is running');
    expect(page.text('heard')).toBe('an upload is running.');
    page.click('look');
    page.post().drop();
    expect(page.text('heard')).toContain('does not answer');
    expect(shown()).toHaveLength(3);
  });
});

describe('saving', () => {
  beforeEach(() => open(NEW));

  test('sends what was entered, as it was entered', async () => {
    await save(' 😀 "Home" ', 'a b\\c"d ');
    const { path, type, body } = page.post();
    expect([path, type]).toEqual(['api/wifi', 'application/json']);
    expect(JSON.parse(body as string)).toEqual({ ssid: ' 😀 "Home" ', pass: 'a b\\c"d ' });
    expect(page.posts).toHaveLength(1);
    expect(page.window.location.href).toBe('http://192.168.4.1/recovery/wifi');
  });

  test('tells what comes next: the network, the address, and the way back', async () => {
    await save('Home', '12345678');
    page.post().answer(202, { ssid: 'Home', name: 'faceplate-1a2b.local' });
    expect(page.ok).toContain('Saved. The device now joins Home.');
    const steps = [...page.window.document.querySelectorAll('#ok li')].map((it) => it.textContent);
    expect(steps).toEqual([
      'Connect this phone to the same network.',
      'Then open http://faceplate-1a2b.local/, or look for the device’s address in the router.',
    ]);
    const link = page.window.document.querySelector('#ok a');
    expect(link?.getAttribute('href')).toBe('http://faceplate-1a2b.local/');
    expect(page.ok).toContain(
      'If it cannot join within a minute, it opens its own network again, with this page.',
    );
    expect(page.bad).toBe('');
    expect(focus()).toBe('said');
  });

  test('is not followed by an alarm when the device leaves its own network', async () => {
    await save('Home', '12345678');
    page.post().answer(202, { ssid: 'Home', name: 'faceplate-1a2b.local' });
    page.device = null;
    await page.live(30);
    expect(page.text('state')).toBe('');
    expect(page.ok).toContain('Saved.');
    page.device = { ...NEW, ssid: 'Home' };
    await page.live(12);
    expect(page.text('state')).toMatch(/^It cannot join Home/);
  });

  test('shows a name as text, never as markup', async () => {
    const evil = '<img src=x onerror=alert(1)>';
    await save(evil, '');
    page.post().answer(202, { ssid: evil, name: 'x.local' });
    expect(page.ok).toContain(`joins ${evil}.`);
    expect(page.window.document.querySelector('#ok img')).toBe(null);
  });

  test('without a name asks for one, and nothing is sent', async () => {
    await save('', '12345678');
    expect(page.bad).toBe('Enter the name of the network.');
    expect(focus()).toBe('ssid');
    expect(page.posts).toEqual([]);
  });

  test.each([
    ['bad-ssid', 'ssid'],
    ['bad-pass', 'pass'],
  ])('that is refused as %s says why, at the field', async (kind, id) => {
    await save('Home', '1');
    page.post().refuse(422, kind, 'a password (WPA2) has 8 to 63 characters');
    expect(page.bad).toBe('a password (WPA2) has 8 to 63 characters.');
    expect(focus()).toBe(id);
    expect(input(id).getAttribute('aria-invalid')).toBe('true');
    expect(input('save').disabled).toBe(false);
    await save('Home', '12345678');
    expect(input(id).hasAttribute('aria-invalid')).toBe(false);
    page.post().answer(202, { ssid: 'Home', name: 'x.local' });
    expect(page.bad).toBe('');
    expect(page.ok).toContain('Saved.');
  });

  test('during an upload, or with a broken store, says what the device says', async () => {
    await save('Home', '12345678');
    page.post().refuse(409, 'busy', 'an upload is running');
    expect(page.bad).toBe('an upload is running.');
    expect(focus()).toBe('said');
  });

  test('to a device that does not answer can be tried again', async () => {
    await save('Home', '12345678');
    expect(input('save').disabled).toBe(true);
    page.post().drop();
    expect(page.bad).toContain('does not answer. Is this phone still in its network? Try again.');
    expect(input('save').disabled).toBe(false);
  });

  test('twice at once sends it once', async () => {
    await save('Home', '12345678');
    input('form').dispatchEvent(new page.window.Event('submit', { cancelable: true }));
    expect(page.posts).toHaveLength(1);
  });
});

test('the password can be shown, and is hidden again', async () => {
  await open(NEW);
  expect(input('pass').type).toBe('password');
  page.click('show');
  expect(input('pass').type).toBe('text');
  page.click('show');
  expect(input('pass').type).toBe('password');
});

test('every field has a name, and what is said is said to screen readers', async () => {
  await open(NEW);
  for (const [id, name] of [
    ['ssid', 'Network name'],
    ['pass', 'Password'],
    ['show', 'Show the password'],
  ] as const)
    expect(input(id).labels?.[0]?.textContent?.trim()).toBe(name);
  expect(page.element(input('pass').getAttribute('aria-describedby') ?? '').textContent).toContain(
    '8 to 63 characters',
  );
  for (const id of ['state', 'ok']) expect(page.element(id).getAttribute('role')).toBe('status');
  expect(page.element('bad').getAttribute('role')).toBe('alert');
});
