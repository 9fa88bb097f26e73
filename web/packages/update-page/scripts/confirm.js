// Makes the script that the packer puts into pages, crates/faceplate-pack/src/stamp/faceplate-confirm.js,
// of src/confirm.js: each device stores and sends it, so it is as small as it gets. It is kept in the
// repository since the packer is built where there is no Node; a test says when it is not up to date.
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const SOURCE = here('../src/confirm.js');
export const PACKED = here('../../../../crates/faceplate-pack/src/stamp/faceplate-confirm.js');

/** The script in short, with its licence. */
export async function confirmScript() {
  const [licence] = (await readFile(SOURCE, 'utf8')).split('\n', 1);
  const { output } = await build({
    configFile: false,
    logLevel: 'warn',
    build: {
      write: false,
      target: 'es2022',
      minify: true,
      modulePreload: false,
      rollupOptions: { input: SOURCE, output: { format: 'es', comments: false } },
    },
  });
  return `${licence}\n${output[0].code.trim()}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await writeFile(PACKED, await confirmScript());
}
