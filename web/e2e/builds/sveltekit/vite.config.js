import { sveltekit } from '@sveltejs/kit/vite';
import faceplate from 'vite-plugin-faceplate';

export default { plugins: [sveltekit(), faceplate({ report: false })] };
