// Shows the page that the address names. The script that the build puts into each page confirms it.
import { mount, unmount } from 'svelte';
import Home from './Home.svelte';
import Update from './Update.svelte';
import './theme.css';

const PAGES = { Home, Update };

let shown: ReturnType<typeof mount> | undefined;

function named(): keyof typeof PAGES {
  const { hash, pathname } = location;
  return hash === '#/update' || (!hash && pathname.endsWith('/update.html')) ? 'Update' : 'Home';
}

function show(): void {
  const name = named();
  if (shown) void unmount(shown);
  const target = document.querySelector('main') as HTMLElement;
  target.replaceChildren();
  shown = mount(PAGES[name], { target });
  for (const link of document.querySelectorAll('nav a')) {
    if (link.textContent === name) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
}

addEventListener('hashchange', show);
show();
