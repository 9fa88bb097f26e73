// An upload of what differs, and what becomes of it when the device, or the network, does not want it.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Sent, type UpdateOptions, type UpdateState, update } from '../src/update.js';
import { patchBetween } from '../src/patch.js';
import { FakeDevice, NEW, OLD, pause } from './fake.js';
import { concat, follow, listOf, noise, type Bytes } from './images.js';

const OLD_IMAGE = noise(61_440, 1);
const IMAGE = concat(OLD_IMAGE.slice(0, 20_480), noise(4096, 2), OLD_IMAGE.slice(24_576));
const UNFINISHED = 'an upload into it did not complete';

let fake: FakeDevice;
let sent: Sent[];
let states: UpdateState[];
/** What is in the slots. */
let slots: [Bytes, Bytes];
/** Does something with an upload in the place of the device, with how many came before. */
let upload: (count: number, response: ServerResponse, request: IncomingMessage) => unknown;
let bodies: Bytes[];

const how = () => sent.map(({ how }) => how);
const uploads = () => fake.asked.filter((what) => /^(POST|PATCH) frontend/.test(what));
const lists = () => fake.asked.filter((what) => what.startsWith('GET frontend/chunks'));

/** It writes some of it, and the connection breaks. */
async function breaks(response: ServerResponse, written = 32_768): Promise<void> {
  fake.progress('writing', written, written, IMAGE.length);
  await fake.seen();
  slots[1] = concat(IMAGE.slice(0, written), slots[1].slice(written));
  fake.status.slots = fake.status.slots.map((slot, i) =>
    i === 1 ? { ...slot, valid: false, sha256: null, problem: UNFINISHED } : slot,
  );
  response.destroy();
  await pause(5);
  fake.status.upload = null;
}

async function takes(response: ServerResponse): Promise<void> {
  fake.progress('writing', 8192, 8192, IMAGE.length);
  await fake.seen();
  fake.accept(response, fake.take(), IMAGE.length);
  await fake.restartNew();
}

async function read(request: IncomingMessage): Promise<Bytes> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return new Uint8Array(Buffer.concat(parts));
}

function run(options: UpdateOptions = {}, image: Bytes = IMAGE) {
  return update(fake.client, new Blob([image]), {
    everyMs: 3,
    restartLimitMs: 4000,
    stallLimitMs: 4000,
    onSend: (what) => sent.push(what),
    onState: (state) => states.push(state),
    open: () => fake.settle(),
    ...options,
  });
}

beforeEach(async () => {
  fake = await FakeDevice.start();
  [sent, states, bodies] = [[], [], []];
  slots = [OLD_IMAGE, noise(61_440, 9)];
  upload = (_, response) => takes(response);
  fake.on = async (what, request, response) => {
    const [, slot, length] = /^GET frontend\/chunks\?slot=(\d)(?:&length=(\d+))?$/.exec(what) ?? [];
    if (slot) {
      const image = slots[Number(slot) as 0 | 1];
      const list = await listOf(image.slice(0, Number(length ?? image.length)), !length);
      response.end(new Uint8Array(list));
      return true;
    }
    if (!/^(POST|PATCH) frontend/.test(what)) return false;
    const count = bodies.push(await read(request)) - 1;
    await upload(count, response, request);
    return true;
  };
});
afterEach(() => fake.stop());

test('what differs from what runs is sent, and nothing else of the device is asked for', async () => {
  expect(await run()).toMatchObject({ result: 'updated', version: NEW.version });
  expect(uploads()).toEqual(['PATCH frontend?confirm=client&within=300']);
  expect(lists()).toEqual(['GET frontend/chunks?slot=0']);
  const patch = bodies[0] as Bytes;
  expect(sent).toEqual([{ bytes: patch.length, total: IMAGE.length, how: 'patch' }]);
  const { image, data } = follow(patch, OLD_IMAGE, slots[1]);
  expect(image).toEqual(IMAGE);
  expect(data).toBeLessThan(3 * 4096);
});

test('all of it is sent where that is asked for, and the device is not asked what it has', async () => {
  await run({ full: true });
  expect(lists()).toEqual([]);
  expect(uploads()).toEqual(['POST frontend?confirm=client&within=300']);
  expect(sent).toEqual([{ bytes: IMAGE.length, total: IMAGE.length, how: 'asked' }]);
});

test('all of it is sent where nearly nothing is the same', async () => {
  slots[0] = noise(40_960, 5);
  await run();
  expect(how()).toEqual(['differs']);
  expect(bodies).toEqual([IMAGE]);
});

test('a device in recovery is not asked for the chunks of what it cannot read', async () => {
  fake.status.state = 'recovery';
  fake.status.slots = fake.status.slots.map((slot) => ({
    ...slot,
    valid: false,
    problem: 'empty',
  }));
  await run();
  expect(lists()).toEqual([]);
  expect(how()).toEqual(['unknown']);
});

test.each<[string, (response: ServerResponse, list: ArrayBuffer) => unknown]>([
  ['does not know the way', (response) => fake.problem(response, 404, 'not-found')],
  ['does not know the method', (response) => fake.problem(response, 405, 'method')],
  ['answers by something else', (response) => response.end('<html>')],
  ['gives a list that is cut off', (response, list) => response.end(new Uint8Array(list, 0, 134))],
  ['breaks off', (response) => response.destroy()],
])('all of it is sent to a device that %s', async (_, answer) => {
  const { on } = fake;
  fake.on = async (what, request, response) => {
    if (!what.startsWith('GET frontend/chunks')) return on(what, request, response);
    answer(response, await listOf(OLD_IMAGE));
    return true;
  };
  expect(await run()).toMatchObject({ result: 'updated' });
  expect(how()).toEqual(['unknown']);
});

test.each<[string, (response: ServerResponse) => unknown]>([
  ['other-base', (response) => fake.problem(response, 409, 'other-base')],
  ['bad-patch', (response) => fake.problem(response, 422, 'bad-patch')],
  ['media-type', (response) => fake.problem(response, 415, 'media-type')],
  ['a method that is not allowed', (response) => fake.problem(response, 405, 'method')],
  ['a proxy’s page', (response) => response.writeHead(501).end('<html>')],
])('all of it is sent where the patch is refused: %s', async (_, refuse) => {
  upload = async (count, response) => {
    // A part of it may be written by then.
    fake.progress('writing', 4096, 4096, IMAGE.length);
    await fake.seen();
    fake.status.upload = null;
    return count ? takes(response) : refuse(response);
  };
  expect(await run()).toMatchObject({ result: 'updated' });
  expect(how()).toEqual(['patch', 'refused']);
  expect(uploads().map((what) => what.split(' ')[0])).toEqual(['PATCH', 'POST']);
  expect(bodies[1]).toEqual(IMAGE);
});

test.each(['rejected', 'other-firmware', 'not-signed', 'too-large'])(
  'a refusal that all of it would have, too, is told at once: %s',
  async (kind) => {
    upload = (_, response) => fake.problem(response, 422, kind);
    await expect(run()).rejects.toMatchObject({ kind });
    expect(uploads()).toHaveLength(1);
  },
);

test('a moment without a total, before the device knows what a patch makes, is no progress', async () => {
  upload = async (_, response) => {
    fake.progress('writing', 0, 0, 0);
    await fake.seen();
    return takes(response);
  };
  await run();
  const totals = states.flatMap((state) => ('total' in state ? [state.total] : []));
  expect(new Set(totals)).toEqual(new Set([IMAGE.length]));
});

test('a patch from an image that is at hand needs no list, where the caller has that image', async () => {
  const patchFrom = vi.fn(async (sha256: string) =>
    sha256 === OLD.sha256 ? patchBetween(OLD_IMAGE, IMAGE) : null,
  );
  await run({ patchFrom });
  expect(lists()).toEqual([]);
  expect(how()).toEqual(['patch']);
  expect(follow(bodies[0] as Bytes, OLD_IMAGE, slots[1]).image).toEqual(IMAGE);
  expect(patchFrom.mock.calls).toEqual([[OLD.sha256]]);
});

test('where the caller has not, the device is asked', async () => {
  await run({ patchFrom: async () => null });
  expect(lists()).toEqual(['GET frontend/chunks?slot=0']);
  expect(how()).toEqual(['patch']);
});

test('what is missing of an upload is asked of the device, whatever is at hand', async () => {
  const patchFrom = vi.fn(() => patchBetween(OLD_IMAGE, IMAGE));
  upload = (count, response) => (count ? takes(response) : breaks(response));
  await run({ patchFrom });
  expect(patchFrom).toHaveBeenCalledOnce();
  expect(lists()).toHaveLength(2);
  expect(how()).toEqual(['patch', 'rest']);
});

describe('an upload that broke off', () => {
  test('goes on with what is missing', async () => {
    slots[0] = noise(40_960, 5);
    upload = (count, response) => (count ? takes(response) : breaks(response));
    expect(await run()).toMatchObject({ result: 'updated', version: NEW.version });
    expect(how()).toEqual(['differs', 'rest']);
    expect(lists()).toEqual([
      'GET frontend/chunks?slot=0',
      'GET frontend/chunks?slot=0',
      `GET frontend/chunks?slot=1&length=${IMAGE.length}`,
    ]);
    const { image, kept, data } = follow(bodies[1] as Bytes, slots[0], slots[1]);
    expect(image).toEqual(IMAGE);
    expect(kept).toBeGreaterThan(32_768 - 4096);
    expect(data).toBe(IMAGE.length - kept);
    const phases = states.map(({ phase }) => phase);
    const broke = phases.indexOf('reconnecting');
    expect(phases.slice(0, broke)).toContain('writing');
    expect(phases.slice(broke, broke + 3)).toEqual(['reconnecting', 'sending', 'writing']);
    expect(states[broke]).toEqual({ phase: 'reconnecting', total: IMAGE.length });
  });

  test('goes on when the device is heard of again, and says so until then', async () => {
    upload = async (count, response) => {
      if (count) return takes(response);
      fake.progress('writing', 16_384, 16_384, IMAGE.length);
      await fake.seen();
      fake.down = true;
      response.destroy();
      await vi.waitFor(() => expect(states.at(-1)?.phase).toBe('reconnecting'), 4000);
      // The device waits for more.
      fake.down = false;
      await fake.seen();
      expect(states.at(-1)?.phase).toBe('reconnecting');
      fake.status.upload = null;
    };
    expect(await run()).toMatchObject({ result: 'updated' });
    expect(how()).toEqual(['patch', 'rest']);
  });

  test('by another page goes on as well', async () => {
    slots[1] = concat(IMAGE.slice(0, 49_152), noise(12_288, 7));
    slots[0] = noise(40_960, 5);
    const [active, other] = fake.status.slots;
    fake.status.slots = [active, { ...other, valid: false, problem: UNFINISHED }] as never;
    await run();
    expect(how()).toEqual(['patch']);
    expect(follow(bodies[0] as Bytes, slots[0], slots[1]).kept).toBeGreaterThan(40_960);
  });

  test('for another reason is not built upon', async () => {
    const [active, other] = fake.status.slots;
    fake.status.slots = [active, { ...other, valid: false, problem: 'block 7 is bad' }] as never;
    await run();
    expect(lists()).toEqual(['GET frontend/chunks?slot=0']);
  });

  test('is lost where the device does not come back', async () => {
    upload = async (_, response) => {
      fake.progress('writing', 4096, 4096, IMAGE.length);
      await fake.seen();
      fake.down = true;
      response.destroy();
    };
    const limits = { stallLimitMs: 3000, reconnectLimitMs: 100 };
    await expect(run(limits)).rejects.toMatchObject({ name: 'Unreachable', kind: 'gone' });
    expect(states.at(-1)?.phase).toBe('reconnecting');
  });

  test('is lost where it breaks again and again', async () => {
    upload = (_, response) => breaks(response);
    await expect(run()).rejects.toMatchObject({ name: 'Unreachable', kind: 'lost' });
    expect(how()).toEqual(['patch', ...Array(5).fill('rest')]);
  });

  test('before the device had begun with it is lost at once', async () => {
    upload = (_, response) => response.destroy();
    await expect(run()).rejects.toMatchObject({ kind: 'lost' });
    expect(uploads()).toHaveLength(1);
  });

  test('is lost where all of it was to be sent', async () => {
    upload = (_, response) => breaks(response);
    await expect(run({ full: true })).rejects.toMatchObject({ kind: 'lost' });
    expect(uploads()).toHaveLength(1);
    expect(states.map(({ phase }) => phase)).not.toContain('reconnecting');
  });

  test('by a restart is told, since that is no hole in the network', async () => {
    upload = async (_, response) => {
      fake.progress('writing', 4096, 4096, IMAGE.length);
      await fake.seen();
      response.destroy();
      await fake.restart(0, null, null);
    };
    await expect(run()).rejects.toMatchObject({ kind: 'restarted' });
    expect(uploads()).toHaveLength(1);
  });

  test('does not push an update of somebody else aside', async () => {
    upload = async (_, response) => {
      await breaks(response);
      fake.status.state = 'trial';
      fake.status.trial = { confirm: 'client', seconds_left: 60, boots_left: 2 };
    };
    await expect(run()).rejects.toMatchObject({ kind: 'lost' });
    expect(uploads()).toHaveLength(1);
  });

  test('can be cancelled while the device is not heard of', async () => {
    const controller = new AbortController();
    upload = async (_, response) => {
      fake.progress('writing', 4096, 4096, IMAGE.length);
      await fake.seen();
      fake.down = true;
      response.destroy();
    };
    const onState = (state: UpdateState) => {
      if (state.phase === 'reconnecting') controller.abort(new Error('no longer wanted'));
    };
    await expect(run({ onState, signal: controller.signal })).rejects.toThrow('no longer wanted');
    expect(uploads()).toHaveLength(1);
  });
});
