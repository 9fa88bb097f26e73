// What a page from elsewhere can try against a device, and the code that tries it in that page.
import type { Page } from '@playwright/test';

/** What is sent; the image is one that the device would take. */
type Body = 'image' | 'json' | 'none';

export type Attack = { readonly path: string; readonly body: Body } & (
  | { readonly by: 'form'; readonly encoding: string }
  | { readonly by: 'beacon'; readonly type: string }
  | { readonly by: 'xhr'; readonly method: string; readonly type: string | null }
  | {
      readonly by: 'fetch';
      readonly method: string;
      readonly mode: 'cors' | 'no-cors';
      /** Of the body, as a Blob has it; empty for none. */
      readonly type: string;
      /** Header that is set besides. */
      readonly header: string | null;
    }
);

/** The types that a page may send without asking, none, and those that the device wants. */
const TYPES = [
  '',
  'text/plain',
  'application/x-www-form-urlencoded',
  'multipart/form-data',
  'application/octet-stream',
  'application/json',
];
const ENCODINGS = ['application/x-www-form-urlencoded', 'multipart/form-data', 'text/plain'];

/** Everything a page can send to one path. */
function against(path: string, body: Body): Attack[] {
  const right = body === 'image' ? 'application/octet-stream' : 'application/json';
  return [
    ...ENCODINGS.map((encoding) => ({ by: 'form', path, body, encoding }) as const),
    ...TYPES.map((type) => ({ by: 'beacon', path, body, type }) as const),
    ...(['cors', 'no-cors'] as const).flatMap((mode) =>
      [...TYPES.map((type) => [type, null] as const), ['', right] as const].map(
        ([type, header]) =>
          ({ by: 'fetch', path, body, method: 'POST', mode, type, header }) as const,
      ),
    ),
    ...[null, 'text/plain', right].map(
      (type) => ({ by: 'xhr', path, body, method: 'POST', type }) as const,
    ),
    ...['PUT', 'PATCH', 'DELETE'].map(
      (method) => ({ by: 'xhr', path, body, method, type: right }) as const,
    ),
    // A plain request must not be taken for a change either.
    { by: 'fetch', path, body: 'none', method: 'GET', mode: 'no-cors', type: '', header: null },
    { by: 'fetch', path, body: 'none', method: 'POST', mode: 'no-cors', type: '', header: null },
  ];
}

export const UPLOADS = against('/api/ota/frontend?confirm=client&within=10', 'image');
export const COMMANDS = [
  ...against('/api/ota/confirm', 'json'),
  ...against('/api/ota/rollback', 'json'),
];

/**
 * Tries one in the page, and returns what the page learnt: `blocked`, `opaque`, `sent`, or
 * `read …` with an answer that it could read.
 */
export function tryAttack(
  page: Page,
  device: string,
  attack: Attack,
  image: string,
): Promise<string> {
  return page.evaluate(attempt, { device, attack, image });
}

/** Runs in the page, so it uses nothing from outside. */
async function attempt(given: { device: string; attack: Attack; image: string }): Promise<string> {
  const { device, attack } = given;
  const url = device + attack.path;
  const bytes = (): BlobPart => {
    if (attack.body === 'json') return '{}';
    return Uint8Array.from(atob(given.image), (letter) => letter.charCodeAt(0));
  };
  const seen = async (response: Response): Promise<string> =>
    response.type === 'opaque' ? 'opaque' : `read ${response.status} ${await response.text()}`;

  switch (attack.by) {
    case 'beacon': {
      // Beacons that are on their way may have 64 KiB together, so this one may have to wait.
      for (let tries = 0; tries < 100; tries += 1) {
        if (navigator.sendBeacon(url, new Blob([bytes()], { type: attack.type }))) return 'sent';
        await new Promise((done) => setTimeout(done, 50));
      }
      return 'never sent';
    }
    case 'fetch': {
      const body = attack.body === 'none' ? null : new Blob([bytes()], { type: attack.type });
      const headers: HeadersInit = attack.header ? { 'Content-Type': attack.header } : {};
      const { method, mode } = attack;
      return fetch(url, { method, mode, body, headers }).then(seen, () => 'blocked');
    }
    case 'xhr':
      return new Promise((resolve) => {
        const xhr = new XMLHttpRequest();
        xhr.open(attack.method, url);
        if (attack.type) xhr.setRequestHeader('Content-Type', attack.type);
        xhr.onload = () => resolve(`read ${xhr.status} ${xhr.responseText}`);
        xhr.onerror = () => resolve('blocked');
        xhr.send(new Blob([bytes()]));
      });
    case 'form': {
      const frame = document.createElement('iframe');
      frame.name = 'answer';
      const form = document.createElement('form');
      Object.assign(form, {
        method: 'post',
        action: url,
        target: 'answer',
        enctype: attack.encoding,
      });
      const field = document.createElement('input');
      field.name = '{"a":"'; // as text/plain the body is {"a":"="}
      field.value = '"}';
      form.append(field);
      if (attack.body === 'image') {
        const file = document.createElement('input');
        Object.assign(file, { type: 'file', name: 'file' });
        const picked = new DataTransfer();
        picked.items.add(new File([bytes()], 'www.bin', { type: 'application/octet-stream' }));
        file.files = picked.files;
        form.append(file);
      }
      document.body.append(frame, form);
      const loaded = new Promise((resolve) => (frame.onload = resolve));
      form.submit();
      await loaded;
      let read = 'opaque';
      try {
        const inside = frame.contentDocument;
        if (inside) read = `read ${inside.documentElement.textContent}`;
      } catch {
        // another origin's document
      }
      frame.remove();
      form.remove();
      return read;
    }
  }
}
