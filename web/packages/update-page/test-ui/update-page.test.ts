// @vitest-environment jsdom
// The page with a device and its updater: what a person sees of what they do.
import '@testing-library/jest-dom/vitest';
import { cleanup, render, screen, waitFor } from '@testing-library/svelte';
import { userEvent } from '@testing-library/user-event';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { Problem } from '../src/device.js';
import UpdatePage from '../src/UpdatePage.svelte';
import { en } from '../src/words/en.js';
import { FakeDevice, imageFile } from './fake.js';

let device: FakeDevice;
const user = userEvent.setup();

// What is loaded later takes a busy machine longer than a page is waited for.
beforeAll(() => import('../src/more.js'));
beforeEach(() => {
  device = new FakeDevice();
  sessionStorage.clear();
});
afterEach(async () => {
  cleanup();
  // What a test has begun goes on without its page.
  device.finish(new Problem('rejected', 422, 'the test is over'));
  await waitFor(() => expect(asksBeforeLeaving()).toBe(false));
});

const runs = () => screen.getByRole('heading', { level: 1 }).parentElement as HTMLElement;
const button = (name: string | RegExp) => screen.findByRole('button', { name });

/** Shows the page of a device that has answered. */
async function show(props: Record<string, unknown> = {}): Promise<void> {
  render(UpdatePage, { device: device.client, ...props });
  await waitFor(() => expect(screen.getByRole('heading', { name: 'kitchen' })).toBeVisible());
}

async function install(): Promise<void> {
  await show();
  await user.upload(screen.getByLabelText(/choose/i), imageFile('1.5.0'));
  await user.click(await button('Install 1.5.0'));
  await waitFor(() => expect(device.asked).toContain('upload'));
}

const asksBeforeLeaving = () => !dispatchEvent(new Event('beforeunload', { cancelable: true }));

test('the page shows what the device says', async () => {
  await show();
  expect(runs()).toHaveTextContent(/^kitchen 1\.4\.0 Running/);
  expect(await button(/^Go back to 1\.3\.0/)).toBeVisible();
  expect(screen.getByText('Recovery page')).toHaveAttribute(
    'href',
    `${device.client.base}/recovery`,
  );
});

test('times go on while the device says nothing new', async () => {
  await show();
  const card = runs();
  const before = card.textContent;
  await waitFor(() => expect(card.textContent).not.toBe(before), { timeout: 2500 });
});

test('a file that is chosen is sent when it is installed, and not before', async () => {
  await show();
  await user.upload(screen.getByLabelText(/choose/i), imageFile('1.5.0'));
  expect(await button('Install 1.5.0')).toBeVisible();
  expect(device.asked).toEqual([]);
  await user.click(await button('Install 1.5.0'));
  await waitFor(() => expect(device.asked).toEqual(['upload']));
  expect(screen.getByRole('progressbar', { name: 'Update' })).toBeVisible();
});

test('leaving the page asks while an update runs, and only then', async () => {
  await show();
  expect(asksBeforeLeaving()).toBe(false);
  cleanup();
  await install();
  expect(asksBeforeLeaving()).toBe(true);
  await user.click(await button('Cancel'));
  await waitFor(() => expect(asksBeforeLeaving()).toBe(false));
});

test('an update goes on while another page of the app is shown, and is there again afterwards', async () => {
  await install();
  cleanup();
  await show();
  expect(screen.getByRole('progressbar', { name: 'Update' })).toBeVisible();
  expect(await button('Cancel')).toBeEnabled();
  expect(device.asked).toEqual(['upload']);
});

test('an app has its own heading and its own words', async () => {
  const words = { ...en, lang: 'eo', details: { ...en.details, heading: 'Detaloj' } };
  await show({ words });
  expect(screen.getByText('Detaloj')).toBeVisible();
  cleanup();
  render(UpdatePage, { device: device.client, title: 'Software' });
  expect(screen.getByRole('heading', { level: 1 })).toHaveTextContent(/^Software$/);
});
