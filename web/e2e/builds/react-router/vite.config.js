import { reactRouter } from '@react-router/dev/vite';
import faceplate from 'vite-plugin-faceplate';

export default { plugins: [reactRouter(), faceplate({ report: false })] };
