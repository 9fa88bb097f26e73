// @vitest-environment jsdom
// What is drawn of each view, and what a person can do with it: by what is written there.
import '@testing-library/jest-dom/vitest';
import { cleanup, fireEvent, render, screen, within } from '@testing-library/svelte';
import { userEvent } from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import Page from '../src/Page.svelte';
import { put } from '../src/rest-view.js';
import type { View } from '../src/view.js';
import { en } from '../src/words/en.js';
import { ASKING, CHOSEN, FAILED, GO_BACK, IDLE, notice, STALE, verdict, writing } from './views.js';

const onact = vi.fn();
const onopen = vi.fn(async () => true);
const onfile = vi.fn();
const user = userEvent.setup();

beforeEach(() => {
  onact.mockClear();
  onfile.mockClear();
  // jsdom knows dialogs, but cannot open them, nor does it focus what is in them.
  HTMLDialogElement.prototype.showModal = function () {
    this.open = true;
    this.querySelector('button')?.focus();
  };
  HTMLDialogElement.prototype.close = function () {
    this.open = false;
    this.dispatchEvent(new Event('close'));
  };
});
afterEach(cleanup);

/** Shows a view; what is returned shows another one in its place. */
function show(view: View, title?: string) {
  const props = { view, words: en, title, recovery: '/recovery', onact, onopen, onfile };
  const { rerender } = render(Page, props);
  return (next: View) => rerender({ ...props, view: next });
}

const button = (name: string | RegExp) => screen.getByRole('button', { name });
const buttons = () => screen.queryAllByRole('button').map((one) => one.textContent?.trim());
const task = () => screen.getByRole('region');
const bar = () => screen.getByRole('progressbar', { name: 'Update' });
const file = () => screen.getByLabelText(/choose/i);
/** A file that is dropped here, and whether the page took it from the browser. */
function drop(target: Element, types = ['Files']): boolean {
  const event = new Event('drop', { bubbles: true, cancelable: true });
  const files = [new File(['x'], 'www.bin')];
  return !target.dispatchEvent(Object.assign(event, { dataTransfer: { files, types } }));
}

test.each<[string, View, string[]]>([
  ['while the device is looked for, nothing can be done', ASKING, []],
  ['at rest one can go back', IDLE, ['Go back to 1.3.2']],
  ['with a file one can install it', CHOSEN, ['Install 1.5.0', 'Go back to 1.3.2']],
  ['while it is written one can cancel', writing(0.4), ['Cancel']],
  ['on trial one can decide', verdict(), ['Go back now', 'Keep it']],
  ['what failed can be tried again or dismissed', FAILED, ['Try again', '']],
  ['a page of another frontend can be replaced', STALE, ['Load it', 'Go back to 1.3.2']],
])('%s', (_, view, expected) => {
  show(view);
  expect(buttons()).toEqual(expected);
});

test('the name of the device, what runs and how it is come first', () => {
  show(IDLE);
  expect(screen.getByRole('heading', { level: 1 })).toHaveTextContent('kitchen');
  const card = screen.getByRole('heading', { level: 1 }).parentElement;
  expect(card).toHaveTextContent(/^kitchen 1\.4\.0 Running for 3 h$/);
});

test('a heading of the app takes the place of the name', () => {
  show(IDLE, 'Software');
  expect(screen.getByRole('heading', { level: 1 })).toHaveTextContent(/^Software$/);
});

test('the page says in which language it is', () => {
  show(IDLE);
  expect(document.querySelector('.faceplate')).toHaveAttribute('lang', 'en');
});

test('before the device has answered there is no empty box', () => {
  show(ASKING);
  expect(screen.getByText('Looking for the device …')).toBeVisible();
  expect(screen.queryByRole('region')).not.toBeInTheDocument();
  expect(screen.queryByRole('progressbar')).not.toBeInTheDocument();
  expect(screen.queryByRole('alert')).not.toBeInTheDocument();
});

test('what would happen is said before it does', () => {
  show(CHOSEN);
  expect(task()).toHaveAccessibleName('1.4.0 → 1.5.0, newer');
  expect(task()).toHaveTextContent('www.bin · 548 KiB');
  expect(task()).toHaveTextContent('This overwrites 1.3.2.');
});

test.each([
  [CHOSEN, 'Install 1.5.0', 'install'],
  [writing(0.4), 'Cancel', 'cancel'],
  [verdict(), 'Keep it', 'keep'],
  [verdict(), 'Go back now', 'goBack'],
  [FAILED, 'Try again', 'tryAgain'],
  [FAILED, 'Close', 'dismiss'],
  [STALE, 'Load it', 'reload'],
])('a press does what is written on the button: %#', async (view, name, id) => {
  show(view);
  await user.click(button(name));
  expect(onact.mock.calls).toEqual([[id]]);
});

test('the new frontend is looked at in a tab of its own', () => {
  show(verdict());
  const link = screen.getByRole('link', { name: 'Look at it first' });
  expect(link).toHaveAttribute('href', '/');
  expect(link).toHaveAttribute('target', '_blank');
});

test('one thing is the main one: to look while nothing is known, to go back after an error', () => {
  const main = () => [...document.querySelectorAll('.faceplate [data-rank=primary]:not([hidden])')];
  const draw = show(verdict());
  const named = () =>
    main()
      .filter((one) => !one.closest('dialog'))
      .map((one) => one.textContent?.trim());
  expect(named()).toEqual(['Look at it first']);
  return draw(verdict(true)).then(() => expect(named()).toEqual(['Go back now']));
});

test('what cannot be done now is disabled, a link as well', () => {
  const view = verdict();
  show({ ...view, controls: view.controls.map((one) => ({ ...one, disabled: true })) });
  expect(button('Keep it')).toBeDisabled();
  expect(screen.queryByRole('link', { name: 'Look at it first' })).not.toBeInTheDocument();
  expect(screen.getByText('Look at it first')).toBeVisible();
});

describe('the bar', () => {
  test.each([0, 0.456, 0.999, 1])('is as long as its number says: %d', (value) => {
    show(writing(value));
    const percent = Math.floor(value * 100);
    expect(bar()).toHaveAttribute('aria-valuenow', String(percent));
    expect(bar()).toHaveAttribute('aria-valuetext', `${percent} %`);
    expect(bar().firstElementChild).toHaveStyle({ inlineSize: `${percent}%` });
    expect(screen.getByText(`${percent} %`)).toHaveAttribute('aria-hidden', 'true');
  });

  test('moves without a word being read out; a new phase is', async () => {
    const draw = show(writing(0.1));
    const status = screen.getByRole('status');
    const said: (string | null)[] = [];
    const observer = new MutationObserver(() => said.push(status.textContent));
    observer.observe(status, { characterData: true, childList: true, subtree: true });
    for (const value of [0.2, 0.3]) await draw(writing(value));
    await draw(writing(0.7, { title: 'Checking' }));
    expect(said).toEqual(['Checking']);
    observer.disconnect();
  });

  test('says what it waits for, and looks as if it waits', () => {
    show(writing(0.4, { frozen: true, figures: 'waiting for the device … (5 s)' }));
    expect(task()).toHaveTextContent('waiting for the device … (5 s)');
    expect(bar()).toHaveAttribute('data-frozen');
  });
});

describe('a file', () => {
  test('is chosen with its button, and the same one can be chosen again', async () => {
    show(IDLE);
    const image = new File(['x'], 'www.bin');
    await user.upload(file(), image);
    await user.upload(file(), image);
    expect(onfile.mock.calls).toEqual([[image], [image]]);
  });

  test('of any name is offered: Android hides those whose type it does not know', () => {
    show(IDLE);
    expect(file()).not.toHaveAttribute('accept');
  });

  test.each([
    ['on the place for it', () => file()],
    ['beside it', () => screen.getByRole('heading', { level: 1 })],
    ['outside of this page', () => document.body],
  ])('is chosen when it is dropped %s', (_, target) => {
    show(IDLE);
    expect(drop(target())).toBe(true);
    expect(onfile).toHaveBeenCalledOnce();
  });

  test('that is dropped while none can be chosen does nothing, and replaces no page', () => {
    show(writing(0.4));
    expect(drop(document.body)).toBe(true);
    expect(onfile).not.toHaveBeenCalled();
  });

  test('is dropped only while the page is shown, and text is left to the app', () => {
    show(IDLE);
    expect(drop(document.body, ['text/plain'])).toBe(false);
    cleanup();
    expect(drop(document.body)).toBe(false);
    expect(onfile).not.toHaveBeenCalled();
  });

  test('that is dragged over the page marks the place until it is away', async () => {
    show(IDLE);
    const zone = file().closest('label');
    const dataTransfer = { types: ['Files'] };
    await fireEvent.dragOver(document.body, { dataTransfer });
    expect(zone).toHaveAttribute('data-over');
    await fireEvent.dragLeave(document.body, { dataTransfer, relatedTarget: null });
    expect(zone).not.toHaveAttribute('data-over');
  });
});

describe('going back', () => {
  test('asks first, and Enter does no harm', async () => {
    show(IDLE);
    await user.click(button('Go back to 1.3.2'));
    const dialog = screen.getByRole('dialog', { name: 'Go back to 1.3.2?' });
    expect(within(dialog).getByRole('button', { name: 'Stay' })).toHaveFocus();
    await user.keyboard('{Enter}');
    expect(screen.queryByRole('dialog')).not.toBeInTheDocument();
    expect(onact).not.toHaveBeenCalled();
  });

  test('is done when it is said again', async () => {
    show(IDLE);
    await user.click(button('Go back to 1.3.2'));
    const dialog = screen.getByRole('dialog');
    await user.click(within(dialog).getByRole('button', { name: 'Go back to 1.3.2' }));
    expect(onact.mock.calls).toEqual([['goBack']]);
    expect(screen.queryByRole('dialog')).not.toBeInTheDocument();
  });

  test('can be asked again after Escape', async () => {
    show(IDLE);
    await user.click(button('Go back to 1.3.2'));
    (screen.getByRole('dialog') as HTMLDialogElement).close(); // what Escape does
    await user.click(button('Go back to 1.3.2'));
    expect(screen.getByRole('dialog')).toBeVisible();
  });

  test('is asked no more when it cannot be done any more', async () => {
    const draw = show(IDLE);
    await user.click(button('Go back to 1.3.2'));
    await draw({ ...IDLE, controls: [] });
    expect(screen.queryByRole('dialog')).not.toBeInTheDocument();
  });
});

describe('a notice', () => {
  test.each([
    ['bad', true],
    ['warning', false],
    ['info', false],
    ['good', false],
  ] as const)('that is %s interrupts: %s', (tone, interrupts) => {
    show({ ...IDLE, notice: notice(tone, 'Title') });
    expect(screen.queryAllByRole('alert')).toHaveLength(interrupts ? 1 : 0);
    expect(screen.getByText('What happened.')).toBeVisible();
    expect(screen.getByText('What to do next.')).toBeVisible();
  });

  test('links to more where there is more', async () => {
    const link = { text: 'How', href: 'https://example.com/how' };
    const draw = show({ ...IDLE, notice: notice('bad', 'Title', { link }) });
    expect(screen.getByRole('link', { name: 'How' })).toHaveAttribute('href', link.href);
    await draw({ ...IDLE, notice: notice('bad', 'Title') });
    expect(screen.queryByRole('link', { name: 'How' })).not.toBeInTheDocument();
  });

  test('is text, whatever a device says of itself', () => {
    const evil = '<img src=x onerror=alert(1)>';
    const rows = [['Name', evil]] as const;
    const details = {
      heading: 'Details',
      sections: [{ heading: evil, rows }],
      wifi: '',
      backup: null,
    };
    show({ ...IDLE, title: evil, notice: notice('bad', evil), details });
    expect(document.querySelector('img')).toBeNull();
    expect(screen.getAllByText(evil).length).toBe(4);
  });
});

describe('who pressed a button that is gone', () => {
  test('goes on from the task, not from the top of the page', async () => {
    const draw = show(CHOSEN);
    button('Install 1.5.0').focus();
    await draw(writing(0.1));
    expect(task()).toHaveFocus();
    button('Cancel').focus();
    await draw(CHOSEN);
    expect(task()).toHaveFocus();
  });

  test('keeps the focus where it is still of use', async () => {
    const draw = show(CHOSEN);
    button('Go back to 1.3.2').focus();
    await draw({ ...CHOSEN, controls: [GO_BACK] });
    expect(button('Go back to 1.3.2')).toHaveFocus();
  });
});

describe('technical details', () => {
  const list = (heading: string) =>
    screen.getByText(heading).nextElementSibling as HTMLDListElement;

  test('are under a summary, with a link to the recovery page', () => {
    show(IDLE);
    expect(screen.getByText('Technical details').tagName).toBe('SUMMARY');
    expect(list('Device')).toHaveTextContent('Chipesp32s3Running for3 h');
    expect(screen.getByText('Recovery page')).toHaveAttribute('href', '/recovery');
  });

  test('have a link to the Wi-Fi setup where the device has one', async () => {
    const draw = show(IDLE);
    const link = screen.getByText('Wi-Fi setup');
    expect(link).toHaveAttribute('href', '/recovery/wifi');
    expect(link.closest('[hidden]')).toBeNull();
    await draw({ ...IDLE, details: { ...IDLE.details, wifi: '' } });
    expect(link.closest('[hidden]')).not.toBeNull();
  });

  test('have a button that saves what runs, where that can be', async () => {
    const backup = put('backup', 'Save a copy', { place: 'details' });
    const draw = show({ ...IDLE, details: { ...IDLE.details, backup } });
    await user.click(screen.getByText('Technical details'));
    await user.click(button('Save a copy'));
    expect(onact.mock.calls).toEqual([['backup']]);
    await draw(IDLE);
    expect(screen.queryByRole('button', { name: 'Save a copy' })).toBeNull();
  });

  test('change where they change alone, so that what is marked to be copied stays so', async () => {
    const draw = show(IDLE);
    const [chip, uptime] = list('Device').querySelectorAll('dd');
    const text = chip?.firstChild;
    const [device, ...more] = IDLE.details.sections;
    const rows = [['Chip', 'esp32s3'] as const, ['Running for', '4 h'] as const];
    const sections = [{ heading: device?.heading ?? '', rows }, ...more];
    await draw({ ...IDLE, details: { ...IDLE.details, sections } });
    expect(chip?.firstChild).toBe(text);
    expect(uptime).toHaveTextContent('4 h');
    await draw({ ...IDLE, details: { ...IDLE.details, sections: [] } });
    expect(screen.queryByText('Device')).toBeNull();
    expect(document.querySelectorAll('dd')).toHaveLength(0);
  });
});
