// Projects to build: files in a temporary folder of this package, so that its modules are found.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

/** Makes a project that is gone when the test is over. */
export function project(files: Record<string, string | Uint8Array>): string {
  const root = mkdtempSync(fileURLToPath(new URL('tmp-', import.meta.url)));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  write(root, files);
  return root;
}

export function write(root: string, files: Record<string, string | Uint8Array>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
}

/** Bytes that do not compress. */
export function noise(length: number): Uint8Array {
  let state = 0x2545_f491_4f6c_dd1dn;
  return Uint8Array.from({ length }, () => {
    state ^= (state << 13n) & 0xffff_ffff_ffff_ffffn;
    state ^= state >> 7n;
    state ^= (state << 17n) & 0xffff_ffff_ffff_ffffn;
    return Number(state & 0xffn);
  });
}
