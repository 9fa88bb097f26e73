// What is shown, as plain data: the page draws it and decides nothing.
import type { Message } from './words/words.js';

export type Tone = 'good' | 'info' | 'warning' | 'bad';

export interface View {
  /** The heading: the name of the device, or what is looked for. */
  readonly title: string;
  /** What runs, and how it is. */
  readonly runs: { readonly name: string; readonly text: string; readonly tone: Tone };
  /** The one thing to be told, if any. */
  readonly notice: Notice | null;
  readonly task: Task;
  /** What can be done, the most important first; at most one is primary. */
  readonly controls: readonly Control[];
  /** The other frontend on the device, in one line; null where there is nothing to say of it. */
  readonly back: { readonly text: string; readonly warning: boolean } | null;
  readonly details: {
    readonly heading: string;
    readonly sections: readonly Section[];
    /** The link to the device's page for its Wi-Fi; empty where it has none. */
    readonly wifi?: string;
    /** Saves what runs. */
    readonly backup?: Control | null;
  };
  /** For a live region: what changed, in a few words. */
  readonly spoken: string;
}

export interface Notice extends Message {
  readonly tone: Tone;
  readonly link: { readonly text: string; readonly href: string } | null;
}

export type Task =
  /** Nothing can be done; `text` says why, and may be empty. */
  | { readonly kind: 'none'; readonly text: string }
  /** A place for a file: the control `choose`. */
  | { readonly kind: 'choose'; readonly hint: string }
  /** What would happen, before it does. */
  | {
      readonly kind: 'chosen';
      readonly title: string;
      /** Name and size of the file. */
      readonly file: string;
      /** What is overwritten; empty where it cannot be installed. */
      readonly text: string;
    }
  | Progress;

export interface Progress {
  /** `verdict`: the new frontend runs, and it is to be decided whether it stays. */
  readonly kind: 'progress' | 'verdict';
  readonly title: string;
  /** 0 to 1. */
  readonly value: number;
  /** The same as text, such as `42 %`. */
  readonly percent: string;
  /** Bytes, speed, time left, or that nothing is heard. */
  readonly figures: string;
  readonly text: string;
  /** Nothing is heard: the bar stands still. */
  readonly frozen: boolean;
}

export type ControlId =
  | 'choose'
  | 'install'
  | 'tryAgain'
  | 'cancel'
  | 'keep'
  | 'look'
  | 'goBack'
  | 'backup'
  | 'reload'
  | 'dismiss';

export interface Control {
  readonly id: ControlId;
  readonly label: string;
  readonly rank: 'primary' | 'secondary' | 'danger';
  readonly place: 'notice' | 'task' | 'back' | 'details';
  readonly disabled: boolean;
  /** Of a link that opens in a new tab (`look`). */
  readonly href: string | null;
  /** To be asked before; "no" is what Enter means. */
  readonly ask: Ask | null;
}

export interface Ask {
  readonly title: string;
  readonly text: string;
  readonly yes: string;
  readonly no: string;
}

export interface Section {
  readonly heading: string;
  readonly rows: readonly (readonly [name: string, value: string])[];
}
