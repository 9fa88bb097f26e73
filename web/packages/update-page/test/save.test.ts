// @vitest-environment jsdom
// What a backup is called, and how the browser is given it.
import { expect, test, vi } from 'vitest';
import { backupName, save } from '../src/save.js';
import { settled } from './fake.js';

test.each([
  ['kitchen', '1.4.0', null, 'kitchen-1.4.0.bin'],
  ['Küche 2', '1.4.0+build.7', null, 'Küche-2-1.4.0+build.7.bin'],
  ['../../etc/passwd', 'a\\b:c*?"<>|', null, '..-..-etc-passwd-a-b-c-.bin'],
  ['kitchen', null, 'fedcba9876543210', 'kitchen-fedcba9876543210.bin'],
  ['kitchen', null, null, 'kitchen-www.bin'],
])('a backup of %s with %s (build %s) is called %s', (name, version, build, want) => {
  const status = settled();
  const slots = status.slots.map((slot) => ({ ...slot, version, build }));
  expect(backupName({ ...status, device: { ...status.device, name }, slots })).toBe(want);
});

test('the browser is given a file under this name, and lets go of it later', () => {
  vi.useFakeTimers();
  const clicked: [string, string][] = [];
  URL.createObjectURL = () => 'blob:1';
  URL.revokeObjectURL = vi.fn();
  const click = vi.spyOn(HTMLAnchorElement.prototype, 'click');
  click.mockImplementation(function (this: HTMLAnchorElement) {
    clicked.push([this.download, this.href]);
  });
  save(new Blob(['x']), 'kitchen.bin');
  expect(clicked).toEqual([['kitchen.bin', 'blob:1']]);
  expect(URL.revokeObjectURL).not.toHaveBeenCalled();
  vi.advanceTimersByTime(60_000);
  expect(URL.revokeObjectURL).toHaveBeenCalledWith('blob:1');
  vi.useRealTimers();
});
