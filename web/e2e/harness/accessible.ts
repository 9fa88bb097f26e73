// Whether people who cannot see a page, or not well, can use it.
import AxeBuilder from '@axe-core/playwright';
import { expect, type Page } from '@playwright/test';

type Theme = 'dark' | 'light';

/** What a theme changes; all else is the same in each. */
const OF_A_THEME = ['color-contrast', 'link-in-text-block'];

/** Looks at the page in these themes with axe; it is left in the last one. */
export async function expectAccessible(
  page: Page,
  what: string,
  themes: readonly Theme[] = ['dark', 'light'],
): Promise<void> {
  for (const [index, colorScheme] of themes.entries()) {
    await page.emulateMedia({ colorScheme });
    const axe = new AxeBuilder({ page });
    if (index > 0) axe.withRules(OF_A_THEME);
    const { violations } = await axe.analyze();
    const found = violations.map(({ id, help, nodes }) => ({
      id,
      help,
      where: nodes.map((node) => `${node.target.join(' ')}: ${node.failureSummary ?? ''}`),
    }));
    expect(found, `${what}, ${colorScheme}`).toEqual([]);
  }
}

/** Narrow phones and zoomed pages have 320 CSS pixels (WCAG 2.1, 1.4.10). */
export const NARROW = { width: 320, height: 640 };

/** No content is cut off or needs sideways scrolling. */
export async function expectNoSidewaysScroll(page: Page, what: string): Promise<void> {
  const { content, window } = await page.evaluate(() => ({
    content: document.documentElement.scrollWidth,
    window: document.documentElement.clientWidth,
  }));
  expect(content, `width of ${what}`).toBeLessThanOrEqual(window);
}
