// What a user can set.
import type { ImageOptions } from 'faceplate-pack';

/** All are optional. */
export interface FaceplateOptions extends ImageOptions {
  /**
   * The folder to pack. Default: `build.outDir`; with SvelteKit the folder that its adapter wrote.
   */
  readonly dir?: string;
  /**
   * The image to write. Default: `www.bin` beside the packed folder; with SvelteKit in the project's
   * root.
   */
  readonly out?: string;
  /** Whether the packed files are listed. Default: `true`. */
  readonly report?: boolean;
  /**
   * The device that `vite dev` and `vite preview` pass `/api` and `/recovery` to: a host, host:port
   * or http://host:port, behind a reverse proxy with the path that leads to it, such as
   * `home.example/kitchen`. Default: `DEVICE` of the environment or of a `.env` file.
   */
  readonly device?: string;
}
