// Whatever a browser lets a page from elsewhere send, and however: nothing on the device changes, and the page
// learns nothing.
import { writeFile } from 'node:fs/promises';
import type { Frame, Page } from '@playwright/test';
import { tryAttack } from '../harness/attacks.js';
import type { DeviceOptions } from '../harness/device.js';
import type { Foreign } from '../harness/foreign.js';
import { imagePath } from '../harness/frontends.js';
import type { Proxy } from '../harness/proxy.js';
import { expect, test } from '../harness/test.js';
import { sleep } from '../harness/wait.js';
import { BY, installWays, tryWays, type Target } from '../harness/ways.js';

/** Devices that are tried: what they are, and what makes them so. One with a login belongs here, too. */
interface Kind {
  readonly is: string;
  readonly options: DeviceOptions;
  /** What the device's own page is answered that goes back. */
  readonly own: string;
}
const DEVICES: readonly Kind[] = [
  { is: 'an open device', options: {}, own: '"slot":1' },
  {
    is: 'a device with a password',
    options: { args: ['--password', 'correct horse'] },
    own: 'password-needed',
  },
];

/** Longer than an accepted change waits with the restart. */
const RESTART_WOULD_FOLLOW_MS = 1_500;

/** Ways that are tried at a time. */
const AT_ONCE = 35;

interface Room {
  readonly page: Page;
  readonly proxy: Proxy;
  readonly foreign: Foreign;
  /** A file that may be written. */
  readonly file: string;
  /** Where the device itself is. */
  readonly port: number;
}

type Opened = Target & { readonly frame: Frame };

const BENT = 'a name that was bent to the device';

const EMPTY = '<!doctype html><title>From elsewhere</title><body>';

/** A frame in a page from elsewhere. */
async function framed(room: Room, attributes: Record<string, string>): Promise<Opened> {
  const { page, foreign, proxy } = room;
  await page.goto(foreign.byAddress);
  await page.evaluate(async (attributes) => {
    const frame = document.createElement('iframe');
    for (const [name, value] of Object.entries(attributes)) frame.setAttribute(name, value);
    const loaded = new Promise((resolve) => (frame.onload = resolve));
    document.body.append(frame);
    await loaded;
  }, attributes);
  const frame = page.frames()[1];
  if (!frame) throw new Error('no frame');
  return { frame, device: proxy.url, home: '' };
}

async function opened(room: Room, url: string, home = ''): Promise<Opened> {
  await room.page.goto(url);
  return { frame: room.page.mainFrame(), device: room.proxy.url, home };
}

/** Where a page can be from. */
const PLACES: Record<string, (room: Room) => Promise<Opened>> = {
  'another port of the address': (room) =>
    opened(room, room.foreign.byAddress, room.foreign.byAddress),
  'a name of the same machine': (room) => opened(room, room.foreign.byName, room.foreign.byName),
  'another name of the device itself': (room) =>
    opened(room, `http://localhost:${room.proxy.port}/api/nothing`),
  'a file': async (room) => {
    await writeFile(room.file, EMPTY);
    return opened(room, `file://${room.file}`);
  },
  'a sandboxed frame': (room) =>
    framed(room, {
      sandbox: 'allow-scripts allow-forms allow-popups allow-modals allow-downloads',
      srcdoc: EMPTY,
    }),
  'a frame without an address': (room) => framed(room, { src: `data:text/html,${EMPTY}` }),
  // The name led elsewhere when the page came, and leads to the device since.
  [BENT]: async (room) => {
    const { proxy, foreign, port } = room;
    const device = `http://rebound.example:${proxy.port}`;
    proxy.leadTo(Number(new URL(foreign.byAddress).port));
    const bent = await opened(room, `${device}/begin`);
    proxy.leadTo(port);
    proxy.forget();
    return { ...bent, device };
  },
};

/** What a browser does not even send, and that of which one cannot tell here that it did. */
const MAY_STAY = [
  / same-origin$/,
  /^fetch (PUT|PATCH|DELETE|OPTIONS|BREW), no-cors$/,
  /name and a password|of the device$/,
  // It asks for these when there is something to be seen, or when it likes to.
  /^(icon|manifest), |^fetch later$|^speculation$/,
  // Only over HTTP/2; a browser that has to ask first does that over any.
  /^fetch of a (long )?stream/,
  // No request.
  /^preconnect, |relay$/,
];

/** The same where there is no server behind the page, or it has no origin. */
const MAY_STAY_WITHOUT_HOME = [/^shared worker$/, /^service worker$/, /^report /];

for (const { is, options, own } of DEVICES) {
  for (const [place, open] of Object.entries(PLACES)) {
    test(`a page at ${place} changes nothing on ${is}, whatever it sends and however`, async ({
      page,
      startDevice,
      startProxy,
      foreign,
      pageErrors,
    }, info) => {
      const images = { www: imagePath('old'), other: imagePath('new') };
      const device = await startDevice({
        ...images,
        ...options,
        args: ['--example', ...(options.args ?? [])],
      });
      const proxy = await startProxy(device);
      const lamp = (): Promise<string> => device.send('GET', '/api/lamp').then(({ body }) => body);
      const before = [await device.fingerprint(), await lamp()];
      const target = await open({
        page,
        proxy,
        foreign,
        file: info.outputPath('page.html'),
        port: device.port,
      });

      const names = await installWays(target.frame);
      const learnt: Record<string, string> = {};
      for (let from = 0; from < names.length; from += AT_ONCE) {
        const numbers = names.slice(from, from + AT_ONCE).map((_, at) => from + at);
        const some = await tryWays(target.frame, numbers, target);
        numbers.forEach((number, at) => (learnt[names[number] ?? ''] = some[at] ?? ''));
      }
      const stays = [...MAY_STAY, ...(target.home ? [] : MAY_STAY_WITHOUT_HOME)];
      const silent = (): string[] => {
        const { requests } = proxy.heads();
        const arrived = (number: number): boolean =>
          requests.some((request) => request.includes(`${BY}${number}-`));
        const wanted = (name: string): boolean => !stays.some((stay) => stay.test(name));
        return names.filter((name, number) => wanted(name) && !arrived(number));
      };
      await expect.poll(silent, 'what was never sent').toEqual([]);
      await sleep(RESTART_WOULD_FOLLOW_MS);
      expect([await device.fingerprint(), await lamp()]).toEqual(before);

      const { requests, statuses, answered } = proxy.heads();
      const asked = requests.filter((request) => /^(GET|HEAD|OPTIONS) /.test(request));
      const obeyed = statuses.filter((status) => status < 400);
      expect(obeyed.length).toBeLessThanOrEqual(asked.length);
      expect(statuses).not.toContain(101);
      expect(answered.filter((name) => name.startsWith('access-control-'))).toEqual([]);
      // Of its own origin, as it is then, a page may read that it is refused.
      const nothing = /^(blocked|opaque|sent)$/;
      const refused = /^read .*(403|foreign-host)/;
      const told = Object.entries(learnt).filter(
        ([, what]) => !nothing.test(what) && !(place === BENT && refused.test(what)),
      );
      expect(told, 'what it learnt').toEqual([]);
      pageErrors.length = 0; // of what was blocked

      // What was refused is what the device's own page may ask for.
      await page.goto(`${proxy.url}/api/nothing`);
      const right = { by: 'xhr', body: 'json', method: 'POST', type: 'application/json' } as const;
      const rolledBack = await tryAttack(
        page,
        proxy.url,
        { ...right, path: '/api/ota/rollback' },
        '',
      );
      expect(rolledBack).toContain(own);
    });
  }
}
