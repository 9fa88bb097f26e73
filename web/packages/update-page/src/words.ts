// What people are told: one place for every message of the page.

/** A message with a next step. */
export interface Words {
  /** A few words. */
  readonly title: string;
  /** One or two sentences: what happened, and what is still true (such as: the old frontend still runs). */
  readonly text: string;
  /** What to do next. */
  readonly next: string;
}

/** Words for anything that `update`, `readImage` or a `Device` throws. */
export declare function explain(error: unknown): Words;

/** Words for the last change of slot, such as "went back to 1.4 because 1.5 was not confirmed in time". */
export declare function describeLast(status: import('./status.js').Status): Words | null;
