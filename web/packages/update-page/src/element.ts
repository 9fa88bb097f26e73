// <faceplate-update>: the Update page for React, Vue, Angular and plain pages, in one file of its own.
import { mount, unmount } from 'svelte';
import { Device } from './device.js';
import UpdatePage from './UpdatePage.svelte';
import { de } from './words/de.js';
import { en } from './words/en.js';
import type { Words } from './words/words.js';

const LANGUAGES: readonly Words[] = [en, de];

/** A server that renders pages knows no elements, but may load this file. */
const Base = globalThis.HTMLElement ?? (Object as unknown as typeof HTMLElement);

/**
 * The Update page. Attributes: `device` (its address, for pages that it did not serve), `within`, `home`, `full`,
 * `title`, as the properties of the Svelte component are; `lang` (`en`, `de`; that of the page around
 * without it). What an update has reached outlives the element.
 */
export class FaceplateUpdate extends Base {
  static readonly observedAttributes = ['device', 'within', 'home', 'full', 'title', 'lang'];

  #words: Words | undefined;
  #shown: ReturnType<typeof mount> | undefined;

  /** A table of words, for any other language than those that come with it. */
  get words(): Words | undefined {
    return this.#words;
  }
  set words(words: Words | undefined) {
    this.#words = words;
    this.attributeChangedCallback();
  }

  connectedCallback(): void {
    const root = this.shadowRoot ?? this.attachShadow({ mode: 'open' });
    // The heading is no hint for a pointer that rests somewhere on the page.
    root.innerHTML = '<style>:host{display:block}</style><div title=""></div>';
    const target = root.lastElementChild as Element;
    this.#shown = mount(UpdatePage, { target, props: this.#props() });
  }

  disconnectedCallback(): void {
    if (this.#shown) void unmount(this.#shown);
    this.#shown = undefined;
  }

  attributeChangedCallback(): void {
    if (!this.#shown) return;
    this.disconnectedCallback();
    this.connectedCallback();
  }

  #props() {
    const value = (name: string) => this.getAttribute(name) ?? undefined;
    const within = value('within');
    const lang = this.closest<HTMLElement>('[lang]')?.lang.split('-')[0]?.toLowerCase();
    return {
      device: new Device(value('device')),
      within: within === undefined ? undefined : Number(within),
      home: value('home'),
      full: this.hasAttribute('full'),
      title: value('title'),
      words: this.#words ?? LANGUAGES.find((words) => words.lang === lang) ?? en,
    };
  }
}

if (!globalThis.customElements?.get('faceplate-update')) {
  globalThis.customElements?.define('faceplate-update', FaceplateUpdate);
}
