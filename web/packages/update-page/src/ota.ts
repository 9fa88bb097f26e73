// The client without a framework: everything that is public, in one place.
export * from './arrive.js';
export * from './device.js';
export * from './image.js';
export type * from './status.js';
export * from './update.js';
export * from './words.js';
