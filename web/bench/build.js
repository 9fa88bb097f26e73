// Builds each app in each of its variants: what an update would bring. Only the bundler's own work is in
// dist/, so that two builds differ in nothing else.
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { build } from 'vite';

const here = fileURLToPath(new URL('.', import.meta.url));
const STATEMENT = 'console.log("one statement more");';

/** Where a block begins with one of these, another statement may stand before it. */
const PLACE = /\) \{\n(?=\s*(return|let|const|var|if)\b)/g;

/**
 * Puts a statement into the script before it is minified and named by its content: so many percent into it, at the
 * nearest place but `skipped` ones.
 */
const insert = (percent, skipped) => ({
  name: 'insert',
  enforce: 'post',
  renderChunk: {
    order: 'post',
    handler(code, chunk) {
      if (!chunk.isEntry) return null;
      const off = ({ index }) => Math.abs(index - (code.length * percent) / 100);
      const places = [...code.matchAll(PLACE)].sort((a, b) => off(a) - off(b));
      const place = places[skipped];
      if (!place || off(place) > code.length / 100) throw new Error(`no place at ${percent} %`);
      const at = place.index + place[0].length;
      return { code: code.slice(0, at) + STATEMENT + code.slice(at), map: null };
    },
  },
});

/** Whether the statement is in what was built: the bundler leaves out what nobody calls. */
const isIn = ({ output }) => output.some(({ code }) => code?.includes('one statement more'));

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

const bundle = (app, variant, plugins = [], echarts = 'echarts-before') =>
  build({
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

await rm(`${here}dist`, { recursive: true, force: true });
for (const app of ['dashboard', 'workshop']) {
  await bundle(app, 'first');
  for (const percent of [1, 10, 25, 50, 75, 99]) {
    const built = (skipped) => bundle(app, `statement-${percent}`, [insert(percent, skipped)]);
    let skipped = 0;
    while (!isIn(await built(skipped))) skipped++;
  }
  await bundle(app, 'edited', [edited]);
  // Everything else is built with the version before.
  await bundle(app, 'bumped', [], 'echarts');
}
