// Puts the repository's licences into the package that is being packed, where npm takes them along.
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';

for (const name of ['LICENSE-MIT', 'LICENSE-APACHE']) {
  copyFileSync(join(import.meta.dirname, '../..', name), name);
}
