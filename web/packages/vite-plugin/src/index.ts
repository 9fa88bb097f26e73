// The plugin: packs what `vite build` writes, and brings a device to `vite dev` and `vite preview`.
import type { Plugin } from 'vite';
import { devPlugin } from './dev.js';
import type { FaceplateOptions } from './options.js';
import { packPlugin } from './pack.js';

export type { Files, KeyPlace, Size } from 'faceplate-pack';
export type { FaceplateOptions } from './options.js';

/** Packs a build into `www.bin`, and passes a device's requests on while developing. */
export default function faceplate(options: FaceplateOptions = {}): Plugin[] {
  return [packPlugin(options), devPlugin(options)];
}
