// Whether this page is in the hidden frame of another one, to which it leaves everything.

/** Such a frame's name. */
export const UNSEEN = 'faceplate-unseen';
export const isUnseen = (): boolean => globalThis.window?.name === UNSEEN;
