// Everything that the Update page knows, as plain data: what is shown follows from it alone (view.ts).
import type { Failure } from './failure.js';
import type { FrameReport } from './frame.js';
import type { ImageFacts } from './image.js';
import type { Meter } from './progress.js';
import type { Status } from './status.js';
import type { Sent } from './update.js';

/** Times are milliseconds since 1970. */
export interface State {
  /** What the device said last; null until it has answered. */
  readonly status: Status | null;
  /** When that was. */
  readonly heard: number;
  /** When it was asked first of the times that it did not answer since; null while it answers. */
  readonly silent: number | null;
  /** What answers instead is no device, such as a login page of the network. */
  readonly foreign: boolean;
  /** The device answers, but not to whom it does not know. */
  readonly denied: boolean;
  /** It wants its password for that. */
  readonly locked: boolean;
  /** The file that was chosen; it stays until the update is over, so that it can be tried again. */
  readonly file: ImageFile | null;
  /** The file was changed on disk after its facts had been shown: these are the new ones. */
  readonly changed: boolean;
  /** The update or way back that this page does or follows. */
  readonly run: Run | null;
  /** How the last one ended, until it is dismissed or something new begins. */
  readonly end: End | null;
  /** How frontends failed in this tab, by `idOf`: `THREW` or a reason of the device; empty where one works by now. */
  readonly failed: Readonly<Record<string, string>>;
  /** A command of the person is on its way. */
  readonly busy: boolean;
  /** The device runs another frontend than the one that this page came with. */
  readonly stale: boolean;
  /** The device runs what it should, and its page is about to be loaded. */
  readonly leaving: boolean;
  /** What the hidden frame tells of the frontend on trial. */
  readonly report: FrameReport | null;
  /** Leaving the page now would harm what it does; the updater lets the browser ask first. */
  readonly holding: boolean;
  /** The part of the page that updates could not be loaded. */
  readonly missing: boolean;
  /** The address of the frontend's own page. */
  readonly home: string;
}

export interface ImageFile extends ImageFacts {
  readonly name: string;
  /** Null where it is too large to be read as a whole. */
  readonly sha256: string | null;
}

/** What a frontend is called by. */
export interface Named {
  readonly version: string | null;
  readonly build: string | null;
}

export interface Run {
  readonly what: 'update' | 'back';
  /** What ran before, and what is to run; null where nobody knows. */
  readonly from: Named | null;
  readonly to: Named | null;
  readonly meter: Meter;
  /** How the file is sent; null before it is, and of a way back. */
  readonly sent: Sent | null;
  /** Cancelled, and the device has not let go of it yet. */
  readonly stopping: boolean;
}

export type End =
  /** The new frontend runs; `kept`: nobody confirmed it, but there is nothing to go back to. */
  | {
      readonly kind: 'updated';
      readonly to: Named;
      readonly kept: boolean;
      /** Its page was seen to prove itself, or a person said so here; else somebody else confirmed it. */
      readonly how?: 'proved' | 'said';
      /** What its page had reported by then. */
      readonly error?: string;
    }
  /** `forward`: to one that is newer. */
  | { readonly kind: 'rolled_back'; readonly to: Named; readonly forward?: boolean }
  /** Another frontend than the one that was sent runs. */
  | {
      readonly kind: 'went_back';
      readonly from: Named | null;
      readonly to: Named;
      /** Of the device's last change; `replaced` where somebody else's update came between. */
      readonly reason: string | null;
      /** What the hidden frame told of it; null where nobody could load it. */
      readonly report: FrameReport | null;
    }
  | { readonly kind: 'recovery' }
  /** `late`: the device had all of it already, and runs it on trial. */
  /** `had`: the way back before, if there was one. */
  | { readonly kind: 'cancelled'; readonly late: boolean; readonly had?: Named | null }
  /** The page was loaded anew while it sent; the device did not get all of it. */
  | { readonly kind: 'interrupted' }
  /** `back`: it was no file that was refused, but going back. */
  | { readonly kind: 'failed'; readonly failure: Failure; readonly back?: true };

/** How a frontend failed that reported an error; else it is the device's reason. */
export const THREW = 'threw';
/** One that a person kept, and that never said itself that it works. */
export const SAID = 'said';

export const START: State = {
  status: null,
  heard: 0,
  silent: null,
  foreign: false,
  denied: false,
  locked: false,
  file: null,
  changed: false,
  run: null,
  end: null,
  failed: {},
  busy: false,
  stale: false,
  leaving: false,
  report: null,
  holding: false,
  missing: false,
  home: '/',
};
