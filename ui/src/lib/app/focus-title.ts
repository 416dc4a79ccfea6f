/**
 * Puts focus on the new page's title after a navigation, but never takes it from where a person has put it: what they type
 * there would be lost. The title may come with the page's data: until then focus waits on <main>.
 */
const PATIENCE_MS = 8000;

export function focusTitle(): void {
  requestAnimationFrame(() => {
    const main = document.getElementById('main');
    if (!main || !atRest() || focusIn(main)) return;
    main.focus({ preventScroll: true });
    const observer = new MutationObserver(() => {
      if (document.activeElement !== main || focusIn(main)) observer.disconnect();
    });
    observer.observe(main, { childList: true, subtree: true });
    setTimeout(() => observer.disconnect(), PATIENCE_MS);
  });
}

/** A navigation leaves focus on the body; anything else is somebody's choice, made since. */
function atRest(): boolean {
  const { activeElement } = document;
  return activeElement === null || activeElement === document.body;
}

function focusIn(main: HTMLElement): boolean {
  const title = main.querySelector<HTMLElement>('[data-page-title]');
  title?.focus({ preventScroll: true });
  return title !== null;
}
