// jsdom has no matchMedia, and scrolls nothing.
import '../lib/paraglide/runtime';

window.matchMedia ??= (query: string) =>
  ({
    matches: false,
    media: query,
    addEventListener: () => undefined,
    removeEventListener: () => undefined
  }) as unknown as MediaQueryList;
Element.prototype.scrollIntoView ??= () => undefined;
