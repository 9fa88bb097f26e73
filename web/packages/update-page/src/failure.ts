// What went wrong, as plain data: it can be kept, compared and told in any language.
import { Problem, Unreachable, type UnreachableKind } from './reader.js';
import { NotAnImage, type FileFault } from './image.js';
import { record } from './shape.js';

export type Failure =
  /** A refusal of the device: docs/http-api.md, "Errors". */
  | {
      readonly kind: 'problem';
      readonly type: string;
      readonly title: string;
      readonly detail: string;
      readonly slotSize: number | null;
    }
  | { readonly kind: 'unreachable'; readonly why: UnreachableKind }
  /** The file is no update file, or not the one that was chosen. */
  | { readonly kind: 'file'; readonly why: FileFault; readonly value: string }
  | { readonly kind: 'aborted' }
  /** A bug of ours, or something that nobody thought of. */
  | { readonly kind: 'other'; readonly message: string };

/** The same for anything that `update`, `readImage` or a `Device` throws. */
export function failureOf(error: unknown): Failure {
  if (error instanceof Problem) {
    const { kind: type, title, detail, slotSize } = error;
    return { kind: 'problem', type, title, detail, slotSize };
  }
  if (error instanceof Unreachable) return { kind: 'unreachable', why: error.kind };
  if (error instanceof NotAnImage) return { kind: 'file', why: error.why, value: error.value };
  const { name, message } = record(error) as Partial<Error>;
  // A browser that cannot read a file any more says so by one of these names.
  if (name === 'NotFoundError' || name === 'NotReadableError') {
    return { kind: 'file', why: 'gone', value: '' };
  }
  return name === 'AbortError'
    ? { kind: 'aborted' }
    : { kind: 'other', message: message || name || String(error) };
}
