// A service worker as apps have that are to work without a network: it answers with the pages that it kept.

/** Keeps the pages of the build that installs it, and never asks for them again. */
export const SERVICE_WORKER = `
  const PAGES = ['/', '/faceplate-confirm.js'];
  addEventListener('install', (event) => {
    event.waitUntil(caches.open('pages').then((cache) => cache.addAll(PAGES)).then(() => skipWaiting()));
  });
  addEventListener('activate', (event) => event.waitUntil(clients.claim()));
  addEventListener('fetch', (event) => {
    const { method, url } = event.request;
    if (method === 'GET' && !/\\/(api|recovery)/.test(url))
      event.respondWith(caches.match(event.request).then((kept) => kept ?? fetch(event.request)));
  });`;

/** What a page does to have it. */
export const REGISTER = 'navigator.serviceWorker.register("/worker.js")';
