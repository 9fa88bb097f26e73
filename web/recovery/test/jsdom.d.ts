// The little of jsdom that the tests use; it comes without types.
declare module 'jsdom' {
  interface Options {
    url: string;
    runScripts: 'dangerously';
    pretendToBeVisual: boolean;
    virtualConsole: VirtualConsole;
    beforeParse(window: Window & typeof globalThis): void;
  }
  export class VirtualConsole {
    on(event: 'jsdomError', listener: (error: Error) => void): this;
  }
  export class JSDOM {
    constructor(html: string, options: Options);
    readonly window: Window & typeof globalThis;
  }
}
