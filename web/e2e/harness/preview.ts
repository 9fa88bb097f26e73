// `vite preview`: a local build, with the API of a device.
import { preview } from 'vite';
import faceplate from 'vite-plugin-faceplate';
import type { Device } from './device.js';
import { distPath, type Frontend } from './frontends.js';

export interface Preview {
  readonly url: string;
  stop(): Promise<void>;
}

export async function startPreview(name: Frontend, device: Device): Promise<Preview> {
  const server = await preview({
    configFile: false,
    logLevel: 'error',
    plugins: [faceplate({ device: device.url })],
    build: { outDir: distPath(name) },
    preview: { host: '127.0.0.1', port: 0 },
  });
  const url = server.resolvedUrls?.local[0]?.replace(/\/$/, '');
  if (!url) throw new Error('vite preview does not tell its address');
  return { url, stop: () => server.close() };
}
