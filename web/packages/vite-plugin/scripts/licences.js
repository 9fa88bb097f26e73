// Puts the repository's licences into the package, where npm takes them along.
import { copyFileSync } from 'node:fs';

for (const name of ['LICENSE-MIT', 'LICENSE-APACHE']) {
  copyFileSync(
    new URL(`../../../../${name}`, import.meta.url),
    new URL(`../${name}`, import.meta.url),
  );
}
