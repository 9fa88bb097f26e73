// Whether the device has a route; other devices serve this frontend, too.

/** A page that is stamped knows how to log in where the device has a password. */
export const ask = (path: string, init: RequestInit): Promise<Response> =>
  (globalThis.window?.faceplate?.fetch ?? fetch)(path, init);

/** The longest wait between two tries. */
const LONGEST_MS = 16_000;

/** Asks until the device answers. Throws the signal's reason where nobody wants to know any more. */
export async function has(path: string, signal: AbortSignal): Promise<boolean> {
  for (let ms = 1000; ; ms = Math.min(ms * 2, LONGEST_MS)) {
    const answer = await ask(path, { method: 'HEAD', cache: 'no-store', signal }).catch(() => null);
    signal.throwIfAborted();
    // Anything but these is no answer to the question, such as that it is busy, or a proxy's.
    if (answer?.ok || answer?.status === 404) return answer.ok;
    await new Promise((done) => setTimeout(done, ms));
    signal.throwIfAborted();
  }
}
