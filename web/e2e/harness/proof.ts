// What tests see of a page that is to prove itself, and of the verdict.
import { expect, type Page } from '@playwright/test';
import type { Device } from './device.js';

/** The small page of this name is there. */
export const title = (page: Page, name: string): Promise<void> =>
  expect(page.getByRole('heading', { name, exact: true })).toBeVisible();

/** Each time that a page has begun to load. */
export function countLoads(page: Page): string[] {
  const loads: string[] = [];
  page.on('domcontentloaded', () => loads.push(page.url()));
  return loads;
}

export async function expectTakenBack(device: Device): Promise<void> {
  const status = await device.statusWhen('the device went back by itself', ({ active }) => !active);
  expect(status.last).toMatchObject({ outcome: 'fell_back', reason: 'not_confirmed' });
}

export async function expectConfirmed(device: Device): Promise<void> {
  const status = await device.statusWhen('it is confirmed', ({ state }) => state === 'settled');
  expect(status).toMatchObject({ active: 1, last: { outcome: 'updated' } });
}
