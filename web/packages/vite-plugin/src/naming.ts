// With which bytes Vite named the files of a bundle. Plugins may change a file afterwards, and then the
// same name comes again with other bytes: no browser may keep such a file.
import { createHash } from 'node:crypto';
import type { SourceFile } from 'faceplate-pack';
import type { Environment, Plugin, ResolvedConfig } from 'vite';
import { namedByContent, type Asset, type Chunk, type Output } from './named.js';

type File =
  (Chunk & { readonly code: string }) | (Asset & { readonly source: string | Uint8Array });
type Bundle = Readonly<Record<string, File>>;
type Handler = (output: Output, bundle: Bundle, ...more: unknown[]) => unknown;

/** Vite's own, which finish after the naming what the names stand for: they write the names of others. */
const FINISHERS = ['vite:css-post', 'vite:build-import-analysis'];

const print = (bytes: string | Uint8Array) => createHash('sha256').update(bytes).digest('base64');
const printOf = (file: File) => print(file.type === 'chunk' ? file.code : file.source);

/** What the builds of one project name by content. */
export class Names {
  /** What Vite wrote under a name; there are several where several builds have the same. */
  readonly #named = new Map<string, Set<string>>();
  /** The files of bundles that are being made, as Vite named them. */
  readonly #seen = new WeakMap<Environment, Map<string, string>>();

  /** `true` for a file that has the bytes that it was named for, `false` for others of its name. */
  of({ path, bytes }: SourceFile): boolean | null {
    return this.#named.get(path)?.has(print(bytes)) ?? null;
  }

  begin(environment: Environment): void {
    this.#seen.delete(environment);
  }

  /** Looks at a bundle between any two plugins. */
  watch({ plugins }: ResolvedConfig): void {
    for (const plugin of plugins) {
      const hook = plugin.generateBundle;
      if (!hook || plugin.name.startsWith('faceplate:')) continue;
      const handler = (typeof hook === 'function' ? hook : hook.handler) as unknown as Handler;
      const finishes = FINISHERS.includes(plugin.name);
      const { look } = this;
      const watched = async function (
        this: { environment?: Environment },
        ...args: Parameters<Handler>
      ) {
        const [, bundle] = args;
        const { environment } = this;
        const untouched = environment ? look(environment, bundle) : [];
        const result = await handler.apply(this, args);
        if (environment) look(environment, bundle, finishes ? untouched : []);
        return result;
      } as unknown as Extract<Plugin['generateBundle'], (...args: never[]) => unknown>;
      plugin.generateBundle = typeof hook === 'function' ? watched : { ...hook, handler: watched };
    }
  }

  /**
   * Notes the files that are new, and those in `finished` anew; gives those that are as they were named.
   */
  readonly look = (
    environment: Environment,
    bundle: Bundle,
    finished: readonly string[] = [],
  ): string[] => {
    const seen = this.#seen.get(environment) ?? new Map<string, string>();
    this.#seen.set(environment, seen);
    const untouched = [];
    for (const file of Object.values(bundle)) {
      const now = printOf(file);
      const { fileName } = file;
      if (!seen.has(fileName) || finished.includes(fileName)) seen.set(fileName, now);
      if (seen.get(fileName) === now) untouched.push(fileName);
    }
    return untouched;
  };

  /** A bundle is done. */
  note(environment: Environment, output: Output, bundle: Bundle): void {
    this.look(environment, bundle);
    for (const name of namedByContent(output, bundle)) {
      const print = this.#seen.get(environment)?.get(name);
      if (!print) continue;
      const prints = this.#named.get(name) ?? new Set();
      this.#named.set(name, prints.add(print));
    }
  }
}

/** By the project: some tools run its builds with a plugin each. */
const projects = new Map<string, Names>();

export function namesOf(root: string): Names {
  const names = projects.get(root) ?? new Names();
  projects.set(root, names);
  return names;
}
