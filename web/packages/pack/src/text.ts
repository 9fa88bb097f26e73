// Numbers as people read them; the same as the `faceplate` command shows.

/** Bytes in the unit that fits, as `1.5 KiB`. */
export function bytes(count: number): string {
  const kib = count / 1024;
  if (count < 1024) return `${count} B`;
  if (count < 102_400) return `${kib.toFixed(1)} KiB`;
  return count < 1 << 20 ? `${kib.toFixed(0)} KiB` : `${(kib / 1024).toFixed(2)} MiB`;
}

/** `1 file`, `2 files`. */
export function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
