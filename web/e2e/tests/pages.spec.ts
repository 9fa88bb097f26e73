// A site of several pages, written by hand: clean addresses, a folder, a page for what is missing, a film.
import { page as html } from '../harness/sites.js';
import { expect, test } from '../harness/test.js';

/** Relative addresses: a page that is served at the wrong one has no style. */
const STYLE = '<link rel="stylesheet" href="./style.css">';
const UP = '<link rel="stylesheet" href="../style.css">';
const COLOUR = 'rgb(1, 2, 3)';

const SITE = {
  version: '1',
  files: {
    'index.html': html('Home', STYLE, '<a href="about">About</a> <a href="blog">Blog</a>'),
    'about.html': html('About', STYLE),
    'blog/index.html': html('Blog', UP, '<a href="first">First</a>'),
    'blog/first.html': html('First', UP),
    '404.html': html('Nothing here'),
    'style.css': `h1 { color: ${COLOUR} }`,
  },
};

test('pages have clean addresses, and what is missing has a page that says so with 404', async ({
  page,
  startDevice,
  pack,
}) => {
  const device = await startDevice({ www: await pack(SITE) });
  const heading = page.getByRole('heading');
  const shows = async (name: string, path: string) => {
    await expect(heading).toHaveText(name);
    await expect(heading).toHaveCSS('color', COLOUR);
    expect(new URL(page.url()).pathname).toBe(path);
  };
  await page.goto(device.url);
  await page.getByRole('link', { name: 'About' }).click();
  await shows('About', '/about');
  await page.reload();
  await shows('About', '/about');
  await page.goBack();
  await page.getByRole('link', { name: 'Blog' }).click();
  await shows('Blog', '/blog/');
  await page.getByRole('link', { name: 'First' }).click();
  await shows('First', '/blog/first');

  for (const [typed, name, path] of [
    ['/about/', 'About', '/about'],
    ['/about.html', 'About', '/about.html'],
    ['/blog/first/?x=1', 'First', '/blog/first'],
  ] as const) {
    const answer = await page.goto(device.url + typed);
    expect(answer?.status(), typed).toBe(200);
    await shows(name, path);
  }
  for (const missing of ['nowhere', 'no/where/', 'topics/home%2Fkitchen', 'old.html']) {
    const answer = await page.goto(`${device.url}/${missing}`);
    expect(answer?.status(), missing).toBe(404);
    await expect(heading).toHaveText('Nothing here');
  }
});
