// A slow network, so that a phase lasts long enough to look at it.
import type { Page } from '@playwright/test';

/** Lets the page send so many bytes a second. */
export async function throttleUpload(page: Page, bytesPerSecond: number): Promise<void> {
  const session = await page.context().newCDPSession(page);
  await session.send('Network.emulateNetworkConditions', {
    offline: false,
    latency: 0,
    downloadThroughput: -1,
    uploadThroughput: bytesPerSecond,
  });
}
