// The script has nothing to import: it leaves `window.faceplate` (global.ts).
export {};
