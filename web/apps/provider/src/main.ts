// Shows the page that the address names, and tells the device that this frontend works.
import { confirmOnLoad } from 'faceplate-update-page/ota';
import { mount, unmount } from 'svelte';
import Home from './Home.svelte';
import Update from './Update.svelte';
import './theme.css';

const PAGES = { Home, Update };

let shown: ReturnType<typeof mount> | undefined;

function named(): keyof typeof PAGES {
  const { hash, pathname } = location;
  return hash === '#/update' || (!hash && pathname === '/update.html') ? 'Update' : 'Home';
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

async function start(): Promise<void> {
  show();
  // Only now: a frontend that shows nothing must not be confirmed.
  const status = await confirmOnLoad();
  const brand = document.querySelector('header a');
  if (status && brand) brand.textContent = status.device.name;
}

addEventListener('hashchange', show);
void start();
