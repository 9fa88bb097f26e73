// The firmware's own routes for a frontend's code, also where the device has a password. An entry of its own.
import type { Login, LoginInit } from './global.js';

const logins: Record<string, Login> = {};

/**
 * `fetch` for a path on the device of this page, such as `/api/lamp`. Where the device wants its password, the
 * person is asked for it, once, and the request is signed; who does not want to enter it gets the refusal (401,
 * or 403 where none is set yet). `quiet: true` never asks. A device without a password sees no more than `fetch`.
 */
export async function deviceFetch(path: string, init: LoginInit = {}): Promise<Response> {
  const base = globalThis.window?.faceplate?.base ?? '';
  const url = path.startsWith('/') ? base + path : path;
  const known = logins[base];
  if (known) return known.fetch(url, init);
  const answer = await fetch(url, init);
  const words = /problems\/(password-|session-over)/;
  // An answer to HEAD tells nothing but this.
  const ours = answer.headers.get('WWW-Authenticate') === 'Faceplate';
  if (answer.ok || !(ours || words.test(await answer.clone().text()))) return answer;
  const from = `${base}/api/ota/login.js`;
  const login = (await import(/* @vite-ignore */ /* webpackIgnore: true */ from)) as Login;
  return (logins[base] = login).fetch(url, init);
}
