/*! Faceplate. MIT OR Apache-2.0 */
// Tells the device that this page works.
// Runs first in every page of a stamped build, as it stands here but for the comments; `arrive.ts` imports
// the same file. Only a page of the build that runs may confirm it, and only once it shows something and
// nothing failed.
(() => {
  if (typeof window === 'undefined' || window.faceplate) return;

  /** Draw something by themselves. */
  const DRAWN = 'img,svg,canvas,video,audio,picture,input,button,select,textarea,iframe,object,hr';
  /** Problems that a device with a password has with whoever is not logged in. */
  const LOCKED = /problems\/(password-|session-over)/;
  const UNSEEN = 'script,style,noscript,template,link,meta,title';

  const script = document.currentScript;
  const framed = window !== window.top;
  const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
  const isOwn = (address) => address.startsWith(location.origin + '/');
  /** Whether code surely is not the page's: of another host, or of an extension. Tools give code names of their own. */
  const isOthers = (place) =>
    /^(https?:|[\w-]+-extension|webkit-masked-url)/.test(place) && !isOwn(place);
  /** Where the device is: beside this script (below a prefix, if a proxy has one), or at the root of the host. */
  let base = script ? script.src.replace(/\/[^/]*$/, '') : '';
  if (script && isOwn(script.src)) base = base.slice(location.origin.length);
  /** Not a style sheet for print, or for other screens. */
  const isUsed = ({ media }) => !media || matchMedia(media).matches;
  const workers = navigator.serviceWorker;
  /** A worker that answers in the device's place may mix a page from several builds. */
  let mixed = !!workers?.controller;
  // A frame has the same memory as the page around it.
  const key = 'faceplate-moved' + (framed ? '-frame' : '');
  let memory;
  try {
    memory = sessionStorage;
  } catch {
    // Then it does not move: it would not know how often it did.
  }
  let parsed =
    document.readyState === 'complete' ||
    performance.getEntriesByType('navigation')[0]?.domContentLoadedEventStart > 0;
  document.addEventListener('DOMContentLoaded', () => (parsed = true));
  let held = 0;
  /** It has loaded, and shows nothing. */
  let blank = false;
  let confirming = null;

  const page = (window.faceplate = {
    build: document.querySelector('meta[name=faceplate-build]')?.content ?? null,
    base,
    failure: null,
    outcome: null,
    confirm(at = base) {
      if (!confirming) {
        base = at;
        confirming = confirm();
        if (!framed) confirming.then(watch);
      }
      return confirming;
    },
    failed(error) {
      fail(String(error), placeOf(error));
    },
    logins: {},
    async login(at = base) {
      const from = at + '/api/ota/login.js';
      return (page.logins[at] ??= await import(/* @vite-ignore */ /* webpackIgnore: true */ from));
    },
    async fetch(url, init, at = base) {
      if (!page.logins[at]) {
        const answer = await fetch(url, init);
        if (answer.ok || !LOCKED.test(await answer.clone().text())) return answer;
      }
      return (await page.login(at)).fetch(url, init);
    },
    hold() {
      held++;
      let holding = 1;
      return () => {
        held -= holding;
        holding = 0;
      };
    },
  });

  const isOpen = () => !page.outcome || page.outcome === 'no-answer';

  const placeOf = (error) => /[\w-]+:\/\/[^\s()]+:\d+:\d+/.exec(error?.stack)?.[0];

  /** The first failure counts, until the page has proved itself. */
  function fail(text, place = '') {
    if (page.outcome !== 'confirmed') {
      // The page itself is "/".
      place = place.replace(location.origin + '/', '').replace(/^:/, '/:');
      page.failure ??= { text, place };
    }
  }

  function onError({ type, target, message, filename, lineno, colno, reason }) {
    if (target instanceof Element) {
      const address = target.src || target.href;
      // Pictures may be missing, and what comes from elsewhere; code and styles of this host may not.
      if (
        target.matches('script,[rel=stylesheet],[rel=modulepreload]') &&
        isOwn(address) &&
        isUsed(target)
      ) {
        fail('a file did not load', address);
      }
    } else if (type !== 'error') {
      // What a browser grants only to a person's click, or broke off, says nothing of the page.
      if (
        !/^(NotAllowedError|AbortError|TypeError: (Permissions check failed|Fullscreen request denied))/.test(
          reason,
        ) &&
        !isOthers(placeOf(reason))
      )
        page.failed(reason);
    } else if (!/^ResizeObserver loop/.test(message) && (filename ? !isOthers(filename) : lineno)) {
      // (Browsers report a layout that takes one more frame as an error, and of scripts from elsewhere
      // that there was one.)
      fail(message, `${filename}:${lineno}:${colno}`);
    }
  }
  // Errors of elements don't bubble, so this captures them.
  addEventListener('error', onError, true);
  addEventListener('unhandledrejection', onError);
  // Code that tries eval() has another way or throws, and a style of one element is no style sheet.
  addEventListener('securitypolicyviolation', (event) => {
    const { disposition, effectiveDirective: by, blockedURI: what, sourceFile } = event;
    if (
      disposition !== 'report' &&
      /^(script-src|style-src-elem|connect-src|worker-src)/.test(by) &&
      (what === 'inline' || isOwn(what)) &&
      !isOthers(sourceFile)
    ) {
      const place = sourceFile ? `${sourceFile}:${event.lineNumber}:${event.columnNumber}` : '';
      fail(`Content-Security-Policy: ${by} blocks ${what.replace(location.origin, '')}`, place);
    }
  });

  // Code that came through a worker tells, also where that worker began after the page. Firefox does not say
  // what did: there all counts that began after the page was last seen without one. (An observer sees more than
  // the list does, which has an end.)
  let alone = 0;
  try {
    const observer = new PerformanceObserver((list) => {
      const taken = !!workers?.controller;
      mixed ||= list
        .getEntries()
        .some(
          ({ workerStart, startTime, initiatorType, name }) =>
            (workerStart || (taken && startTime > alone)) &&
            isOwn(name) &&
            (/^(script|navigation)$/.test(initiatorType) || /\.(m?js|css|wasm)(\?|$)/.test(name)),
        );
      if (!taken) alone = performance.now();
    });
    for (const type of ['navigation', 'resource']) observer.observe({ type, buffered: true });
  } catch {
    // There, only the worker that the page began with is known.
  }
  // A page that comes again without its worker gets the next one when it has proved itself; one that waits
  // for it to show anything, then.
  const { register } = (memory?.[key] && workers) || {};
  if (register) {
    workers.register = async (...what) => {
      while (!blank && (isOpen() || page.outcome === 'failed')) await sleep(200);
      return register.apply(workers, what);
    };
  }

  // Chromium first had these two by these names.
  const isSeen = (one) =>
    one.getClientRects().length &&
    (one.checkVisibility?.({ checkOpacity: true, checkVisibilityCSS: true }) ?? true);
  const hasText = (of) =>
    [...(of?.childNodes ?? [])].some(({ nodeType, data }) => nodeType === 3 && data.trim());
  /** Whether there is anything to see: text, pictures, controls, elements of the page's own making. */
  const isShown = (one = document.documentElement) =>
    !one.matches(UNSEEN) &&
    ((isSeen(one) &&
      (one.matches(DRAWN) ||
        customElements.get(one.localName) ||
        hasText(one) ||
        hasText(one.shadowRoot))) ||
      [...one.children, ...(one.shadowRoot?.children ?? [])].some((part) => isShown(part)));

  const PARTS =
    'script[src]:not([nomodule]):not([type*="/x-"]),[rel=stylesheet]:not([disabled]),[rel=modulepreload]';
  /** Whether code or styles of this host are still on their way: some of it `load` does not wait for. */
  const isComing = () =>
    [...document.querySelectorAll(PARTS)].some((one) => {
      const address = one.src || one.href;
      return isOwn(address) && !performance.getEntriesByName(address, 'resource').length;
    });

  /** The page has loaded, shows something, and stayed calm for a while. */
  async function ready() {
    // Scripts run until the page is parsed, however long that takes. Then a picture that never ends, such as
    // a camera's, must not keep a page from having loaded, nor a browser that does not list what it loads.
    for (
      let [late, coming] = [150, 200];
      !page.failure &&
      (!parsed || (document.readyState !== 'complete' && late--) || (isComing() && coming--));
    ) {
      await sleep(100);
    }
    // A page that shows nothing for ten seconds does not work.
    // (Nor does one that nobody sees draw.)
    for (let tries = 100; !page.failure && !isShown(); await sleep(100)) {
      if (document.hidden) continue;
      blank = tries < 90;
      if (!tries--) fail('the page shows nothing');
    }
    // Nobody may have listened when a style sheet of this host failed.
    for (const { href, sheet, disabled, media } of document.querySelectorAll(
      'link[rel=stylesheet]',
    )) {
      let fine = disabled || !isOwn(href) || !isUsed({ media });
      try {
        fine ||= sheet.cssRules;
      } catch {
        // There is none, or Chromium's empty one that nobody may look into.
      }
      if (!fine) fail('a file did not load', href);
    }
    await sleep(1000);
  }

  /** What the device answers; null when there is nothing in time. */
  async function ask(path, body) {
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 4000);
    const headers = { 'Content-Type': 'application/json' };
    try {
      // A worker that keeps all that it ever got must not keep this.
      const query = workers?.controller && !body ? `?${Date.now()}` : '';
      const answer = await page.fetch(`${base}/api/ota/${path}${query}`, {
        cache: 'no-store',
        signal: stop.signal,
        // A page confirms by itself, or not at all.
        quiet: true,
        ...(body && { method: 'POST', headers, body }),
      });
      return await answer.json();
    } catch {
      return null;
    }
  }

  const born = performance.now() - Date.now();
  /** Milliseconds since this page was loaded; one clock stands still while a computer sleeps, the other may be set. */
  const age = () => Math.max(performance.now(), born + Date.now());

  /** Whether the page surely is of another build than the device runs; null when one cannot tell. */
  function isOther({ device, active, slots, trial }, asked) {
    const build = slots[active].build ?? null;
    const [visit] = performance.getEntriesByType('navigation');
    // What came before the boot came from what ran then. (One may wait through a restart for it to come.)
    const isOlder = asked - (visit?.responseStart ?? 0) > device.uptime_ms;
    if (build || page.build) return build !== page.build || (!!trial && isOlder);
    // Builds without an id: also what comes from the history.
    if (isOlder || visit?.type === 'back_forward') return true;
    // An answer that took that long tells nothing.
    return age() > device.uptime_ms ? null : false;
  }

  /** Whether this page is in a frame of a page of the same build, which then speaks for both. */
  function isPart() {
    try {
      for (let one = window; one !== one.parent;) {
        one = one.parent;
        const around = one.faceplate;
        if (page.build && around?.build === page.build) return around.outcome !== 'other-build';
      }
    } catch {
      // Pages of other hosts tell nothing.
    }
    return false;
  }

  /** Loads what the device runs now, `most` times for each of its starts, so that no reload leads to the next. */
  async function move(boot, most) {
    try {
      const [of, times] = (memory[key] ?? '').split(' ');
      const moved = of === boot ? +times : 0;
      if (moved >= most) return;
      memory[key] = `${boot} ${moved + 1}`;
    } catch {
      return;
    }
    try {
      // They would answer with the page that they know. Those of other pages of this host are not ours.
      const all = await workers.getRegistrations();
      const ours = all.filter(({ scope }) => document.URL.startsWith(scope));
      const gone = Promise.all(ours.map((worker) => worker.unregister()));
      // Chromium was seen never to answer.
      await Promise.race([gone, sleep(2000)]);
    } catch {
      // Where there are none to be had, none is in the way.
    }
    location.reload();
    // Nothing that this page still does until then may count.
    return sleep(60_000).then(() => true);
  }

  /** Looks at the device once and does what follows from that; gives the status. */
  async function look() {
    const asked = age();
    const status = await ask('status');
    if (!status?.slots) {
      page.outcome ??= 'no-answer';
      return null;
    }
    const wanted = status.trial?.confirm === 'client';
    const other = isOther(status, asked);
    const { failure } = page;
    // A page of a development server says nothing about what is on the device.
    if (document.querySelector('script[src*="/@vite/client"]')) {
      page.outcome = 'not-asked';
    } else if (other) {
      // Also a page that failed on trial goes where the device went.
      if ((wanted || page.outcome === 'failed') && !held && (await move(status.device.boot_id, 1)))
        return status;
      if (wanted) page.outcome = 'other-build';
    } else if (other === null) {
      // The next look may tell.
    } else if (!wanted || isPart()) {
      if (!wanted) delete memory?.[key];
      if (isOpen()) page.outcome = 'not-asked';
    } else if (mixed) {
      // It comes again as the device has it, unless it has a new worker by then. What a worker makes proves
      // nothing, however often it comes. (A page that has just come has nothing to be held for.)
      if ((!held || !page.outcome) && (await move(status.device.boot_id, 3))) return status;
      page.outcome = 'other-build';
    } else if (failure) {
      if (page.outcome !== 'failed') {
        console.warn(`Faceplate: not confirmed: ${failure.text} ${failure.place}`);
      }
      page.outcome = 'failed';
    } else {
      // The query tells it from a person's word.
      const done = await ask('confirm?page', page.build ? `{"build":"${page.build}"}` : '{}');
      page.outcome = done?.slots
        ? 'confirmed'
        : /other-build$/.test(done?.type)
          ? 'other-build'
          : 'no-answer';
      if (done?.slots) {
        delete memory?.[key];
        return done;
      }
      // Somebody else did, the answer got lost, or the page may not: the next status tells.
      if (done?.detail && !/-trial$|password-|session-over/.test(done.type)) {
        console.warn(`Faceplate: not confirmed: ${done.detail}`);
      }
    }
    return status;
  }

  async function confirm() {
    await ready();
    let status = null;
    for (let tries = 5; tries-- && isOpen(); await sleep(500)) status = (await look()) ?? status;
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
    setInterval(go, 5000);
    document.addEventListener('visibilitychange', go);
    addEventListener('pageshow', go);
  }

  // Stamped into a page it is a script of its own; as a module it waits to be called.
  if (script) page.confirm();
})();
