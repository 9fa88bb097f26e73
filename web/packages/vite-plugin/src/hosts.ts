// Which names a server of Vite goes by. Vite checks that, too, but before Vite 7 only behind plugins.
import { isIP } from 'node:net';
import type { ResolvedConfig } from 'vite';

/**
 * Whether a `Host` is one of this server's. A foreign name that was bent to this machine (DNS
 * rebinding) makes a page from elsewhere look like one of ours, which the device could not tell.
 */
export type IsOwn = (host: string | undefined) => boolean;

/** The rule that Vite has: addresses, `localhost`, and the names that the configuration allows. */
export function ownHosts(config: ResolvedConfig, kind: 'server' | 'preview'): IsOwn {
  const { allowedHosts = [], https } = config[kind];
  // Who bends a name has no certificate for it.
  if (allowedHosts === true || https) return () => true;
  // Vite 6 keeps apart what follows from other options.
  const { additionalAllowedHosts: more = [] } = config as { additionalAllowedHosts?: string[] };
  const allowed = ['.localhost', ...allowedHosts, ...more];
  return (host) => {
    const name = hostname(host ?? '');
    if (isIP(name.replace(/^\[(.*)\]$/, '$1'))) return true;
    return allowed.some((one) =>
      one.startsWith('.') ? `.${name}`.endsWith(one.toLowerCase()) : name === one.toLowerCase(),
    );
  };
}

/** A host without its port, in lower case; empty when it is none. */
function hostname(host: string): string {
  try {
    return new URL(`http://${host}`).hostname;
  } catch {
    return '';
  }
}
