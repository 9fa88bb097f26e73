// The shape of what people are told: one table for each language.
import type { UnreachableKind } from '../device.js';
import type { FileFault } from '../image.js';
import type { Phase } from '../progress.js';

/** A message with a next step. */
export interface Message {
  /** A few words. */
  readonly title: string;
  /** One or two sentences: what happened, and what is still true. */
  readonly text: string;
  /** What to do next; may be empty. */
  readonly next: string;
}

/** Title, text and next step; what is left out has a default. */
export type Row = readonly [title: string, text?: string, next?: string | undefined];

type Say = string;
type With<T extends unknown[] = [string]> = (...parts: T) => string;

/** Everything that is shown. Parts are names of frontends, sizes and times as they are written. */
export interface Words {
  /** BCP 47. */
  readonly lang: string;
  /** The decimal separator. */
  readonly point: string;
  /** Day, hour, minute, second. */
  readonly units: readonly [string, string, string, string];

  /** The line on top. */
  readonly heading: Say;
  readonly asking: Say;
  /** A frontend whose maker gave it no version. */
  readonly unnamed: Say;
  readonly nothing: Say;
  readonly runs: {
    readonly settled: With;
    readonly kept: With;
    /** On trial: time until the device takes it back, or keeps it by itself. */
    readonly onTrial: Say;
    /** Settled, though something speaks against it: time, what. */
    readonly doubtful: With<[string, string]>;
    readonly settling: With;
    readonly backAgain: With;
    readonly restarting: Say;
    readonly silent: With;
    readonly recovery: Say;
    readonly loading: Say;
  };

  /** The bar. */
  readonly bar: {
    readonly phases: Readonly<Record<Phase, Say>>;
    readonly meaning: Readonly<Record<Phase, Say>>;
    readonly goingBack: Say;
    readonly goingTo: With;
    readonly goingBackText: Say;
    readonly stopping: Say;
    readonly stoppingText: Say;
    /** Somebody else's update. */
    readonly others: Say;
    readonly bytes: With<[string, string]>;
    readonly speed: With;
    readonly left: With;
    readonly waiting: With;
    readonly undecided: With;
  };

  readonly task: {
    readonly chooseHint: Say;
    /** The file, the frontend that runs. */
    readonly newer: With<[string, string]>;
    readonly older: With<[string, string]>;
    readonly same: With;
    readonly other: With<[string, string]>;
    readonly identical: With;
    readonly overwrites: With;
    readonly overwritesNothing: Say;
    /** The file is what the device has beside what runs. */
    readonly isThere: Say;
    readonly deciding: With;
    readonly decidingText: With;
    readonly settling: Say;
    readonly none: Say;
  };

  readonly controls: {
    readonly choose: Say;
    readonly another: Say;
    readonly install: With;
    readonly tryAgain: Say;
    readonly cancel: Say;
    readonly keep: Say;
    readonly look: Say;
    readonly goBackNow: Say;
    readonly goBack: With;
    readonly goForward: With;
    readonly anyway: With;
    readonly reload: Say;
    readonly dismiss: Say;
    readonly backup: Say;
  };

  readonly back: {
    readonly kept: With;
    readonly newer: With;
    readonly same: With<[string, string]>;
    readonly identical: Say;
    readonly failed: With<[string, string]>;
    readonly none: Say;
    readonly notYet: Say;
    readonly writing: Say;
    readonly forward: With;
    readonly build: With<[string, string]>;
  };
  /** Asked once before going back: what is gone back to, what stays. */
  readonly ask: {
    readonly text: With<[string, string]>;
    readonly warning: With<[string, string]>;
    readonly no: Say;
  };

  /** Notices. */
  readonly notices: {
    readonly silent: Row;
    /** The device tells nothing to whom it does not know. */
    readonly denied: Row;
    /** It tells nothing without its password. */
    readonly locked: Row;
    /** The part of the page that updates could not be loaded. */
    readonly missing: Row;
    readonly recovery: Row;
    readonly stale: Row;
    readonly changed: Row;
    readonly updated: (to: string) => Row;
    readonly kept: (to: string) => Row;
    readonly rolledBack: (to: string) => Row;
    readonly cancelled: (runs: string, back: string) => Row;
    /** What became of the way back. */
    readonly stillBack: With;
    readonly overwritten: With;
    /** Somebody else than this page confirmed it, or the person here, also against what it reported. */
    readonly confirmed: (to: string) => Row;
    readonly said: (to: string) => Row;
    readonly saidDespite: (to: string, error: string) => Row;
    readonly wentTo: (to: string) => Row;
    readonly interrupted: (runs: string) => Row;
    readonly tooLate: (to: string) => Row;
    readonly replaced: (runs: string) => Row;
    /** The frontend threw: while it is on trial, and after the device went back. */
    readonly throws: (name: string, error: string) => Row;
    readonly threw: (to: string, from: string, error: string) => Row;
    readonly neverConfirmed: (to: string, from: string) => Row;
    readonly nobodyLoaded: (to: string, from: string) => Row;
    readonly wentBack: (to: string, from: string, why: string) => Row;
    readonly otherBuild: Row;
    /** The page around may have no frame: while it is on trial, and after the device went back. */
    readonly openIt: (name: string) => Row;
    readonly notOpened: (to: string, from: string) => Row;
    /** The link to how a frontend confirms. */
    readonly how: Say;
  };
  readonly why: Readonly<Record<string, string>>;
  readonly whyUnknown: Say;
  readonly whyThrew: Say;
  readonly whySaid: Say;
  readonly whyTaken: Say;

  /** By the last part of `type` in docs/http-api.md. */
  readonly problems: Readonly<Record<string, Row>>;
  readonly holds: With;
  readonly stillRuns: Say;
  readonly unreachable: Readonly<Record<UnreachableKind, Row>>;
  readonly files: Readonly<Record<FileFault, (value: string) => Row>>;
  readonly aborted: Row;
  readonly broken: Say;
  /** The next step where there is no other. */
  readonly loadAnew: Say;

  /** Technical details. */
  readonly details: {
    readonly heading: Say;
    readonly device: Say;
    readonly name: Say;
    readonly chip: Say;
    readonly firmware: Say;
    readonly api: Say;
    readonly uptime: Say;
    readonly boot: Say;
    readonly fault: Say;
    readonly last: Say;
    readonly boots: Say;
    readonly file: Say;
    readonly active: Say;
    readonly inactive: Say;
    readonly version: Say;
    readonly build: Say;
    readonly size: Say;
    readonly of: With<[string, string]>;
    /** How much of the file goes over the network. */
    readonly sends: Say;
    readonly sequence: Say;
    /** That signed, or whose frontends the device takes. */
    readonly key: Say;
    readonly hash: Say;
    readonly problem: Say;
    readonly recovery: Say;
    readonly wifi: Say;
  };
}

/** The part of a group that is needed at rest. */
type Of<Group extends keyof Words, Names extends keyof Words[Group]> = Pick<Words[Group], Names>;

/** What is said while nobody updates anything. */
export interface RestWords extends Pick<
  Words,
  'lang' | 'point' | 'units' | 'heading' | 'asking' | 'unnamed' | 'nothing'
> {
  readonly runs: Of<'runs', 'settled' | 'kept' | 'silent' | 'recovery' | 'loading'>;
  readonly task: Of<'task', 'chooseHint'>;
  readonly controls: Of<
    'controls',
    'choose' | 'goBack' | 'goForward' | 'reload' | 'dismiss' | 'tryAgain'
  >;
  readonly back: Of<'back', 'kept' | 'newer' | 'same' | 'identical' | 'none' | 'build'>;
  readonly notices: Of<
    'notices',
    'silent' | 'denied' | 'locked' | 'missing' | 'recovery' | 'stale' | 'updated' | 'rolledBack'
  >;
  readonly unreachable: Of<'unreachable', 'foreign'>;
  readonly details: Of<'details', 'heading' | 'recovery'>;
}

type Both = 'runs' | 'task' | 'controls' | 'back' | 'notices' | 'unreachable' | 'details';

/** What is said besides. */
export type MoreWords = Omit<Words, keyof RestWords> & {
  readonly [Group in Both]: Omit<Words[Group], keyof RestWords[Group]>;
};
