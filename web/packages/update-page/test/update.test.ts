// Updates from the first byte to the verdict, against a device that does what each test says.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Problem, Unreachable } from '../src/device.js';
import {
  type Pending,
  type UpdateOptions,
  type UpdateState,
  resume,
  update,
} from '../src/update.js';
import { FakeDevice, NEW, OLD, pause } from './fake.js';

let fake: FakeDevice;
let states: UpdateState[];

const image = new Blob([new Uint8Array(8192)]);
// Limits that a busy machine does not reach; tests of a limit have a short one.
const quick = { everyMs: 3, restartLimitMs: 4000, recoveryLimitMs: 200, stallLimitMs: 4000 };
const soon = { restartLimitMs: 100, stallLimitMs: 100 };
const phases = () => [...new Set(states.map((state) => state.phase))];

function run(options: UpdateOptions = {}) {
  return update(fake.client, image, {
    ...quick,
    onState: (state) => states.push(state),
    open: () => fake.settle(),
    ...options,
  });
}

/** Replaces what the device does with an upload, after it has read the body. */
function onUpload(then: (response: import('node:http').ServerResponse) => Promise<void>) {
  fake.on = async (what, request, response) => {
    if (!what.startsWith('POST frontend')) return false;
    request.resume();
    await then(response);
    return true;
  };
}

beforeEach(async () => {
  fake = await FakeDevice.start();
  states = [];
});
afterEach(() => fake.stop());

test('an update goes through all phases in order and ends when the device has settled', async () => {
  fake.statusMs = 1;
  const outcome = await run();
  expect(outcome).toEqual({ result: 'updated', slot: 1, version: NEW.version });
  expect(phases()).toEqual([
    'sending',
    'writing',
    'checking',
    'switching',
    'restarting',
    'confirming',
  ]);
  expect(fake.asked).toContain('POST frontend?confirm=client&within=300');
  expect(fake.mostAtOnce).toBe(1);
});

test('no state is told twice', async () => {
  await run();
  const texts = states.map((state) => JSON.stringify(state));
  expect(new Set(texts).size).toBe(texts.length);
});

test('progress never goes backwards, even where the device says so', async () => {
  onUpload(async (response) => {
    for (const [phase, written] of [
      ['writing', 0],
      ['writing', 4096],
      ['writing', 2048],
      ['checking', 8192],
      ['writing', 8192],
      ['switching', 8192],
    ] as const) {
      fake.progress(phase, 8192, written);
      await fake.seen();
    }
    fake.accept(response, fake.take());
    await fake.restartNew();
  });
  await run();
  const written = states.flatMap((state) => (state.phase === 'writing' ? [state.written] : []));
  expect(written).toEqual([4096]);
  const order = ['sending', 'writing', 'checking', 'switching', 'restarting', 'confirming'];
  const ranks = states.map((state) => order.indexOf(state.phase));
  expect(ranks).toEqual([...ranks].sort());
  expect(phases()).toEqual(order);
});

test('looks that fail do not disturb an update', async () => {
  let count = 0;
  const on = fake.on;
  fake.on = (what, request, response) => {
    if (what !== 'GET status' || ++count % 2 === 1) return on(what, request, response);
    request.socket.destroy();
    return true;
  };
  expect(await run()).toMatchObject({ result: 'updated' });
});

test('the progress of another upload is not taken for this one', async () => {
  onUpload(async (response) => {
    fake.progress('writing', 4096, 4096, 999_424);
    await pause(20);
    fake.problem(response, 409, 'busy');
  });
  await expect(run()).rejects.toMatchObject({ kind: 'busy' });
  expect(states).toEqual([{ phase: 'sending', received: 0, total: 8192 }]);
});

test('a device that is busy with this very upload, which the browser sent again, has lost it', async () => {
  onUpload(async (response) => {
    fake.progress('writing', 4096, 4096);
    await fake.seen();
    fake.problem(response, 409, 'busy');
    await pause(20);
    fake.status.upload = null;
  });
  await expect(run()).rejects.toMatchObject({ kind: 'lost' });
});

test('a device that restarts with this very upload, which the browser sent again, has taken it', async () => {
  onUpload(async (response) => {
    fake.progress('restarting', 8192, 8192);
    await fake.seen();
    fake.take();
    fake.problem(response, 409, 'restarting');
    await fake.restartNew();
  });
  expect(await run()).toMatchObject({ result: 'updated', version: NEW.version });
});

test('an image that nobody confirms ends with the device having gone back, and why', async () => {
  const open = vi.fn(() => void fake.fallBack());
  const outcome = await run({ open });
  expect(outcome).toEqual({
    result: 'went_back',
    slot: 0,
    version: OLD.version,
    last: { outcome: 'fell_back', reason: 'not_confirmed', from: 1, to: 0 },
  });
  expect(open).toHaveBeenCalledOnce();
});

test('a frontend that does not even open leaves the verdict to the device', async () => {
  const open = async () => {
    void pause(20).then(() => fake.fallBack());
    throw new Error('the frame was refused');
  };
  expect(await run({ open })).toMatchObject({ result: 'went_back' });
});

test('a frontend that the device falls back from at once is told as gone back', async () => {
  onUpload(async (response) => {
    fake.accept(response, fake.take());
    const last = { outcome: 'fell_back', reason: 'did_not_mount', from: 1, to: 0 } as const;
    await fake.restart(0, last, null);
  });
  expect(await run()).toMatchObject({ result: 'went_back', last: { reason: 'did_not_mount' } });
});

test('another frontend in the right slot is not taken for the one that was sent', async () => {
  onUpload(async (response) => {
    fake.accept(response, 1);
    await fake.restartNew();
  });
  expect(await run()).toMatchObject({ result: 'went_back', slot: 1, version: OLD.version });
});

test('a frontend that stays since there is no way back says so', async () => {
  const open = () => {
    fake.settle();
    fake.status.last = { outcome: 'kept', reason: 'no_way_back', from: 1, to: 1 };
  };
  expect(await run({ open })).toEqual({
    result: 'updated',
    slot: 1,
    version: NEW.version,
    kept: true,
  });
});

test('the seconds left are those of the device', async () => {
  const open = async () => {
    for (const seconds of [59, 58]) {
      await fake.seen();
      const trial = { confirm: 'client', seconds_left: seconds, boots_left: 2 } as const;
      fake.status = { ...fake.status, trial };
    }
    await fake.seen();
    fake.settle();
  };
  await run({ open });
  expect(states.filter((state) => state.phase === 'confirming')).toEqual(
    [60, 59, 58].map((secondsLeft) => ({ phase: 'confirming', secondsLeft })),
  );
});

test('a device that confirms by itself is waited for, and nothing is opened', async () => {
  const open = vi.fn();
  onUpload(async (response) => {
    fake.accept(response, fake.take());
    await fake.restartNew('device');
    void pause(20).then(() => fake.settle());
  });
  expect(await run({ open })).toMatchObject({ result: 'updated' });
  expect(open).not.toHaveBeenCalled();
});

test('a device that restarts once more while on trial is still followed, and its frontend opened again', async () => {
  let opened = 0;
  const open = async () => {
    if (opened++) return fake.settle();
    await fake.restart(1, fake.status.last, { confirm: 'client', seconds_left: 60, boots_left: 1 });
  };
  expect(await run({ open })).toMatchObject({ result: 'updated' });
  expect(opened).toBe(2);
});

test('a page that slept through the restart gives the device its time anew', async () => {
  let slept = 0;
  const now = Date.now.bind(Date);
  vi.spyOn(Date, 'now').mockImplementation(() => now() + slept);
  onUpload(async (response) => {
    fake.accept(response, fake.take());
    await pause(5);
    fake.down = true;
    await pause(20);
    slept = 3_600_000;
    await pause(20);
    await fake.restartNew();
  });
  try {
    expect(await run()).toMatchObject({ result: 'updated' });
  } finally {
    vi.restoreAllMocks();
  }
});

test('recovery is believed when it lasts', async () => {
  onUpload(async (response) => {
    fake.accept(response, fake.take());
    await fake.restartNew();
    fake.status.state = 'recovery';
  });
  expect(await run()).toEqual({ result: 'recovery' });
});

test('recovery that passes is no outcome', async () => {
  onUpload(async (response) => {
    fake.accept(response, fake.take());
    await fake.restartNew();
    fake.status.state = 'recovery';
    await pause(15);
    fake.status.state = 'trial';
  });
  expect(await run()).toMatchObject({ result: 'updated' });
});

test('a device that does not come back is lost with words of its own', async () => {
  onUpload(async (response) => {
    fake.accept(response, fake.take());
    await pause(5);
    fake.down = true;
  });
  await expect(run(soon)).rejects.toMatchObject({ name: 'Unreachable', kind: 'not_back' });
});

test('a device that answers but does not restart is told from one that is gone', async () => {
  onUpload(async (response) => fake.accept(response, fake.take()));
  await expect(run(soon)).rejects.toMatchObject({ name: 'Unreachable', kind: 'not_restarted' });
});

test.each(['bad-length', 'not-an-image', 'rejected', 'flash-fault'])(
  'a refusal (%s) reaches the caller as the device said it',
  async (kind) => {
    onUpload(async (response) => void fake.problem(response, 422, kind));
    const error = await run().catch((error: unknown) => error);
    expect(error).toBeInstanceOf(Problem);
    expect(error).toMatchObject({ kind, status: 422, detail: `detail of ${kind}` });
  },
);

test('nothing is sent to a device that is on trial, busy, or at fault', async () => {
  const trial = { confirm: 'client', seconds_left: 9, boots_left: 1 } as const;
  const upload = { phase: 'writing', received: 0, written: 0, total: 8192 } as const;
  for (const [kind, change] of [
    ['on-trial', { state: 'trial', trial }],
    ['busy', { upload }],
    ['restarting', { upload: { ...upload, phase: 'restarting' } }],
    ['nvs-fault', { fault: 'NVS page 2 is damaged' }],
  ] as const) {
    const before = fake.status;
    fake.status = { ...before, ...change };
    await expect(run()).rejects.toMatchObject({ kind });
    fake.status = before;
  }
  expect(fake.asked.filter((asked) => asked.startsWith('POST'))).toEqual([]);
});

test('an image that is too large is not sent', async () => {
  const large = new Blob([new Uint8Array((1 << 20) + 4096)]);
  const error = await update(fake.client, large).catch((error: unknown) => error);
  expect(error).toMatchObject({ kind: 'too-large', slotSize: 1 << 20 });
  expect(fake.asked).toEqual(['GET status']);
});

test('an update whose answer got lost goes on when the device says that it switches', async () => {
  onUpload(async (response) => {
    fake.progress('checking', 8192, 8192);
    await pause(10);
    response.destroy();
    fake.take();
    fake.progress('restarting', 8192, 8192);
    await pause(30);
    await fake.restartNew();
  });
  expect(await run()).toMatchObject({ result: 'updated', version: NEW.version });
});

test('a device that said that it restarts has the time of a restart, though its answer got lost', async () => {
  fake.downMs = 400;
  onUpload(async (response) => {
    fake.progress('restarting', 8192, 8192);
    await fake.seen();
    fake.take();
    response.destroy();
    await fake.restartNew();
  });
  expect(await run({ stallLimitMs: 150 })).toMatchObject({ result: 'updated' });
});

test('an update whose answer got lost goes on when the device runs the new frontend', async () => {
  fake.downMs = 40;
  onUpload(async () => {
    fake.progress('switching', 8192, 8192);
    await pause(10);
    fake.take();
    await fake.restartNew();
  });
  expect(await run()).toMatchObject({ result: 'updated', version: NEW.version });
});

test('an update whose answer got lost and that was taken back is an outcome', async () => {
  onUpload(async () => {
    fake.take();
    const last = { outcome: 'fell_back', reason: 'kept_restarting', from: 1, to: 0 } as const;
    await fake.restart(0, last, null);
  });
  expect(await run()).toMatchObject({ result: 'went_back', last: { reason: 'kept_restarting' } });
});

test('an upload whose connection breaks is lost, and the old frontend still runs', async () => {
  onUpload(async (response) => {
    fake.progress('writing', 4096, 4096);
    await pause(10);
    response.destroy();
    await pause(10);
    fake.status.upload = null;
  });
  await expect(run()).rejects.toMatchObject({ name: 'Unreachable', kind: 'lost' });
});

test('a device that loses power during an upload has restarted, though it is there again', async () => {
  onUpload(async () => {
    fake.progress('writing', 4096, 4096);
    await pause(10);
    await fake.restart(0, null, null);
  });
  await expect(run()).rejects.toMatchObject({ kind: 'restarted' });
});

test('a restart is noticed where the connection does not notice', async () => {
  onUpload(async () => {
    // The same boot over the wire: only the id tells.
    fake.status.device = { ...fake.status.device, boot_id: 'another' };
    await pause(60);
  });
  await expect(run()).rejects.toMatchObject({ kind: 'restarted' });
});

test('a device that is gone during an upload is told from one that is there', async () => {
  onUpload(async (response) => {
    fake.down = true;
    response.destroy();
  });
  await expect(run(soon)).rejects.toMatchObject({ name: 'Unreachable', kind: 'gone' });
});

test('an upload on which nothing goes on is given up', async () => {
  onUpload(async () => {
    fake.progress('writing', 4096, 4096);
    await pause(160);
    fake.status.upload = null;
  });
  await expect(run(soon)).rejects.toMatchObject({ name: 'Unreachable', kind: 'lost' });
});

test('a check that failed is told, even where its answer got lost', async () => {
  onUpload(async (response) => {
    fake.progress('checking', 8192, 8192);
    await fake.seen();
    const problem = 'block 7 is used twice';
    fake.status.slots = fake.status.slots.map((slot, i) => (i === 1 ? { ...slot, problem } : slot));
    fake.status.upload = null;
    response.destroy();
  });
  await expect(run()).rejects.toMatchObject({ kind: 'rejected', detail: 'block 7 is used twice' });
});

test('aborting breaks the upload off with the reason that was given', async () => {
  const controller = new AbortController();
  let broken = false;
  fake.on = async (what, request) => {
    if (!what.startsWith('POST frontend')) return false;
    request.on('close', () => (broken = true)).resume();
    fake.progress('writing', 4096, 4096);
    await pause(10);
    controller.abort(new Error('no longer wanted'));
    return true;
  };
  await expect(run({ signal: controller.signal })).rejects.toThrow('no longer wanted');
  await vi.waitFor(() => expect(broken).toBe(true));
  // What was asked last may still be on its way.
  await pause(20);
  const { length } = fake.asked;
  await pause(20);
  expect(fake.asked).toHaveLength(length);
});

test('a new try waits until the device has noticed that the one before was cancelled', async () => {
  const controller = new AbortController();
  const device = fake.client;
  const options = { ...quick, open: () => fake.settle() };
  fake.on = async (what, request) => {
    if (!what.startsWith('POST frontend')) return false;
    request.resume();
    fake.progress('writing', 4096, 4096);
    await pause(10);
    controller.abort();
    void pause(40).then(() => (fake.status.upload = null));
    return true;
  };
  const first = update(device, image, { ...options, signal: controller.signal });
  await expect(first).rejects.toMatchObject({ name: 'AbortError' });
  fake.on = () => false;
  expect(fake.status.upload).not.toBeNull();
  expect(await update(device, image, options)).toMatchObject({ result: 'updated' });
});

test('aborting ends the wait for a restart', async () => {
  const controller = new AbortController();
  onUpload(async (response) => fake.accept(response, fake.take()));
  const onState = (state: UpdateState) => {
    if (state.phase === 'restarting') controller.abort();
  };
  await expect(run({ signal: controller.signal, onState })).rejects.toMatchObject({
    name: 'AbortError',
  });
});

test('a signal that is aborted before sends nothing', async () => {
  await expect(run({ signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' });
  expect(fake.asked).toEqual([]);
});

test('a device that is not there is unreachable, and nothing was sent', async () => {
  fake.down = true;
  const error = await run().catch((error: unknown) => error);
  expect(error).toBeInstanceOf(Unreachable);
  expect(error).toMatchObject({ kind: 'silent' });
});

test('a page that was loaded anew goes on with what the page before followed', async () => {
  const first = new AbortController();
  let kept = '';
  const onPending = (pending: Pending) => {
    kept = JSON.stringify(pending);
    first.abort();
  };
  await expect(run({ signal: first.signal, onPending })).rejects.toMatchObject({
    name: 'AbortError',
  });
  states = [];
  const outcome = await resume(fake.client, JSON.parse(kept) as Pending, {
    ...quick,
    onState: (state) => states.push(state),
    open: () => pause(20).then(() => fake.settle()),
  });
  expect(outcome).toMatchObject({ result: 'updated', version: NEW.version });
  expect(phases()).toEqual(['restarting', 'confirming']);
  const texts = states.map((state) => JSON.stringify(state));
  expect(new Set(texts).size).toBe(texts.length);
});

test('a page that comes back after the verdict is told it at once', async () => {
  let kept: Pending | undefined;
  await run({ onPending: (pending) => (kept = pending) });
  await fake.fallBack();
  expect(await resume(fake.client, kept as Pending, quick)).toMatchObject({ result: 'went_back' });
});
