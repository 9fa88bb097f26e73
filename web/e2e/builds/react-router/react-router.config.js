// An app of files alone, one page of which is written before anybody asks for it.
export default { ssr: false, prerender: ['/about'], buildDirectory: 'dist' };
