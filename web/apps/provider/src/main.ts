// Shows the page that the address names, and tells the device that this frontend works.
import { confirmOnLoad, reloadWhenStale } from 'faceplate-update-page/ota';
import { mount, unmount } from 'svelte';
import Home from './Home.svelte';
import './theme.css';

/** The Update page is loaded when it is asked for. */
const PAGES = {
  Home: async () => ({ default: Home }),
  Update: () => import('./Update.svelte'),
};

let shown: ReturnType<typeof mount> | undefined;

function named(): keyof typeof PAGES {
  const { hash, pathname } = location;
  return hash === '#/update' || (!hash && pathname === '/update.html') ? 'Update' : 'Home';
}

async function show(): Promise<void> {
  const name = named();
  const module = await PAGES[name]();
  // Files of the old frontend are gone after an update: then `reloadWhenStale` loads the new one.
  // And somebody may have gone on to another page meanwhile.
  if (!module || name !== named()) return;
  if (shown) void unmount(shown);
  const target = document.querySelector('main') as HTMLElement;
  target.replaceChildren();
  shown = mount(module.default, { target });
  for (const link of document.querySelectorAll('nav a')) {
    if (link.textContent === name) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
}

async function start(): Promise<void> {
  await show();
  // Only now: a frontend that shows nothing must not be confirmed.
  const status = await confirmOnLoad();
  const brand = document.querySelector('header a');
  if (status && brand) brand.textContent = status.device.name;
}

reloadWhenStale();
addEventListener('hashchange', () => void show());
// Not awaited here: the Update page imports from this module, and would wait for it in turn.
void start();
