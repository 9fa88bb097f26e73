import vue from '@vitejs/plugin-vue';
import faceplate from 'vite-plugin-faceplate';

export default { plugins: [vue(), faceplate({ report: false })] };
