// The live part of Home, which is loaded after the rest: whoever only wants to update does not wait for it.
import { mount, unmount, type ComponentProps } from 'svelte';
import Live from './Live.svelte';
import styles from './live.css?url';

/** Shows it in `target`, until the returned function is called. */
export function show(target: Element, props: ComponentProps<typeof Live>): () => void {
  let shown: ReturnType<typeof mount> | undefined;
  let over = false;
  const link = document.createElement('link');
  link.rel = 'stylesheet';
  link.href = styles;
  // Never without its styles; they are a file, so that a policy needs to allow nothing for them.
  link.onload = () => {
    if (!over) shown = mount(Live, { target, props });
  };
  document.head.append(link);
  return () => {
    over = true;
    if (shown) void unmount(shown);
    link.remove();
  };
}
