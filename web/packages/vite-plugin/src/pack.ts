// The plugin that packs what a build wrote.
import { dirname, join, resolve } from 'node:path';
import type { Environment, Plugin, ResolvedConfig } from 'vite';
import {
  ImageError,
  makeRoom,
  readBase,
  recipe,
  refusePublic,
  signingKey,
  type Places,
} from 'faceplate-pack';
import { begin, bringUpToDate, forget } from './job.js';
import { namesOf } from './naming.js';
import type { FaceplateOptions } from './options.js';
import { isSvelteKit, watchAdapter, type Adapted } from './sveltekit.js';

/** Packs each build that writes a frontend; builds of servers are left alone. */
export function packPlugin(options: FaceplateOptions): Plugin {
  let config: ResolvedConfig;
  let adapted: Adapted | null = null;
  /** Astro makes its pages by a server's build, which it always runs, that of scripts only if there are some. */
  let astro = false;
  /** Builds whose files are all written; a build that failed never gets here. */
  const written = new WeakSet<Environment>();

  /** Where the things of a build are; `null` for a build that is none of a frontend. */
  const placesOf = (environment: Environment): Places | null => {
    const { build, consumer, root } = environment.config;
    const set = (path: string | undefined) => path && resolve(root, path);
    if (!build.write) return null;
    if (adapted) {
      // The adapter runs at the end of the server's build.
      if (consumer !== 'server') return null;
      const dir = set(options.dir) ?? adapted.pages ?? resolve(root, 'build');
      return { dir, out: set(options.out) ?? join(root, 'www.bin') };
    }
    if (consumer === 'server' && !astro) return null;
    const dir = set(options.dir) ?? resolve(root, build.outDir);
    return { dir, out: set(options.out) ?? join(dirname(dir), 'www.bin') };
  };

  /** Refuses a key that does not sign, or that the build would publish, before anything is built. */
  const refuseKey = ({ dir }: Places) => {
    const { sign } = options;
    if (sign === undefined) return;
    const { root, publicDir } = config;
    refusePublic(sign, root, [dir, publicDir].filter(Boolean));
    signingKey(sign, root);
  };

  /** Refuses a base that would make room for the image. */
  const refuseBase = ({ out }: Places) => {
    const { base } = options;
    if (base !== undefined && resolve(config.root, base) === out) {
      throw new ImageError(
        `base: ${base} is where the image is written, and an older one is taken away when a build begins; keep ` +
          'what devices have at another place',
      );
    }
  };

  /** The folder of a build is written, as far as that build goes. */
  const done = async (places: Places) => {
    if (adapted && !options.dir && adapted.pages !== adapted.assets) {
      throw new ImageError(
        'SvelteKit did not write an app of files alone; use @sveltejs/adapter-static, with pages and ' +
          'assets in one folder',
      );
    }
    const { root, logger } = config;
    const listed = options.report !== false;
    const names = namesOf(root);
    const made = await recipe(options, root, (file) => names.of(file));
    begin({ places, recipe: made, root, listed, logger });
  };

  const watch = (resolved: ResolvedConfig) => namesOf(resolved.root).watch(resolved);
  const noting = {
    name: 'faceplate:named',
    configResolved: watch,
    renderStart() {
      namesOf(this.environment.config.root).begin(this.environment);
    },
    // After all that may rename files or take them away.
    generateBundle: {
      order: 'post',
      handler(output, bundle) {
        namesOf(this.environment.config.root).note(this.environment, output, bundle);
      },
    },
  } satisfies Plugin;

  return {
    ...noting,
    name: 'faceplate:pack',
    apply: 'build',
    enforce: 'post',

    // Workers are built apart, with these plugins alone.
    config: () => ({ worker: { plugins: () => [noting] } }),

    configResolved(resolved) {
      config = resolved;
      watch(resolved);
      adapted = isSvelteKit(resolved) ? watchAdapter(resolved) : null;
      astro = resolved.plugins.some(({ name }) => name.startsWith('astro:'));
    },

    buildStart: {
      order: 'pre',
      handler() {
        const places = placesOf(this.environment);
        if (!places) return;
        written.delete(this.environment);
        // A build that fails must not leave an image that looks like its own.
        try {
          forget(places);
          refuseBase(places);
          makeRoom(places);
          refuseKey(places);
          readBase(options.base, config.root);
        } catch (error) {
          throw told(error);
        }
      },
    },

    writeBundle: {
      order: 'post',
      // After all others, so that a failure of one of them is known.
      sequential: true,
      handler() {
        written.add(this.environment);
      },
    },

    closeBundle: {
      order: 'post',
      sequential: true,
      async handler() {
        if (!written.delete(this.environment)) return;
        try {
          const places = placesOf(this.environment);
          if (places) await done(places);
          // Also at the end of a server's build, which may have written pages.
          bringUpToDate(config.root);
        } catch (error) {
          // While it watches, Vite is not to end with the first mistake.
          if (this.meta.watchMode) config.logger.error(`faceplate: ${text(error)}`);
          else throw told(error);
        }
      },
    },
  };
}

const text = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** An error that Vite shows without a stack when it is one of the user's making. */
function told(error: unknown): unknown {
  if (error instanceof Error) {
    error.message = `faceplate: ${error.message}`;
    if (['ImageError', 'OptionError', 'TreeError'].includes(error.name)) {
      error.stack = error.message;
    }
  }
  return error;
}
