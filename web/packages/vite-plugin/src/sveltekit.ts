// SvelteKit builds a server first; only its adapter then writes the folder that is to be packed.
import { resolve } from 'node:path';
import type { ResolvedConfig } from 'vite';

/** The plugin of SvelteKit that holds its configuration. */
const SETUP = 'vite-plugin-sveltekit-setup';

interface Builder {
  writeClient(to: string): unknown;
  writePrerendered(to: string): unknown;
}

interface Adapter {
  adapt?: (builder: Builder) => unknown;
}

/** Where an adapter put the app; both are the same for a static one. */
export interface Adapted {
  pages?: string;
  assets?: string;
}

/** Whether a build is one of SvelteKit. */
export function isSvelteKit(config: ResolvedConfig): boolean {
  return config.plugins.some(({ name }) => name === SETUP);
}

/** Notes where the adapter writes to, since only the adapter knows it. */
export function watchAdapter(config: ResolvedConfig): Adapted {
  const adapted: Adapted = {};
  const setup = config.plugins.find(({ name }) => name === SETUP);
  const api = setup?.api as { options?: { kit?: { adapter?: Adapter } } } | undefined;
  const adapter = api?.options?.kit?.adapter;
  const adapt = adapter?.adapt;
  if (!adapter || !adapt) return adapted;
  adapter.adapt = (builder) => {
    const watched: Builder = Object.create(builder, {
      writeClient: {
        value: (to: string) => {
          adapted.assets = resolve(to);
          return builder.writeClient(to);
        },
      },
      writePrerendered: {
        value: (to: string) => {
          adapted.pages = resolve(to);
          return builder.writePrerendered(to);
        },
      },
    });
    return adapt.call(adapter, watched);
  };
  return adapted;
}
