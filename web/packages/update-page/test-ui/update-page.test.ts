// @vitest-environment jsdom
// What a person sees and can do on the Update page, state by state.
import '@testing-library/jest-dom/vitest';
import { cleanup, fireEvent, render, screen, waitFor, within } from '@testing-library/svelte';
import { userEvent } from '@testing-library/user-event';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Problem, Unreachable } from '../src/device.js';
import { Page } from '../src/page.svelte.js';
import UpdatePage from '../src/UpdatePage.svelte';
import { FakeDevice, imageFile } from './fake.js';

let device: FakeDevice;
/** Pages that were loaded instead of this one; jsdom loads none. */
let leave: ReturnType<typeof vi.spyOn>;

beforeEach(() => {
  device = new FakeDevice();
  sessionStorage.clear();
  leave = vi.spyOn(Page.prototype, 'leave').mockImplementation(() => undefined);
  // jsdom knows dialogs, but cannot open them.
  HTMLDialogElement.prototype.showModal = function () {
    this.open = true;
  };
  HTMLDialogElement.prototype.close = function () {
    this.open = false;
  };
});

afterEach(() => {
  cleanup();
  document.body.replaceChildren();
  vi.restoreAllMocks();
});

const user = userEvent.setup({ applyAccept: false });
const region = (name: string) => screen.getByRole('region', { name });
const button = (name: string | RegExp) => screen.getByRole('button', { name });
const noButton = (name: string | RegExp) =>
  expect(screen.queryByRole('button', { name })).not.toBeInTheDocument();
const status = () => screen.getByRole('status');

/** Shows the page of a device that has answered. */
async function show(): Promise<void> {
  render(UpdatePage, { device: device.client });
  await waitFor(() => expect(region('Running frontend')).toBeVisible());
}

async function choose(file: File): Promise<void> {
  await user.upload(screen.getByLabelText(/choose/i), file);
}

/** Shows the page while it sends. */
async function install(): Promise<void> {
  await show();
  await choose(imageFile('1.5.0'));
  await user.click(await screen.findByRole('button', { name: 'Install 1.5.0' }));
  await waitFor(() => expect(device.asked).toContain('upload'));
}

const uploading = (phase: 'writing' | 'checking', written: number) => ({
  upload: { phase, received: 16_384, written, total: 16_384 },
});
const trial = { confirm: 'client', seconds_left: 41, boots_left: 2 } as const;

test('the page says what runs, where and since when, and what the other slot is good for', async () => {
  await show();
  expect(screen.getByText('kitchen · esp32s3 · firmware 0.1.0 (API 1)')).toBeVisible();
  const running = region('Running frontend');
  expect(running).toHaveTextContent('1.4.0');
  expect(running).toHaveTextContent('Slot A · 296 KiB of 1 MiB');
  expect(running).toHaveTextContent('Running for 1 min 5 s');
  expect(running).toHaveTextContent('Confirmed');
  expect(region('Other slot')).toHaveTextContent('1.3.0');
  expect(region('Other slot')).toHaveTextContent('way back');
  expect(screen.getByRole('link', { name: 'recovery page' })).toHaveAttribute('href', '/recovery');
});

test('a slot that holds no frontend says why, and offers no way back', async () => {
  device.setOther({ valid: false, problem: 'an upload into it was cut off' });
  await show();
  expect(region('Other slot')).toHaveTextContent('an upload into it was cut off');
  noButton(/^Go back/);
});

test('the file input is reached by the keyboard alone', async () => {
  await show();
  noButton(/^Install/);
  await user.tab(); // Go back to 1.3.0
  expect(button('Go back to 1.3.0')).toHaveFocus();
  await user.tab();
  expect(screen.getByLabelText(/choose a frontend image/i)).toHaveFocus();
});

test('an image that is chosen says its version, its size and what it replaces, before anything is sent', async () => {
  await show();
  await choose(imageFile('1.5.0'));
  expect(await screen.findByRole('button', { name: 'Install 1.5.0' })).toBeVisible();
  const section = region('New frontend');
  expect(section).toHaveTextContent('www.bin');
  expect(section).toHaveTextContent('16 KiB');
  expect(section).toHaveTextContent('replaces 1.4.0');
  expect(section).toHaveTextContent('slot B, where 1.3.0 is now');
  expect(device.asked).toEqual([]);
});

test('an image that is dropped is read like one that is chosen', async () => {
  await show();
  const target = screen.getByLabelText(/choose/i);
  await fireEvent.drop(target, { dataTransfer: { files: [imageFile('2.0.0')] } });
  expect(await screen.findByRole('button', { name: 'Install 2.0.0' })).toBeVisible();
});

test('a file that is no image is told at once with its name, and cannot be installed', async () => {
  await show();
  await choose(new File(['GIF89a'.repeat(5000)], 'holiday.gif'));
  const alert = await screen.findByRole('alert');
  expect(alert).toHaveTextContent('holiday.gif');
  expect(alert).toHaveTextContent('no update file');
  noButton(/^Install/);
  // The next one is looked at anew.
  await choose(imageFile('1.5.0'));
  expect(await screen.findByRole('button', { name: 'Install 1.5.0' })).toBeVisible();
  expect(screen.queryByRole('alert')).not.toBeInTheDocument();
});

test('an image that is too large for the slot is told at once', async () => {
  await show();
  await choose(imageFile('1.5.0', 300));
  expect(await screen.findByRole('alert')).toHaveTextContent(/too large/i);
  noButton(/^Install/);
});

test('an image for another firmware is told at once', async () => {
  const now = await device.status();
  device.set({ device: { ...now.device, api: 7 } });
  await show();
  await choose(imageFile('1.5.0'));
  expect(await screen.findByRole('alert')).toHaveTextContent(/other firmware/i);
  noButton(/^Install/);
});

test('while it sends, the bar has no value and one can cancel, which keeps the file', async () => {
  await install();
  const bar = screen.getByRole('progressbar', { name: 'Update' });
  expect(bar).not.toHaveAttribute('aria-valuenow');
  expect(status()).toHaveTextContent(/^Sending$/);
  await user.click(button('Cancel'));
  expect(await screen.findByRole('button', { name: 'Install 1.5.0' })).toBeVisible();
  expect(screen.queryByRole('progressbar')).not.toBeInTheDocument();
});

test('a button that goes away leaves the focus near, not at the top of the page', async () => {
  await install();
  const heading = screen.getByRole('heading', { name: 'New frontend' });
  await waitFor(() => expect(heading).toHaveFocus());
  button('Cancel').focus();
  await user.keyboard('{Enter}');
  await screen.findByRole('button', { name: 'Install 1.5.0' });
  await waitFor(() => expect(heading).toHaveFocus());
});

test('an upload that was just cancelled is not taken for one of somebody else', async () => {
  await install();
  device.set(uploading('writing', 4096));
  // Seen again, the page asks at once.
  document.dispatchEvent(new Event('visibilitychange'));
  await waitFor(() => expect(region('Other slot')).toHaveTextContent('Being written'));
  await user.click(button('Cancel'));
  expect(await screen.findByRole('button', { name: 'Install 1.5.0' })).toBeVisible();
  expect(region('New frontend')).not.toHaveTextContent('Another update');
});

test('what the device has written moves the bar; what is read out changes with the phase alone', async () => {
  await install();
  const said: string[] = [];
  const observer = new MutationObserver(() => said.push(status().textContent));
  observer.observe(status(), { characterData: true, childList: true, subtree: true });
  const bar = screen.getByRole('progressbar');
  for (const written of [4096, 8192, 12_288]) {
    device.set(uploading('writing', written));
    const percent = String((100 * written) / 16_384);
    await waitFor(() => expect(bar).toHaveAttribute('aria-valuenow', percent));
    expect(screen.getByText(`${percent} %`)).toHaveAttribute('aria-hidden', 'true');
    expect(region('New frontend')).toHaveTextContent(`${written / 1024} KiB of 16 KiB on flash`);
  }
  device.set(uploading('checking', 16_384));
  await waitFor(() => expect(status()).toHaveTextContent('Checking'));
  expect(bar).not.toHaveAttribute('aria-valuenow');
  noButton('Cancel');
  expect(said).toEqual(['Writing', 'Checking']);
  observer.disconnect();
});

test('leaving the page asks only while it sends or writes', async () => {
  const asks = () => {
    const event = new Event('beforeunload', { cancelable: true });
    dispatchEvent(event);
    return event.defaultPrevented;
  };
  await install();
  expect(asks()).toBe(true);
  device.set(uploading('writing', 4096));
  await waitFor(() => expect(status()).toHaveTextContent('Writing'));
  expect(asks()).toBe(true);
  device.set(uploading('checking', 16_384));
  await waitFor(() => expect(status()).toHaveTextContent('Checking'));
  expect(asks()).toBe(false);
});

test('a refusal has words and a next step, and Try again sends the same file', async () => {
  await install();
  device.finish(new Problem('flash-fault', 500, 'sector at 0x410000 did not take its bytes'));
  const alert = await screen.findByRole('alert');
  expect(alert).toHaveTextContent('The memory failed');
  expect(alert).toHaveTextContent(/0x410000/);
  await user.click(within(alert).getByRole('button', { name: 'Try again' }));
  await waitFor(() => expect(device.asked).toEqual(['upload', 'upload']));
  expect(screen.queryByRole('alert')).not.toBeInTheDocument();
});

/** The device has restarted with the new frontend in slot B, on trial. */
async function confirming(): Promise<void> {
  await install();
  const now = await device.status();
  const sha256 = 'c'.repeat(64);
  const fresh = { ...now.slots[1], version: '1.5.0', sha256 } as (typeof now.slots)[number];
  device.set({
    device: { ...now.device, boot_id: 'boot-1' },
    slots: [now.slots[0] as typeof fresh, fresh],
    active: 1,
    state: 'trial',
    trial,
    last: { outcome: 'updated', reason: null, from: 0, to: 1 },
  });
  device.finish({
    ...{ slot: 1, bytes: 16_384, sectors: { written: 4, same: 0 }, version: '1.5.0' },
    ...{ sha256, confirm: 'client', reboot_ms: 1 },
  });
  await waitFor(() => expect(status()).toHaveTextContent('Confirming'));
}

test('while the new frontend confirms itself it is loaded unseen, and the person can decide', async () => {
  await confirming();
  await waitFor(() => expect(document.querySelector('iframe')).toHaveAttribute('src', '/'));
  expect(region('New frontend')).toHaveTextContent('41 s left');
  await user.click(button('Go back now'));
  expect(device.asked).toContain('rollback');
  expect(button('Keep it')).toBeVisible();
  noButton('Cancel');
});

test('once it is confirmed the new frontend is loaded, with a note of what happened', async () => {
  await confirming();
  const now = await device.status();
  device.set({ ...now, state: 'settled', trial: null });
  await waitFor(() =>
    expect(leave).toHaveBeenCalledWith({ result: 'updated', slot: 1, version: '1.5.0' }),
  );
  await waitFor(() => expect(document.querySelector('iframe')).toBeNull());
});

test('when the device went back, the page stays and says why', async () => {
  await confirming();
  const now = await device.status();
  device.set({
    ...now,
    device: { ...now.device, boot_id: 'boot-2' },
    ...{ active: 0, state: 'settled', trial: null },
    last: { outcome: 'fell_back', reason: 'not_confirmed', from: 1, to: 0 },
  });
  const alert = await screen.findByRole('alert');
  expect(alert).toHaveTextContent('went back to 1.4.0 because 1.5.0 was not confirmed in time');
  expect(leave).not.toHaveBeenCalled();
});

test('the page that is loaded after an update says what happened, once', async () => {
  sessionStorage.setItem(
    'faceplate-outcome',
    JSON.stringify({ result: 'updated', slot: 0, version: '1.4.0' }),
  );
  await show();
  expect(status()).toHaveTextContent('Updated to 1.4.0');
  cleanup();
  await show();
  expect(status().textContent).toBe('');
});

test('a note that was left for a frontend that runs no more is not told', async () => {
  sessionStorage.setItem(
    'faceplate-outcome',
    JSON.stringify({ result: 'updated', slot: 1, version: '1.3.0' }),
  );
  await show();
  expect(status().textContent).toBe('');
  expect(screen.queryByText('Updated to 1.3.0')).not.toBeInTheDocument();
});

test('a fallback of earlier is told as long as it is the last thing that happened', async () => {
  device.set({ last: { outcome: 'fell_back', reason: 'kept_restarting', from: 1, to: 0 } });
  await show();
  expect(region('Other slot')).toHaveTextContent('Did not work');
  expect(region('Other slot')).toHaveTextContent('1.3.0 kept restarting the device');
  expect(screen.queryByRole('alert')).not.toBeInTheDocument();
});

test('on trial the page says for how long, and offers only to keep it or to go back', async () => {
  device.set({ state: 'trial', trial });
  await show();
  expect(region('Running frontend')).toHaveTextContent('On trial for 1 min 5 s');
  expect(region('Running frontend')).toHaveTextContent('in 41 s. Restarts left: 2');
  noButton(/^Go back to/);
  await user.click(button('Keep it'));
  expect(device.asked).toEqual(['confirm']);
  await waitFor(() => expect(region('Running frontend')).toHaveTextContent('Confirmed'));
  noButton('Keep it');
});

test('going back asks once: Stay does nothing, Go back does it', async () => {
  await show();
  await user.click(button('Go back to 1.3.0'));
  const dialog = screen.getByRole('dialog', { name: 'Go back to 1.3.0?' });
  expect(dialog).toHaveTextContent('1.4.0 stays in slot A');
  await user.click(within(dialog).getByRole('button', { name: 'Stay' }));
  expect(screen.queryByRole('dialog')).not.toBeInTheDocument();
  expect(device.asked).toEqual([]);
  await user.click(button('Go back to 1.3.0'));
  await user.click(screen.getByRole('button', { name: 'Go back' }));
  await waitFor(() => expect(device.asked).toEqual(['rollback']));
  expect(status()).toHaveTextContent('Restarting');
});

test("somebody else's upload is shown, and none of one's own is offered", async () => {
  device.set(uploading('writing', 8192));
  await show();
  expect(region('New frontend')).toHaveTextContent('Another update is running');
  expect(screen.getByRole('progressbar')).toHaveAttribute('aria-valuenow', '50');
  noButton('Cancel');
  noButton(/^Go back/);
  expect(screen.queryByLabelText(/choose/i)).not.toBeVisible();
});

test('a device that does not answer, has no frontend, or has a fault is told with a next step', async () => {
  device.answer = new Unreachable('silent');
  render(UpdatePage, { device: device.client });
  expect(await screen.findByRole('alert')).toHaveTextContent(/No answer.*Wi-Fi/);
  cleanup();
  device.set({ state: 'recovery' });
  await show();
  expect(screen.getByRole('alert')).toHaveTextContent(/no frontend to serve.*Install/);
  cleanup();
  device.set({ fault: 'the settings cannot be read' });
  await show();
  expect(region('New frontend')).toHaveTextContent(/settings cannot be read/i);
  noButton(/^Go back/);
});

test('a tab of another frontend than the one that runs offers to reload', async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  await show();
  const now = await device.status();
  const fresh = { ...now.slots[1], sha256: 'd'.repeat(64) } as (typeof now.slots)[number];
  device.set({
    device: { ...now.device, boot_id: 'boot-1' },
    ...{ active: 1, slots: [now.slots[0] as typeof fresh, fresh] },
  });
  await vi.advanceTimersByTimeAsync(3000);
  vi.useRealTimers();
  await user.click(await screen.findByRole('button', { name: 'Reload' }));
  expect(leave).toHaveBeenCalledOnce();
});

test('a restart with the same frontend reloads nothing', async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  await show();
  const now = await device.status();
  device.set({ device: { ...now.device, boot_id: 'boot-1' } });
  await vi.advanceTimersByTimeAsync(3000);
  vi.useRealTimers();
  noButton('Reload');
});
