// Service workers as apps have that are to work without a network, and such apps.
import { page as html, type Site } from './sites.js';

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
const CACHING_WORKER = `
  addEventListener('install', () => skipWaiting());
  addEventListener('activate', (event) => event.waitUntil(clients.claim()));
  addEventListener('fetch', (event) => {
    const { method, mode, url } = event.request;
    if (method !== 'GET' || /\\/(api|recovery)/.test(url)) return;
    const fresh = async () => {
      const answer = await fetch(event.request);
      await (await caches.open('kept')).put(event.request, answer.clone());
      return answer;
    };
    const kept = async () => (await caches.match(event.request)) ?? fresh();
    event.respondWith(mode === 'navigate' ? fresh() : kept());
  });`;

/** A frontend that registers its worker first of all, in every build; the worker keeps the code that it sees. */
export const caching = (version: string, code: string, files: Site['files'] = {}): Site => ({
  version,
  files: {
    'index.html': html(
      version,
      `<script>${REGISTER}</script>`,
      '<script src="/app.js"></script><div id="more"></div>',
    ),
    'app.js': code,
    'worker.js': CACHING_WORKER,
    ...files,
  },
});

/** Code of the build A, by which one knows it. */
export const BY_OLD = "document.querySelector('h1').textContent += ' by A'";

/** Code that shows nothing until it has imported more: when a build is loaded for the first time, as soon as there is a worker. */
export const LATE = `
  document.body.hidden = true;
  const times = (sessionStorage[document.title] = 1 + Number(sessionStorage[document.title] ?? 0));
  const worker = () => navigator.serviceWorker.ready.then(() => navigator.serviceWorker.controller
    ?? new Promise((done) => navigator.serviceWorker.addEventListener('controllerchange', done)));
  Promise.resolve(times === 1 && worker())
    .then(() => import('/late.js'))
    .finally(() => (document.body.hidden = false));`;
