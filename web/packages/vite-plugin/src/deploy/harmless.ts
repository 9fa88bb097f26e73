// Texts from a device or a file, such that they can be printed.

const ESCAPES: Readonly<Record<string, string>> = { '\t': '\\t', '\n': '\\n', '\r': '\\r' };

/** A text that no terminal obeys and that stays in its line: control characters are written as `\u{1b}` and `\n`. */
export const harmless = (text: string): string =>
  text.replace(/\p{Cc}/gu, (char) => ESCAPES[char] ?? `\\u{${char.charCodeAt(0).toString(16)}}`);

/** JSON in which all texts are so. */
export function harmlessJson<T>(json: T): T {
  const text = JSON.stringify(json, (_, value: unknown) =>
    typeof value === 'string' ? harmless(value) : value,
  );
  return JSON.parse(text) as T;
}
