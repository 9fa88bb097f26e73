// A slow network, so that a phase lasts long enough to look at it.
import type { Page } from '@playwright/test';

/**
 * Lets the page send so many bytes a second, and -1 as many as it can. What waits is in the browser:
 * it is lost with the page, but sent at once when this changes.
 */
export async function throttleUpload(page: Page, bytesPerSecond: number): Promise<void> {
  const session = await page.context().newCDPSession(page);
  await session.send('Network.emulateNetworkConditions', {
    offline: false,
    latency: 0,
    downloadThroughput: -1,
    uploadThroughput: bytesPerSecond,
  });
}

/** Lets the page receive so many bytes a second. */
export async function throttleDownload(page: Page, bytesPerSecond: number): Promise<void> {
  const session = await page.context().newCDPSession(page);
  await session.send('Network.emulateNetworkConditions', {
    offline: false,
    latency: 0,
    downloadThroughput: bytesPerSecond,
    uploadThroughput: -1,
  });
}
