// Going back to the other slot, until it is known what runs.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { rollBack } from '../src/rollback.js';
import { FakeDevice, OLD, pause } from './fake.js';

let fake: FakeDevice;
const phases: string[] = [];
const quick = {
  everyMs: 3,
  restartLimitMs: 4000,
  lostLimitMs: 4000,
  onState: ({ phase }: { phase: string }) => void phases.push(phase),
};

beforeEach(async () => {
  fake = await FakeDevice.start();
  phases.length = 0;
});
afterEach(() => fake.stop());

test('a rollback ends when the other frontend runs, and does not wait for the end of its trial', async () => {
  const back = { result: 'rolled_back', slot: 1, version: OLD.version };
  expect(await rollBack(fake.client, quick)).toEqual(back);
  expect(fake.status.state).toBe('trial');
  expect(phases).toEqual(['restarting']);
});

test('a rollback that the device refuses is a problem', async () => {
  fake.on = (what, _request, response) =>
    what === 'POST rollback' && fake.problem(response, 409, 'no-way-back');
  await expect(rollBack(fake.client, quick)).rejects.toMatchObject({ kind: 'no-way-back' });
});

test('a rollback whose answer got lost is followed if the device restarts', async () => {
  fake.on = (what, request) => {
    if (what !== 'POST rollback') return false;
    request.socket.destroy();
    void pause(20).then(() => {
      const last = { outcome: 'rolled_back', reason: null, from: 0, to: 1 } as const;
      return fake.restart(1, last, { confirm: 'device', seconds_left: 30, boots_left: 2 });
    });
    return true;
  };
  expect(await rollBack(fake.client, quick)).toMatchObject({ result: 'rolled_back', slot: 1 });
});

test('a rollback that did not reach the device is silence', async () => {
  fake.on = (what, request) => {
    if (what !== 'POST rollback') return false;
    request.socket.destroy();
    return true;
  };
  await expect(rollBack(fake.client, { ...quick, lostLimitMs: 60 })).rejects.toMatchObject({
    kind: 'silent',
  });
  expect(phases).toEqual([]);
});

test('a device that comes back with another frontend is told as it is', async () => {
  fake.on = (what, _request, response) => {
    if (what !== 'POST rollback') return false;
    response.end('{"slot":1,"reboot_ms":1}');
    const last = { outcome: 'fell_back', reason: 'did_not_mount', from: 1, to: 0 } as const;
    void fake.restart(0, last, null);
    return true;
  };
  expect(await rollBack(fake.client, quick)).toMatchObject({ result: 'went_back', slot: 0 });
});

test('a device that does not come back is lost with words of its own', async () => {
  fake.on = (what, _request, response) => {
    if (what !== 'POST rollback') return false;
    response.end('{"slot":1,"reboot_ms":1}', () => (fake.down = true));
    return true;
  };
  await expect(rollBack(fake.client, { ...quick, restartLimitMs: 100 })).rejects.toMatchObject({
    kind: 'not_back',
  });
});
