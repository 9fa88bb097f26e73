// Every way in which a browser lets a page send something, or have something fetched.
import type { Frame } from '@playwright/test';

/** What a page learns: nothing (`blocked`, `opaque`, `sent`), or `read` and what it read. */
export type Learnt = string;

export interface Target {
  /** Origin of the device, as this page names it. */
  readonly device: string;
  /** Where the page is from, for what its own server has to serve; empty for a page without one. */
  readonly home: string;
}

/** How a request says by which way it came: in its query. */
export const BY = 'by-way-';

/** Names of the ways, in their order; the page keeps what they do. */
export function installWays(frame: Frame): Promise<string[]> {
  return frame.evaluate(install);
}

/** Tries some of them at once in the page, each by its number. */
export function tryWays(frame: Frame, numbers: readonly number[], to: Target): Promise<Learnt[]> {
  return frame.evaluate(
    ({ numbers, device, home }) => {
      type Tried = (number: number, device: string, home: string) => Promise<string>;
      const { tryWay } = window as unknown as { tryWay: Tried };
      return Promise.all(numbers.map((number) => tryWay(number, device, home)));
    },
    { numbers, device: to.device, home: to.home },
  );
}

/** Runs in the page, so it uses nothing from outside. */
function install(): string[] {
  interface To {
    /** What is asked for here at the device. */
    readonly at: (path: string) => string;
    readonly home: string;
  }
  type Way = (to: To) => Promise<string>;
  const ways: [string, Way][] = [];
  const add = (name: string, way: Way): void => {
    ways.push([name, way]);
  };
  Object.assign(window, {
    tryWay: (number: number, device: string, home: string) =>
      ways[number]?.[1]({ at: (path) => `${device}${path}?by-way-${number}-`, home }),
  });

  const ROLLBACK = '/api/ota/rollback';
  const UPLOAD = '/api/ota/frontend';
  /** What a change wants, and what a page may send without asking. */
  const BODIES: [string, () => BodyInit][] = [
    ['text', () => '{}'],
    ['JSON', () => new Blob(['{}'], { type: 'application/json' })],
    ['bytes', () => new TextEncoder().encode('{}')],
    ['a form', () => Object.assign(new FormData(), {})],
    ['a search', () => new URLSearchParams({ '{"a":"': '"}' })],
  ];
  const soon = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));
  /** What does not end may have been sent all the same. */
  const within = (what: Promise<string>): Promise<string> =>
    Promise.race([what, soon(1_500).then(() => 'sent')]);
  const seen = async (response: Response): Promise<string> =>
    response.type.startsWith('opaque')
      ? 'opaque'
      : `read ${response.status} ${(await response.text()).slice(0, 200)}`;
  const tryFetch = (url: string, init: RequestInit): Promise<string> =>
    within(fetch(url, init).then(seen, () => 'blocked'));

  for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'BREW']) {
    for (const mode of ['cors', 'no-cors', 'same-origin'] as const) {
      add(`fetch ${method}, ${mode}`, ({ at }) =>
        tryFetch(at(ROLLBACK), { method, mode, credentials: 'include' }),
      );
    }
  }
  for (const [what, body] of BODIES) {
    add(`fetch of ${what}, kept alive`, ({ at }) =>
      tryFetch(at(ROLLBACK), {
        method: 'POST',
        mode: 'no-cors',
        keepalive: true,
        body: body(),
      }),
    );
    add(`beacon of ${what}`, async ({ at }) =>
      navigator.sendBeacon(at(ROLLBACK), body()) ? 'sent' : 'blocked',
    );
  }
  for (const redirect of ['manual', 'error'] as const) {
    add(`fetch, redirect ${redirect}`, ({ at }) =>
      tryFetch(at(ROLLBACK), { method: 'POST', redirect, body: '{}' }),
    );
  }
  add('fetch of a stream', ({ at }) => {
    const stream = new Blob(['{}']).stream();
    const init = { method: 'POST', body: stream, duplex: 'half' };
    return tryFetch(at(ROLLBACK), init as RequestInit);
  });
  add('fetch of a long stream to the upload', ({ at }) => {
    const body = new ReadableStream({
      pull: (control) => control.enqueue(new Uint8Array(4096)),
    });
    const headers = { 'Content-Type': 'application/octet-stream' };
    const init = { method: 'POST', body, headers, duplex: 'half' };
    return tryFetch(at(UPLOAD), init as RequestInit);
  });
  add('fetch with a name and a password', ({ at }) =>
    tryFetch(at(ROLLBACK).replace('//', '//admin:admin@'), {
      method: 'POST',
      mode: 'no-cors',
    }),
  );
  add('fetch by a request of a request', ({ at }) => {
    const first = new Request(at(ROLLBACK), { method: 'POST', mode: 'no-cors', body: '{}' });
    return within(fetch(new Request(first, { keepalive: true })).then(seen, () => 'blocked'));
  });
  add('fetch later', async ({ at }) => {
    const later = (window as { fetchLater?: (url: string, init: object) => unknown }).fetchLater;
    if (!later) return 'blocked';
    try {
      later(at(ROLLBACK), { method: 'POST', body: '{}', activateAfter: 0 });
    } catch {
      return 'blocked';
    }
    return 'sent';
  });

  const xhr =
    (prepare: (xhr: XMLHttpRequest) => void, isAsync = true): Way =>
    ({ at }) =>
      within(
        new Promise((resolve) => {
          const xhr = new XMLHttpRequest();
          xhr.onload = () => resolve(`read ${xhr.status}`);
          xhr.onerror = () => resolve('blocked');
          try {
            xhr.open('POST', at(ROLLBACK), isAsync);
            prepare(xhr);
            xhr.send('{}');
            if (!isAsync) resolve(`read ${xhr.status}`);
          } catch {
            resolve('blocked');
          }
        }),
      );
  add(
    'XHR',
    xhr(() => {}),
  );
  add(
    'XHR, at once',
    xhr(() => {}, false),
  );
  add(
    'XHR that listens to its progress',
    xhr((xhr) => (xhr.upload.onprogress = () => {})),
  );
  add(
    'XHR with credentials',
    xhr((xhr) => (xhr.withCredentials = true)),
  );
  add(
    'XHR of another type',
    xhr((xhr) => xhr.setRequestHeader('Content-Type', 'application/json')),
  );
  add(
    'XHR as if it were safe',
    xhr((xhr) => xhr.setRequestHeader('Content-Type', 'text/plain')),
  );
  add(
    'XHR with a header of its own',
    xhr((xhr) => xhr.setRequestHeader('X-Requested-With', 'x')),
  );

  /** Puts an element into the page. There it stays, as all here: what goes may not have been sent yet. */
  const load = (element: HTMLElement): Promise<string> => {
    const ended = new Promise<string>((resolve) => {
      for (const event of ['load', 'error', 'loadeddata']) {
        element.addEventListener(event, () => resolve('opaque'));
      }
    });
    document.body.append(element);
    return within(ended);
  };
  const element = (tag: string, attributes: Record<string, string>): HTMLElement => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    return made;
  };

  const html = (frame: HTMLIFrameElement): string => {
    try {
      const inside = frame.contentDocument?.documentElement.textContent;
      if (inside && frame.contentWindow?.location.protocol === 'http:') return `read ${inside}`;
    } catch {
      // another origin's document
    }
    return 'opaque';
  };
  const ENCODINGS = ['application/x-www-form-urlencoded', 'multipart/form-data', 'text/plain'];
  for (const path of [ROLLBACK, UPLOAD]) {
    for (const enctype of ENCODINGS) {
      for (const by of ['submit', 'a button', 'a picture'] as const) {
        add(`form to ${path}, ${enctype}, by ${by}`, async ({ at }) => {
          const frame = element('iframe', { name: at('x') }) as HTMLIFrameElement;
          const form = element('form', { method: 'post', target: at('x'), enctype });
          const field = element('input', { name: '{"a":"', value: '"}' });
          const button = element('button', {
            formaction: at(path),
            formmethod: 'post',
            formtarget: at('x'),
          });
          const picture = element('input', { type: 'image', src: 'data:,' });
          form.append(field, button, picture);
          document.body.append(frame, form);
          form.setAttribute('action', by === 'a button' ? 'about:blank' : at(path));
          const loaded = new Promise<string>((resolve) => {
            frame.onload = () => resolve(html(frame));
          });
          if (by === 'submit') (form as HTMLFormElement).submit();
          else if (by === 'a button') button.click();
          else picture.click();
          const learnt = await within(loaded);
          return learnt;
        });
      }
    }
  }
  add('form that is asked to', async ({ at }) => {
    const frame = element('iframe', { name: at('x') }) as HTMLIFrameElement;
    const form = element('form', { method: 'post', action: at(ROLLBACK), target: at('x') });
    document.body.append(frame, form);
    const loaded = new Promise<string>((resolve) => {
      frame.onload = () => resolve(html(frame));
    });
    (form as HTMLFormElement).requestSubmit();
    const learnt = await within(loaded);
    return learnt;
  });
  for (const method of ['get', 'post']) {
    add(`form in a window of its own, ${method}`, async ({ at }) => {
      const form = element('form', { method, action: at(ROLLBACK), target: '_blank' });
      // What a form asks for has its fields for a query.
      form.append(element('input', { name: new URL(at('/')).search.slice(1), value: '' }));
      document.body.append(form);
      (form as HTMLFormElement).submit();
      return 'sent';
    });
  }

  const LOADS: Record<string, (url: string) => HTMLElement> = {
    picture: (src) => element('img', { src }),
    'one of several pictures': (url) => element('img', { srcset: `${url} 1x` }),
    script: (src) => element('script', { src }),
    'script of a module': (src) => element('script', { src, type: 'module' }),
    'script with credentials': (src) => element('script', { src, crossorigin: 'use-credentials' }),
    'style sheet': (href) => element('link', { rel: 'stylesheet', href }),
    icon: (href) => element('link', { rel: 'icon', href }),
    prefetch: (href) => element('link', { rel: 'prefetch', href }),
    preconnect: (href) => element('link', { rel: 'preconnect', href }),
    manifest: (href) => element('link', { rel: 'manifest', href }),
    'module, ahead': (href) => element('link', { rel: 'modulepreload', href }),
    'script, ahead': (href) => element('link', { rel: 'preload', as: 'script', href }),
    'anything, ahead': (href) =>
      element('link', { rel: 'preload', as: 'fetch', crossorigin: '', href }),
    frame: (src) => element('iframe', { src }),
    object: (data) => element('object', { data }),
    embedded: (src) => element('embed', { src, type: 'text/html' }),
    video: (src) => element('video', { src, preload: 'auto' }),
    'picture of a video': (poster) => element('video', { poster }),
    sound: (src) => element('audio', { src, preload: 'auto' }),
    'picture of a button': (src) => element('input', { type: 'image', src }),
    'picture in a drawing': (url) =>
      Object.assign(document.createElement('div'), {
        innerHTML: `<svg width="9" height="9"><image href="${url}" width="9" height="9"/></svg>`,
      }),
    'style: import': (url) =>
      Object.assign(document.createElement('style'), { textContent: `@import url(${url});` }),
    'style: background': (url) => element('p', { style: `background: url(${url})` }),
    'style: font': (url) =>
      Object.assign(document.createElement('div'), {
        innerHTML: `<style>@font-face{font-family:x;src:url(${url})}</style><p style="font:9px x">x</p>`,
      }),
  };
  for (const [name, make] of Object.entries(LOADS)) {
    for (const path of [ROLLBACK, '/app.js']) {
      add(`${name}, ${path}`, ({ at }) => load(make(at(path))));
    }
  }
  add('frame that goes on', async ({ at }) => {
    const srcdoc = `<meta http-equiv="refresh" content="0;url=${at(ROLLBACK)}">`;
    const frame = element('iframe', { srcdoc });
    document.body.append(frame);
    return 'sent';
  });
  add('import()', ({ at }) =>
    within(import(at(ROLLBACK)).then(() => 'read a module').catch(() => 'blocked')),
  );
  add('speculation', async ({ at }) => {
    const rules = {
      prefetch: [{ urls: [at(ROLLBACK)] }],
      prerender: [{ urls: [at('/recovery')] }],
    };
    const script = element('script', { type: 'speculationrules' });
    script.textContent = JSON.stringify(rules);
    return load(script);
  });

  add('link that tells', async ({ at }) => {
    const frame = element('iframe', { name: at('x') });
    const { origin } = new URL(at('/'));
    const link = element('a', { href: `${origin}/recovery`, target: at('x'), ping: at(ROLLBACK) });
    document.body.append(frame, link);
    link.click();
    return 'sent';
  });
  add('window', async ({ at }) => {
    const opened = window.open(at(ROLLBACK));
    return opened ? 'sent' : 'blocked';
  });
  add('window that is sent elsewhere', async ({ at }) => {
    const opened = window.open('about:blank');
    if (!opened) return 'blocked';
    opened.location.href = at('/recovery');
    await soon(700);
    try {
      const text = opened.document.documentElement.textContent;
      return text ? `read ${text}` : 'sent';
    } catch {
      return 'opaque';
    }
  });

  for (const path of ['/api/events', '/api/ota/status', ROLLBACK]) {
    for (const withCredentials of [false, true]) {
      add(`events of ${path}${withCredentials ? ', with credentials' : ''}`, ({ at }) => {
        const source = new EventSource(at(path), { withCredentials });
        const ended = new Promise<string>((resolve) => {
          source.onerror = () => resolve('blocked');
          source.onopen = () => resolve('read events');
          for (const name of ['lamp', 'log', 'sensor'])
            source.addEventListener(name, () => resolve('read an event'));
        });
        return within(ended);
      });
    }
  }
  for (const path of ['/api/lamp/socket', '/api/events', ROLLBACK]) {
    add(`socket to ${path}`, ({ at }) => {
      const socket = new WebSocket(at(path).replace('http', 'ws'));
      const ended = new Promise<string>((resolve) => {
        socket.onerror = () => resolve('blocked');
        socket.onopen = () => socket.send('{"on":true,"colour":"#ff0000"}');
        socket.onmessage = (event) => resolve(`read ${String(event.data)}`);
      });
      return within(ended);
    });
  }
  add('call, by a relay', async ({ at }) => {
    if (!('RTCPeerConnection' in window)) return 'blocked';
    const urls = `turn:${new URL(at('/')).host}?transport=tcp`;
    const call = new RTCPeerConnection({
      iceServers: [{ urls, username: 'x', credential: 'x' }],
    });
    call.createDataChannel('x');
    await call.setLocalDescription();
    return 'sent';
  });

  const SCRIPT = (url: string): string => `
    const tell = (text) => (self.postMessage ? self : port).postMessage(text);
    let port;
    const go = () => fetch(${JSON.stringify(url)}, { method: 'POST', mode: 'no-cors', body: '{}' })
      .then((response) => tell(response.status ? 'read ' + response.status : 'opaque'), () => tell('blocked'));
    if (self.postMessage) go(); else self.onconnect = (event) => { port = event.ports[0]; go(); };`;
  const blob = (url: string): string =>
    URL.createObjectURL(new Blob([SCRIPT(url)], { type: 'text/javascript' }));
  const hear = (worker: Worker | SharedWorker): Promise<string> =>
    within(
      new Promise((resolve) => {
        const port = 'port' in worker ? worker.port : worker;
        port.onmessage = (event: MessageEvent) => resolve(String(event.data));
        worker.onerror = () => resolve('blocked');
      }),
    );
  add('worker', ({ at }) => hear(new Worker(blob(at(ROLLBACK)))));
  add('worker of the device', async ({ at }) => {
    try {
      return await hear(new Worker(at('/recovery')));
    } catch {
      return 'blocked';
    }
  });
  add('worker that imports', ({ at }) => {
    const script = `try { importScripts(${JSON.stringify(at(ROLLBACK))}); postMessage('read'); }
      catch { postMessage('blocked'); }`;
    return hear(new Worker(URL.createObjectURL(new Blob([script]))));
  });
  add('shared worker', async ({ at }) => {
    try {
      return await hear(new SharedWorker(blob(at(ROLLBACK))));
    } catch {
      return 'blocked';
    }
  });
  add('service worker of the device', ({ at }) =>
    within(
      Promise.resolve()
        .then(() => navigator.serviceWorker.register(at('/sw.js')))
        .then(() => 'read a worker')
        .catch(() => 'blocked'),
    ),
  );
  add('service worker', async ({ at, home }) => {
    if (!home) return 'blocked';
    const script = `${home}sw.js?${new URLSearchParams({ tell: at(ROLLBACK) }).toString()}`;
    const worker = await Promise.resolve()
      .then(() => navigator.serviceWorker.register(script))
      .catch(() => null);
    if (!worker) return 'blocked';
    return 'sent';
  });
  add('report of what a policy blocks', ({ at, home }) => {
    if (!home) return Promise.resolve('blocked');
    const report = new URLSearchParams({ report: at(ROLLBACK) }).toString();
    return load(element('iframe', { src: `${home}?${report}` }));
  });
  return ways.map(([name]) => name);
}
