// Builds the example frontend with a picture that makes it large: `node demo/build.js DIST TIME [--throws]`.
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { build } from 'vite';
import { HEIGHT, WIDTH, picture } from './picture.js';

const APP = dirname(import.meta.dirname);

/** What is different at each time of the day, so that one sees at a glance which frontend runs. */
const COLOURS = {
  morning: '',
  evening: ':root { --accent: light-dark(#8a2f86, #f0a4e6); --faceplate-accent: var(--accent) }',
  night: ':root { --accent: light-dark(#34508f, #a9c1ff); --faceplate-accent: var(--accent) }',
};

const STYLE = `
body > img {
  inline-size: 100%;
  block-size: clamp(4rem, 14vw, 6rem);
  object-fit: cover;
  object-position: 50% 64%;
  border-radius: 0.875rem;
}`;

/** Adds the picture below the head of every page, and, if asked to, an error before all else. */
function change(time, image, throws) {
  const found = new Set();
  return {
    name: 'demo',
    enforce: 'pre',
    transformIndexHtml: {
      order: 'pre',
      handler(html, { filename }) {
        const source = relative(dirname(filename), image).split(sep).join('/');
        const shown = `<img src="${source}" alt="Hills: ${time}" width="${WIDTH}" height="${HEIGHT}" />`;
        return html.replace('</header>', `</header>\n    ${shown}`);
      },
    },
    transform(code, id) {
      if (id === join(APP, 'src/theme.css').split(sep).join('/')) {
        found.add('style');
        return { code: code + STYLE + COLOURS[time], map: null };
      }
      if (throws && id === join(APP, 'src/main.ts').split(sep).join('/')) {
        found.add('error');
        return { code: `throw new Error('a mistake in the first line');\n${code}`, map: null };
      }
      return null;
    },
    buildEnd(error) {
      if (!error && found.size < (throws ? 2 : 1)) this.error('the demo found nothing to change');
    },
  };
}

const [dist, time, ...options] = process.argv.slice(2);
const throws = options[0] === '--throws';
if (!dist || !(time in COLOURS) || options.length > (throws ? 1 : 0)) {
  console.error(`usage: node demo/build.js DIST ${Object.keys(COLOURS).join('|')} [--throws]`);
  process.exit(2);
}
const folder = resolve(dist);
// Beside the build: what is in it would be emptied.
const image = join(dirname(folder), `hills-${time}.png`);
await mkdir(dirname(folder), { recursive: true });
await writeFile(image, picture(time));
await build({
  root: APP,
  logLevel: 'warn',
  build: { outDir: folder, emptyOutDir: true },
  plugins: [change(time, image, throws)],
});
