/*! Faceplate: tells the device that this page works. MIT OR Apache-2.0 */
// Runs first in every page of a stamped build, as it stands here; `arrive.ts` imports the same file.
// Only a page of the build that runs may confirm it, and only once it shows something and nothing failed.
(() => {
  if (typeof window === 'undefined' || window.faceplate) return;

  /** A page that shows nothing so long after its load does not work. */
  const BLANK_MS = 10_000;
  /** How long a page that has loaded must go on without an error. */
  const CALM_MS = 1000;
  /** A picture that never ends, such as a camera's, must not keep a page from having loaded. */
  const LOAD_MS = 15_000;
  const [TRIES, PAUSE_MS, WATCH_MS, ANSWER_MS] = [5, 500, 5000, 4000];
  /** Draw something by themselves. */
  const DRAWN = 'img,svg,canvas,video,audio,picture,input,button,select,textarea,iframe,object,hr';
  const UNSEEN = 'script,style,noscript,template,link,meta,title';

  const script = document.currentScript;
  const framed = window.self !== window.top;
  const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
  /** Where the device is: beside this script, or at the root of the page's host. */
  let base = script ? new URL('.', script.src).href.replace(/\/$/, '') : '';
  let held = 0;
  let confirming = null;

  const page = (window.faceplate = {
    build: document.querySelector('meta[name=faceplate-build]')?.content ?? null,
    failure: null,
    outcome: null,
    confirm(at) {
      if (!confirming) {
        if (at !== undefined) base = at;
        confirming = confirm();
        if (!framed) void confirming.then(watch);
      }
      return confirming;
    },
    hold() {
      held++;
      let holding = true;
      return () => {
        if (holding) held--;
        holding = false;
      };
    },
  });

  /** The first failure counts, until the page has proved itself. */
  function fail(text, place = '') {
    if (page.failure || (page.outcome && page.outcome !== 'no-answer')) return;
    page.failure = { text, place: place.replace(location.origin + '/', '') };
  }

  function onError(event) {
    const { target, message, filename, lineno, colno, reason } = event;
    if (target instanceof Element) {
      // Pictures may be missing; code and styles may not.
      if (!target.matches('script, link[rel=stylesheet], link[rel=modulepreload]')) return;
      fail('a file did not load', target.src || target.href);
    } else if (event.type === 'error') {
      // Browsers report a layout that takes one more frame as an error.
      if (/^ResizeObserver loop/.test(message)) return;
      fail(message, filename ? `${filename}:${lineno}:${colno}` : '');
    } else {
      fail(String(reason), /https?:\/\/[^\s()]+:\d+:\d+/.exec(reason?.stack ?? '')?.[0]);
    }
  }
  // Errors of elements don't bubble, so this captures them.
  addEventListener('error', onError, true);
  addEventListener('unhandledrejection', onError);

  /** Whether a style sheet of this host did not load; nobody may have listened when it failed. */
  function isGone({ href, sheet, disabled }) {
    if (disabled || !href.startsWith(location.origin)) return false;
    try {
      return !sheet?.cssRules;
    } catch {
      // Chromium makes an empty one that nobody may look into.
      return true;
    }
  }

  /** Whether there is anything to see: text, pictures, controls, elements of the page's own making. */
  function isShown() {
    const all = document.body?.querySelectorAll('*') ?? [];
    const hasText = ({ childNodes }) =>
      [...childNodes].some(({ nodeType, data }) => nodeType === Node.TEXT_NODE && data.trim());
    return [document.body, ...all].some(
      (one) =>
        one &&
        !one.closest(UNSEEN) &&
        (hasText(one) || one.matches(DRAWN) || customElements.get(one.localName)),
    );
  }

  /** The page has loaded, shows something, and stayed calm for a while. */
  async function ready() {
    if (document.readyState !== 'complete') {
      const load = new Promise((done) => addEventListener('load', done, { once: true }));
      await Promise.race([load, sleep(LOAD_MS)]);
      // A page that is still coming in is waited for, however long that takes.
      if (document.readyState === 'loading') await load;
    }
    const loaded = performance.now();
    while (!page.failure && !isShown()) {
      if (performance.now() - loaded > BLANK_MS) fail('the page shows nothing');
      await sleep(PAUSE_MS / 5);
    }
    for (const link of document.querySelectorAll('link[rel=stylesheet]')) {
      if (isGone(link)) fail('a file did not load', link.href);
    }
    if (!page.failure) await sleep(CALM_MS);
  }

  /** What the device answers: its HTTP status and JSON; null when there is none in time. */
  async function ask(path, body) {
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), ANSWER_MS);
    const init = { cache: 'no-store', signal: stop.signal };
    const headers = { 'Content-Type': 'application/json' };
    try {
      const url = `${base}/api/ota/${path}`;
      const answer = await fetch(url, body ? { ...init, method: 'POST', headers, body } : init);
      return { ok: answer.ok, json: await answer.json() };
    } catch {
      return null;
    } finally {
      clearTimeout(timer);
    }
  }

  const born = performance.now() - Date.now();
  /** Milliseconds since this page was loaded; one clock stands still while a computer sleeps, the other may be set. */
  const age = () => Math.max(performance.now(), born + Date.now());

  /** Whether the page surely is of another build than the device runs; null when one cannot tell. */
  function isOther({ device, active, slots }, asked) {
    const build = slots[active].build ?? null;
    if (build || page.build) return build !== page.build;
    // Builds without an id: a page that is older than the boot, or that comes from the history.
    const [visit] = performance.getEntriesByType('navigation');
    if (asked > device.uptime_ms || visit?.type === 'back_forward') return true;
    // An answer that took that long tells nothing.
    return age() > device.uptime_ms ? null : false;
  }

  /** Loads what the device runs now: once for each of its starts, so that no reload leads to the next. */
  async function move(boot) {
    // A frame has the same memory as the page around it.
    const key = framed ? 'faceplate-moved-frame' : 'faceplate-moved';
    try {
      if (sessionStorage.getItem(key) === boot) return false;
      sessionStorage.setItem(key, boot);
    } catch {
      return false;
    }
    try {
      // They would answer with the page that they know.
      const workers = (await navigator.serviceWorker?.getRegistrations()) ?? [];
      await Promise.all(workers.map((worker) => worker.unregister()));
    } catch {
      // Where there are none to be had, none is in the way.
    }
    location.reload();
    return true;
  }

  /** Looks at the device once and does what follows from that; gives the status. */
  async function look() {
    const asked = age();
    const answer = await ask('status');
    const status = answer?.ok && answer.json?.slots ? answer.json : null;
    if (!status) {
      page.outcome ??= 'no-answer';
      return null;
    }
    const wanted = status.trial?.confirm === 'client';
    // A page of a development server says nothing about what is on the device.
    const developing = document.querySelector('script[src*="/@vite/client"]');
    const other = isOther(status, asked);
    if (developing || other === null) {
      if (developing) page.outcome = 'not-asked';
    } else if (other) {
      // Also a page that failed goes where the device went.
      if ((wanted || page.failure) && !held && (await move(status.device.boot_id))) return status;
      if (wanted) page.outcome = 'other-build';
    } else if (!wanted) {
      if (!page.failure && page.outcome !== 'confirmed') page.outcome = 'not-asked';
    } else if (page.failure) {
      if (page.outcome !== 'failed') {
        const { text, place } = page.failure;
        console.warn(`Faceplate: this frontend is not confirmed: ${text} ${place}`);
      }
      page.outcome = 'failed';
    } else {
      const done = await ask('confirm', page.build ? `{"build":"${page.build}"}` : '{}');
      if (done?.ok) {
        page.outcome = 'confirmed';
        return done.json;
      }
      // Somebody else did, or the answer got lost: the next status tells.
      page.outcome = 'no-answer';
      const { type, detail } = done?.json ?? {};
      if (detail && type !== '/problems/not-on-trial') {
        console.warn(`Faceplate: the device does not take the confirmation: ${detail}`);
      }
    }
    return status;
  }

  async function confirm() {
    await ready();
    let status = null;
    for (let tries = 0; tries < TRIES; tries++) {
      if (tries) await sleep(PAUSE_MS);
      status = (await look()) ?? status;
      if (page.outcome && page.outcome !== 'no-answer') break;
    }
    return status;
  }

  /** A tab that is open takes part in updates that others make. */
  function watch() {
    let asking = false;
    const go = async () => {
      if (asking || document.hidden) return;
      asking = true;
      await look();
      asking = false;
    };
    setInterval(go, WATCH_MS);
    document.addEventListener('visibilitychange', go);
    addEventListener('pageshow', go);
  }

  // Stamped into a page it is a script of its own; as a module it waits to be called.
  if (script) void page.confirm();
})();
