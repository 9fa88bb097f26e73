// What in a style sheet browsers of 2022 do not understand: nested rules, and light-dark() without other colours.

/** What is wrong, each with its place. */
export function notForOldBrowsers(css: string): string[] {
  const wrong: string[] = [];
  /** What encloses the place that is looked at: selectors and at-rules. */
  const around: string[] = [];
  const text = css.replace(/\/\*[^]*?\*\//g, '');
  for (const [, before = '', mark] of text.matchAll(/([^{};]*)([{};])/g)) {
    const part = before.trim();
    if (mark === '{') {
      const within = around.at(-1);
      // Only a style rule's own declarations may be in it; at-rules that group rules are no rules.
      if (within !== undefined && !within.startsWith('@')) wrong.push(`${within} { ${part} {`);
      around.push(part);
      continue;
    }
    const known = around.some((one) => one.startsWith('@supports') && one.includes('light-dark('));
    if (part.includes('light-dark(') && !known) wrong.push(`${around.join(' ')} { ${part}`);
    if (mark === '}') around.pop();
  }
  return wrong;
}
