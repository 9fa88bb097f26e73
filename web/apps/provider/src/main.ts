// Shows the page that the address names, and tells the device that this frontend works.
import { confirmOnLoad, reloadWhenStale } from 'faceplate-update-page/ota';
import { mount, unmount } from 'svelte';
import './theme.css';

const PAGES = {
  Home: () => import('./Home.svelte'),
  Update: () => import('./Update.svelte'),
};

let shown: ReturnType<typeof mount> | undefined;

async function show(): Promise<void> {
  const { hash, pathname } = location;
  const name = hash === '#/update' || (!hash && pathname === '/update.html') ? 'Update' : 'Home';
  // Files of the old frontend are gone after an update; `reloadWhenStale` sees to that.
  const { default: Page } = await PAGES[name]();
  if (shown) await unmount(shown);
  const target = document.querySelector('main') as HTMLElement;
  target.replaceChildren();
  shown = mount(Page, { target });
  for (const link of document.querySelectorAll('nav a')) {
    if (link.textContent === name) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
}

reloadWhenStale();
addEventListener('hashchange', () => void show());
await show();
// Only now: a frontend that shows nothing must not be confirmed.
const status = await confirmOnLoad();
if (status) {
  document.querySelectorAll('#name')[0]!.textContent = status.device.name;
}
