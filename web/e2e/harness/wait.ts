// Waiting for something outside of the browser.

export const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** Asks until there is an answer; throws when there is none in time. */
export async function until<T>(
  what: string,
  ask: () => Promise<T | null | undefined | false>,
  { timeout = 30_000, every = 50 } = {},
): Promise<T> {
  const end = Date.now() + timeout;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`waited ${timeout} ms in vain until ${what}`);
    await sleep(every);
  }
}
