// How a deployment fails: what kind of failure it is, and the status that the command ends with.
import { explain, Problem, Unreachable, type UnreachableKind } from 'faceplate-update-page/ota';

/** What scripts tell failures apart by, and the status for each; the same as of the `faceplate` command. */
const STATUS = {
  /** A file on this computer, say. */
  local: 1,
  /** The file is no image. */
  image: 1,
  /** The upload broke off; the device still runs what it did. */
  'broke-off': 1,
  'did-not-restart': 1,
  /** The device has no frontend, but its recovery page. */
  recovery: 1,
  /** The device runs something else, for no reason that it tells. */
  'other-frontend': 1,
  'does-not-load': 1,
  /** It runs and stays, but nobody confirmed it. */
  'not-confirmed': 1,
  usage: 2,
  unreachable: 3,
  /** What answers is no device. */
  'not-faceplate': 3,
  /** What answers does not know the device's password. */
  impostor: 3,
  /** The device answered before, and does not any more. */
  lost: 3,
  /** Scripts read the type of the device's problem instead. */
  refused: 4,
  'went-back': 5,
} as const;

export type Kind = keyof typeof STATUS;

/** The device does not run the new frontend, or not for sure; the message says why and what to do. */
export class Failure extends Error {
  override readonly name = 'Failure';
  /** What scripts read. */
  readonly kind: string;
  /** What the command ends with. */
  readonly status: number;

  constructor(kind: Kind, message: string, options: ErrorOptions & { problem?: string } = {}) {
    super(message, options);
    this.kind = options.problem ?? kind;
    this.status = STATUS[kind];
  }
}

/** Waits for `work`; what the client throws comes as a `Failure`. */
export async function attempt<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw error instanceof Failure ? error : toFailure(error);
  }
}

const UNREACHABLE: Readonly<Record<UnreachableKind, Kind>> = {
  silent: 'unreachable',
  foreign: 'not-faceplate',
  lost: 'broke-off',
  restarted: 'broke-off',
  gone: 'lost',
  not_back: 'lost',
  not_restarted: 'did-not-restart',
};

/** What to do about a device with a password. */
export const SAY: Readonly<Record<string, string>> = {
  'password-needed': ' Say it with --password-file FILE, or in FACEPLATE_PASSWORD.',
  'password-unset': ' Set one by `faceplate password`, or on its Update page.',
};

/** What to do about a refusal, where the words for a page do not say it. */
const HINT: Readonly<Record<string, string>> = {
  ...SAY,
  'not-now': ' Deploy again when that is over.',
  unauthorized: " Say who you are: --header 'Authorization: …', or whatever the device takes.",
  forbidden: ' It knows who you are, and that is not enough: --header says it as somebody else.',
};

/** An error of the client; `more` is said behind it. */
export function toFailure(cause: unknown, more = ''): Failure {
  let message = words(cause) + more;
  if (cause instanceof Problem) {
    message += HINT[cause.kind] ?? '';
    return new Failure('refused', message, { cause, problem: cause.kind });
  }
  const kind = cause instanceof Unreachable ? UNREACHABLE[cause.kind] : 'local';
  return new Failure(kind, message, { cause });
}

/** An error of the client in a line; its next steps are meant for a page. */
export function words(error: unknown): string {
  const { title, text } = explain(error);
  const { detail: told } = error instanceof Problem ? error : { detail: '' };
  // Words that say it have nothing of their own.
  const said = text.toLowerCase().includes(told.toLowerCase());
  const detail = said ? '' : ` (${told})`;
  return `${title}${detail}. ${text}`;
}
