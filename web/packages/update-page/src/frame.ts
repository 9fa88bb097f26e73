// The new frontend in a frame that nobody sees, again and again: there it confirms itself, if it works.

/** What the page in the frame tells of itself (`window.faceplate`, set by confirm.js). */
export interface FrameReport {
  /** Its build id; null where it has none. */
  readonly build: string | null;
  /** The first thing that went wrong in it. */
  readonly failure: { readonly text: string; readonly place: string } | null;
  readonly outcome: 'confirmed' | 'failed' | 'other-build' | 'not-asked' | 'no-answer' | null;
}

export interface Frame {
  /** Loads the frontend, in place of what is loaded so far. */
  open(): void;
  close(): void;
  /** Null where nothing has loaded, or nothing that may be looked into. */
  report(): FrameReport | null;
}

const STYLE = 'visibility:hidden;position:fixed;inset:0;width:100%;height:100%;border:0';

/** A hidden frame in this page. */
export function hiddenFrame(home: string): Frame {
  let frame: HTMLIFrameElement | null = null;
  const close = () => {
    frame?.remove();
    frame = null;
  };
  return {
    open() {
      close();
      frame = document.createElement('iframe');
      frame.src = home;
      // A frontend may focus a field of its own.
      frame.inert = true;
      frame.tabIndex = -1;
      frame.setAttribute('aria-hidden', 'true');
      // Of the page's size, as a frontend may measure itself.
      frame.style.cssText = STYLE;
      document.body.append(frame);
    },
    close,
    report() {
      try {
        const inside = frame?.contentWindow as (Window & { faceplate?: FrameReport }) | null;
        // Until something has come it is the empty page that every frame begins with.
        if (!inside || inside.location.href === 'about:blank') return null;
        if (inside.document.readyState !== 'complete') return null;
        const { build = null, failure = null, outcome = null } = inside.faceplate ?? {};
        return { build, failure: failure && { ...failure }, outcome };
      } catch {
        // A page of the browser's own, which says that nothing could be loaded.
        return null;
      }
    },
  };
}
