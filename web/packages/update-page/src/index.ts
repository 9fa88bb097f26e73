// The package: the component and the client.
export { default as UpdatePage } from './UpdatePage.svelte';
export * from './ota.js';
