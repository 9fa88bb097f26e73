// The new frontend in a frame that nobody sees, again and again: there it confirms itself, if it works.
import type { FaceplatePage } from './global.js';
import { UNSEEN } from './unseen.js';

/**
 * What the page in the frame tells of itself; `forbidden`: a policy lets no frame load it;
 * `silent`: it is whole, and nothing in it tells. Then either nothing ever does, or that got lost on the way.
 */
export interface FrameReport extends Pick<FaceplatePage, 'build' | 'failure'> {
  readonly outcome: FaceplatePage['outcome'] | 'forbidden' | 'silent';
}

export interface Frame {
  /** Loads the frontend, in place of what is loaded so far. */
  open(): void;
  close(): void;
  /** Null where nothing has loaded that tells of itself, or nothing that may be looked into. */
  report(): FrameReport | null;
  /** Something has come, and is not whole yet. */
  loading(): boolean;
}

/** Of the page's size, as a frontend may measure itself. */
const STYLE = 'visibility:hidden;position:fixed;inset:0;width:100%;height:100%;border:0';

const META = 'meta[name=faceplate-build]';
const isWhole = ({ document }: Window) => document.readyState === 'complete';

/** Whether what answers there lets no page of this host have it in a frame. */
async function forbids(address: string): Promise<boolean> {
  const stop = new AbortController();
  const { headers } = await fetch(address, {
    headers: { Accept: 'text/html' },
    signal: stop.signal,
  });
  // A device has few connections, and the rest tells nothing.
  stop.abort();
  const { host, protocol } = location;
  const us = ['*', "'self'", protocol, host, `${protocol}//${host}`];
  return `${headers.get('X-Frame-Options')};${headers.get('Content-Security-Policy')}`
    .toLowerCase()
    .split(/[;,]/)
    .some((directive) => {
      const [name, ...sources] = directive.trim().split(/ +/);
      return (
        name === 'deny' ||
        (name === 'frame-ancestors' && !sources.some((source) => us.includes(source)))
      );
    });
}

/** A hidden frame in this page. */
export function hiddenFrame(): Frame & { home: string } {
  let frame: HTMLIFrameElement | null = null;
  let forbidden = false;
  const onBlocked = ({
    disposition,
    effectiveDirective,
    blockedURI,
  }: SecurityPolicyViolationEvent) => {
    forbidden ||=
      disposition !== 'report' &&
      effectiveDirective === 'frame-src' &&
      blockedURI === frame?.src.split('#')[0];
  };
  const inside = () => {
    try {
      const page = frame?.contentWindow;
      // Until something has come it is the empty page that every frame begins with.
      if (page?.location.host && page.document) return page;
    } catch {
      // A page of the browser's own, which says that nothing could be loaded.
    }
    return null;
  };
  /** A page of the browser's own says only that there is none; why, the answer to anybody else does. */
  const onLoad = async ({ target }: Event) => {
    if (inside()) return;
    const no = await forbids((target as HTMLIFrameElement).src).catch(() => false);
    if (target === frame) forbidden ||= no;
  };
  return {
    home: '/',
    open() {
      this.close();
      frame = document.createElement('iframe');
      frame.name = UNSEEN;
      frame.src = this.home;
      // A frontend may focus a field of its own.
      frame.inert = true;
      frame.ariaHidden = 'true';
      frame.style.cssText = STYLE;
      frame.onload = onLoad;
      document.addEventListener('securitypolicyviolation', onBlocked);
      document.body.append(frame);
    },
    close() {
      document.removeEventListener('securitypolicyviolation', onBlocked);
      frame?.remove();
      frame = null;
      forbidden = false;
    },
    report() {
      if (forbidden) return { build: null, failure: null, outcome: 'forbidden' };
      const page = inside();
      if (!page) return null;
      const {
        build = page.document.querySelector<HTMLMetaElement>(META)?.content ?? null,
        failure = null,
        outcome = page.faceplate ? null : 'silent',
      } = page.faceplate ?? {};
      // A page that goes on loading, such as one with a camera's picture, may have told all the same.
      if (!isWhole(page) && !(page.faceplate && (failure || outcome))) return null;
      return { build, failure: failure && { ...failure }, outcome };
    },
    loading() {
      const page = inside();
      return !!page && !isWhole(page);
    },
  };
}

/** Seconds until it is opened again: one lost file must not decide, nor a network that is slow to return. */
const AGAIN_S = [5, 10, 20, 30];
const LOOK_MS = 500;
/** A frontend may be large and the network slow; what takes longer has got stuck. */
const LOADING_MS = 90_000;

/** Opens a frame again and again, until the returned function is called. Tells what is in it when that changes. */
export function keepOpening(frame: Frame, onReport: (report: FrameReport) => void): () => void {
  let times = 0;
  let since = 0;
  let told = '';
  let timer: ReturnType<typeof setTimeout>;
  const look = () => {
    const report = frame.report();
    const text = JSON.stringify(report);
    if (report && text !== told) onReport(report);
    told = text;
    return report;
  };
  const looking = setInterval(look, LOOK_MS);
  const open = () => {
    const report = times ? look() : null;
    // One that is on its way, or has come and is still proving itself, is given the time.
    const working = report
      ? !report.failure && report.outcome === null
      : times && frame.loading() && Date.now() - since < LOADING_MS;
    if (!working && report?.outcome !== 'confirmed' && report?.outcome !== 'forbidden') {
      since = Date.now();
      frame.open();
    }
    timer = setTimeout(open, (AGAIN_S[times++] ?? 30) * 1000);
  };
  open();
  return () => {
    look();
    clearInterval(looking);
    clearTimeout(timer);
    frame.close();
  };
}
