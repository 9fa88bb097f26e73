// Builds each app in each of its variants: what an update would bring. Only the bundler's own work is in
// dist/, so that two builds differ in nothing else.
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { build } from 'vite';

const here = fileURLToPath(new URL('.', import.meta.url));
const STATEMENT = 'console.log("one statement more");';

/** Puts a statement into the script, so many percent into it, before it is minified and named by its content. */
const insert = (percent) => ({
  name: 'insert',
  enforce: 'post',
  renderChunk: {
    order: 'post',
    handler(code, chunk) {
      if (!chunk.isEntry) return null;
      // Where a block begins with one of these, another statement may stand before it.
      const places = [...code.matchAll(/\) \{\n(?=\s*(return|let|const|var|if)\b)/g)];
      const wanted = (code.length * percent) / 100;
      const off = ({ index }) => Math.abs(index - wanted);
      const nearest = places.reduce((best, place) => (off(place) < off(best) ? place : best));
      if (off(nearest) > code.length / 100) throw new Error(`no place at ${percent} %`);
      const place = nearest.index + nearest[0].length;
      return { code: code.slice(0, place) + STATEMENT + code.slice(place), map: null };
    },
  },
});

/** The component as somebody left it after a day's work. */
const edited = {
  name: 'edited',
  enforce: 'pre',
  transform(code, id) {
    if (!id.endsWith('/Panel.svelte')) return null;
    const now = code
      .replace('const warm = 28;', 'const warm = 26;\n  const cold = 4;')
      .replace('{#if value > warm}', '{#if value < cold}<em>too cold</em>{:else if value > warm}')
      .replace('padding: 1rem;', 'padding: 0.75rem 1rem;');
    if (now.length < code.length + 60) throw new Error('the component has changed');
    return now;
  },
};

const VARIANTS = {
  first: {},
  ...Object.fromEntries(
    [1, 10, 25, 50, 75, 99].map((percent) => [
      `statement-${percent}`,
      { plugins: [insert(percent)] },
    ]),
  ),
  edited: { plugins: [edited] },
  // Everything else is built with the version before.
  bumped: { echarts: 'echarts' },
};

await rm(`${here}dist`, { recursive: true, force: true });
for (const app of ['dashboard', 'workshop']) {
  for (const [variant, { plugins = [], echarts = 'echarts-before' }] of Object.entries(VARIANTS)) {
    await build({
      configFile: false,
      logLevel: 'warn',
      root: `${here}${app}`,
      resolve: { alias: { 'the-charts': echarts } },
      plugins: [svelte({ configFile: false }), ...plugins],
      build: {
        emptyOutDir: true,
        outDir: `${here}dist/${app}/${variant}`,
        chunkSizeWarningLimit: 10_000,
        modulePreload: { polyfill: false },
      },
    });
  }
}
