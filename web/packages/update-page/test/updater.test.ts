// What the updater does, with a device that does what a test says and a browser that only takes notes.
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Browser } from '../src/browser.js';
import type { FrameReport } from '../src/frame.js';
import { Updater } from '../src/updater.js';
import { FakeDevice, pause } from './fake.js';
import { block, file, image, manifest, superblock } from './image-file.js';

let fake: FakeDevice;
let updater: Updater;
let stop: () => void;

class FakeBrowser implements Browser {
  opened = 0;
  held = 0;
  stayed = 0;
  left: (string | undefined)[] = [];
  inFrame: FrameReport | null = null;
  onOpen: () => void = () => undefined;
  readonly frame = {
    home: '/',
    open: () => {
      this.opened++;
      this.onOpen();
    },
    close: () => undefined,
    report: () => this.inFrame,
  };
  leave = (home: string | undefined) => void this.left.push(home);
  hold = () => {
    this.held++;
    return () => void this.held--;
  };
  stay = () => {
    this.stayed++;
    return () => void this.stayed--;
  };
  unseen = () => false;
}
let browser: FakeBrowser;

const imageFile = (version: string, name = 'www.bin') => {
  const first = block(1, [[...superblock(), manifest(version, [1, 2], 2), ...file]]);
  return new File([image(first, first, 2)], name);
};

beforeEach(async () => {
  fake = await FakeDevice.start();
  browser = new FakeBrowser();
  updater = new Updater(fake.client, {}, browser);
  stop = updater.subscribe(() => undefined);
});

afterEach(async () => {
  stop();
  await fake.stop();
});

const until = async (is: () => boolean) => {
  for (let i = 0; i < 1000 && !is(); i++) await pause(5);
  expect(is()).toBe(true);
};

test('an update ends with the page of the new frontend', async () => {
  await until(() => !!updater.state.status);
  browser.onOpen = () => fake.settle();
  await updater.choose(imageFile('1.5.0'));
  expect(updater.state.file).toMatchObject({ version: '1.5.0', name: 'www.bin' });
  const installing = updater.install();
  await until(() => updater.state.holding);
  expect(browser.held).toBe(1);
  await installing;
  expect(updater.state).toMatchObject({ leaving: true, holding: false });
  expect(browser.left).toEqual([undefined]);
  expect(browser.opened).toBe(1);
  expect(browser.held).toBe(0);
});
