export const text = 'Astro runs';
