// How well the edge of a control is told from what it lies on (WCAG 2.1, 1.4.11).
import type { Locator } from '@playwright/test';

export interface Contrast {
  readonly what: string;
  readonly ratio: number;
}

/** For each control that is visible and can be used: the better of its edge and its own ground. */
export function contrasts(controls: Locator): Promise<Contrast[]> {
  return controls.evaluateAll((elements) => {
    const context = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    /** Red, green, blue and opacity of any colour that CSS can name, 0 to 1. */
    const parse = (color: string): number[] => {
      if (!context) return [];
      context.clearRect(0, 0, 1, 1);
      context.fillStyle = color;
      context.fillRect(0, 0, 1, 1);
      return [...context.getImageData(0, 0, 1, 1).data].map((value) => value / 255);
    };
    const luminance = (color: string): number => {
      const [r = 0, g = 0, b = 0] = parse(color).map((part) =>
        part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4,
      );
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ratio = (a: string, b: string): number => {
      const [dark = 0, light = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
      return (light + 0.05) / (dark + 0.05);
    };
    /** What is painted behind an element. */
    const ground = (element: Element | null): string => {
      if (!element) return 'canvas';
      const { backgroundColor } = getComputedStyle(element);
      return parse(backgroundColor)[3] === 1 ? backgroundColor : ground(element.parentElement);
    };
    return elements
      .filter((element) => element.checkVisibility() && !element.matches(':disabled'))
      .map((element) => {
        const { borderTopColor, borderTopWidth, borderTopStyle } = getComputedStyle(element);
        const behind = ground(element.parentElement);
        const edged = parseFloat(borderTopWidth) > 0 && borderTopStyle !== 'none';
        const edge = edged ? ratio(borderTopColor, behind) : 1;
        return {
          what: element.textContent?.trim() || element.outerHTML,
          ratio: Math.max(edge, ratio(ground(element), behind)),
        };
      });
  });
}
