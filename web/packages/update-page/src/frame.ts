// The new frontend in a frame that nobody sees, again and again: there it confirms itself, if it works.
import type { FaceplatePage } from './global.js';
import { UNSEEN } from './unseen.js';

/** What the page in the frame tells of itself. */
export type FrameReport = Pick<FaceplatePage, 'build' | 'failure' | 'outcome'>;

export interface Frame {
  /** Loads the frontend, in place of what is loaded so far. */
  open(): void;
  close(): void;
  /** Null where nothing has loaded, or nothing that may be looked into. */
  report(): FrameReport | null;
}

/** Of the page's size, as a frontend may measure itself. */
const STYLE = 'visibility:hidden;position:fixed;inset:0;width:100%;height:100%;border:0';

/** A hidden frame in this page. */
export function hiddenFrame(): Frame & { home: string } {
  let frame: HTMLIFrameElement | null = null;
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
      document.body.append(frame);
    },
    close() {
      frame?.remove();
      frame = null;
    },
    report() {
      try {
        const inside = frame?.contentWindow;
        // Until something has come it is the empty page that every frame begins with.
        if (inside?.location.host && inside.document.readyState === 'complete') {
          const { build = null, failure = null, outcome = null } = inside.faceplate ?? {};
          return { build, failure: failure && { ...failure }, outcome };
        }
      } catch {
        // A page of the browser's own, which says that nothing could be loaded.
      }
      return null;
    },
  };
}

/** Seconds until it is opened again: one lost file must not decide, nor a network that is slow to return. */
const AGAIN_S = [5, 10, 20, 30];
const LOOK_MS = 500;

/** Opens a frame again and again, until the returned function is called. Tells what is in it when that changes. */
export function keepOpening(frame: Frame, onReport: (report: FrameReport) => void): () => void {
  let times = 0;
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
    // One that has come and is still proving itself is given the time.
    const working = report && !report.failure && report.outcome === null;
    if (!working && report?.outcome !== 'confirmed') frame.open();
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
