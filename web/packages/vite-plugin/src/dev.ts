// The plugin that brings a device to `vite dev` and `vite preview`.
import { deviceUrl } from 'faceplate-update-page/ota';
import {
  loadEnv,
  type Connect,
  type Plugin,
  type PreviewServer,
  type ResolvedConfig,
  type ViteDevServer,
} from 'vite';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { answer, type Wrong } from './answer.js';
import { ownHosts, type IsOwn } from './hosts.js';
import { OptionError } from 'faceplate-pack';
import type { FaceplateOptions } from './options.js';
import { pass } from './proxy.js';
import { passUpgrade, refuse } from './upgrade.js';

/** What a device answers itself; see docs/http-api.md. */
const DEVICES_OWN = /^\/(?:api(?:[/?]|$)|recovery(?:\/wifi)?\/?(?:\?|$))/;
/** A path of it, to find out whether the user has a proxy for that. */
const EXAMPLE = '/api/ota/status';

/** Passes `/api` and `/recovery` on to the device, or says that none is named. */
export function devPlugin(options: FaceplateOptions): Plugin {
  const install = (
    { config, middlewares, httpServer }: ViteDevServer | PreviewServer,
    kind: 'server' | 'preview',
  ) => {
    // First, so that it holds for a proxy of the user's, too.
    if (kind === 'preview') middlewares.use(refuseProof);
    if (Object.keys(config[kind].proxy ?? {}).some((key) => covers(key, EXAMPLE))) return;
    const base = baseOf(options, config);
    config.logger.info(
      base
        ? `faceplate: /api and /recovery come from ${base}`
        : 'faceplate: no device; set DEVICE=… to have its /api and /recovery here',
    );
    const isOwn = ownHosts(config, kind);
    middlewares.use(handler(base, isOwn));
    // In the middleware mode there is none, and who has the server passes WebSockets on.
    httpServer?.on(
      'upgrade',
      upgrader(base, isOwn, () => httpServer.listenerCount('upgrade') > 1),
    );
  };
  return {
    name: 'faceplate:device',
    apply: 'serve',
    configureServer: (server) => install(server, 'server'),
    configurePreviewServer: (server) => install(server, 'preview'),
  };
}

/**
 * A page of the preview comes from this computer, so it proves nothing about the device, also where that runs
 * the same build. The confirming script says by `?page` that it speaks; a person's word goes on to the device.
 */
const refuseProof: Connect.NextHandleFunction = (incoming, outgoing, next) => {
  // Below any prefix: the base of the build, or of a proxy.
  if (!incoming.url?.endsWith('/api/ota/confirm?page')) return next();
  answer(incoming, outgoing, {
    kind: 'other-build',
    status: 409,
    title: 'This page is not on the device',
    detail: 'vite preview serves it from this computer; open the page of the device itself',
  });
};

/** Whether a key of Vite's `proxy` is for a path. */
function covers(key: string, path: string): boolean {
  return key.startsWith('^') ? new RegExp(key).test(path) : path.startsWith(key);
}

/** The device's address as a URL without a slash at the end; `null` when none is named. */
function baseOf({ device }: FaceplateOptions, { mode, envDir }: ResolvedConfig): string | null {
  // The environment first, then what .env files say.
  const named = device ?? (envDir ? loadEnv(mode, envDir, 'DEVICE') : process.env)['DEVICE'];
  if (!named) return null;
  try {
    return deviceUrl(named);
  } catch (error) {
    throw new OptionError(`DEVICE: ${(error as Error).message}`);
  }
}

const isDevices = ({ url = '' }: IncomingMessage): boolean => DEVICES_OWN.test(url);

/** What keeps a request from the device. */
function refusal(base: string | null, isOwn: IsOwn, { headers }: IncomingMessage): Wrong | null {
  if (!isOwn(headers.host)) {
    return {
      kind: 'foreign-host',
      status: 403,
      title: 'This host is not known here',
      detail: `${headers.host} is no address; if it is a name of this server, add it to allowedHosts`,
    };
  }
  if (base) return null;
  return {
    kind: 'no-device',
    status: 503,
    title: 'No device is named',
    detail: 'start with DEVICE=… in the environment or in a .env file, such as DEVICE=192.168.4.1',
  };
}

function handler(base: string | null, isOwn: IsOwn): Connect.NextHandleFunction {
  return (incoming, outgoing, next) => {
    if (!isDevices(incoming)) return next();
    const wrong = refusal(base, isOwn, incoming);
    if (base && !wrong) pass(base, incoming, outgoing);
    else if (wrong) answer(incoming, outgoing, wrong);
  };
}

/** The same for WebSockets. `shared`: others listen for them, too, such as Vite for those of its own. */
function upgrader(base: string | null, isOwn: IsOwn, shared: () => boolean) {
  return (incoming: IncomingMessage, socket: Duplex, head: Buffer): void => {
    if (!isDevices(incoming)) {
      // Nobody else would ever answer.
      if (!shared()) socket.destroy();
      return;
    }
    const wrong = refusal(base, isOwn, incoming);
    if (base && !wrong) passUpgrade(base, incoming, socket, head);
    else if (wrong) refuse(incoming, socket, wrong);
  };
}
