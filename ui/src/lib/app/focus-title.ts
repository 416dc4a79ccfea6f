/**
 * Puts focus on the new page's title after a navigation. The title may come with the page's data: until then focus waits on
 * <main>, and moves on only if the person has not moved it meanwhile.
 */
const PATIENCE_MS = 8000;

export function focusTitle(): void {
  requestAnimationFrame(() => {
    const main = document.getElementById('main');
    if (!main || focusIn(main)) return;
    main.focus({ preventScroll: true });
    const observer = new MutationObserver(() => {
      if (document.activeElement !== main || focusIn(main)) observer.disconnect();
    });
    observer.observe(main, { childList: true, subtree: true });
    setTimeout(() => observer.disconnect(), PATIENCE_MS);
  });
}

function focusIn(main: HTMLElement): boolean {
  const title = main.querySelector<HTMLElement>('[data-page-title]');
  title?.focus({ preventScroll: true });
  return title !== null;
}
