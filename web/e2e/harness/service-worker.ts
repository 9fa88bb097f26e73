// Service workers as apps have that are to work without a network.

/** What a worker does in any case: it keeps these when it is installed, and begins at once. */
const worker = (keeps: readonly string[], answers: string): string => `
  addEventListener('install', (event) => {
    const keep = (cache) => cache.addAll(${JSON.stringify(keeps)});
    event.waitUntil(caches.open('kept').then(keep).then(() => skipWaiting()));
  });
  addEventListener('activate', (event) => event.waitUntil(clients.claim()));
  addEventListener('fetch', (event) => {
    const { method, mode, url } = event.request;
    const kept = () => caches.match(event.request).then((kept) => kept ?? fetch(event.request));
    if (method === 'GET' && !/\\/(api|recovery)/.test(url)) ${answers};
  });`;

/** Answers with the pages of the build that installed it, and never asks for them again. */
export const SERVICE_WORKER = worker(['/', '/faceplate-confirm.js'], 'event.respondWith(kept())');

/** Asks the network for pages, but answers with the code that it kept: a page of two builds. */
export const MIXING_WORKER = worker(
  ['/app.js', '/faceplate-confirm.js'],
  "event.respondWith(mode === 'navigate' ? fetch(event.request) : kept())",
);

/** What a page does to have it. */
export const REGISTER = 'navigator.serviceWorker.register("/worker.js")';

/** The same, without keeping anything beforehand: it keeps what it sees. */
export const CACHING_WORKER = `
  addEventListener('install', () => skipWaiting());
  addEventListener('activate', (event) => event.waitUntil(clients.claim()));
  addEventListener('fetch', (event) => {
    const { method, mode, url } = event.request;
    if (method !== 'GET' || /\\/(api|recovery)/.test(url)) return;
    const fresh = async () => {
      const answer = await fetch(event.request);
      (await caches.open('kept')).put(event.request, answer.clone());
      return answer;
    };
    const kept = async () => (await caches.match(event.request)) ?? fresh();
    event.respondWith(mode === 'navigate' ? fresh() : kept());
  });`;
