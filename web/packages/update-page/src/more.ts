// All that is needed once a person acts or an update runs, loaded as one file before anything is sent:
// after the device has switched, the files of this page are gone.
import { hiddenFrame } from './frame.js';

export { hold } from './hold.js';
export { save } from './save.js';
export { view } from './view.js';
export { Work } from './work.js';
export { en } from './words/en.js';
/** Where the new frontend is loaded unseen; `home` is its address. */
export const frame = hiddenFrame();
