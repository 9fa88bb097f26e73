import react from '@vitejs/plugin-react';
import faceplate from 'vite-plugin-faceplate';
import { VitePWA } from 'vite-plugin-pwa';

// The service worker is written after the plugin has packed, with hashes of the pages in it.
const pwa = VitePWA({
  integration: { closeBundleOrder: 'post' },
  registerType: 'autoUpdate',
  includeManifestIcons: false,
});

export default { plugins: [react(), faceplate({ report: false }), pwa] };
