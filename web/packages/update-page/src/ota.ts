// The client without a framework: everything that is public, in one place.
export * from './arrive.js';
export {
  Device,
  DeviceReader,
  Problem,
  Unreachable,
  deviceUrl,
  type UnreachableKind,
  type UploadOptions,
  type Uploaded,
} from './device.js';
export type * from './global.js';
export type { Failure } from './failure.js';
export * from './image.js';
export * from './judge.js';
export * from './last.js';
export * from './note.js';
export { patchBetween } from './patch.js';
export * from './rollback.js';
export { silenceOf, type Silence } from './silence.js';
export * from './state.js';
export type * from './status.js';
export * from './update.js';
export { Updater, updaterFor, type UpdaterOptions } from './updater.js';
export * from './view.js';
export * from './watch.js';
export * from './words.js';
export { de } from './words/de.js';
export { en } from './words/en.js';
