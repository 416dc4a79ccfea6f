/** What every screen must pass whatever it shows: axe, no sideways scroll, targets large enough for a finger. */
import { axeSource } from './tools.mjs';

/** Violations as lines; what axe could not decide goes to `incomplete`. */
export async function axe(page, incomplete) {
  await page.evaluate(axeSource);
  const result = await page.evaluate(() =>
    globalThis.axe.run(document, { resultTypes: ['violations', 'incomplete'] })
  );
  for (const rule of result.incomplete) {
    const first = rule.nodes[0];
    const why = first?.any[0]?.data?.messageKey ?? first?.any[0]?.message ?? '';
    incomplete?.add(`${rule.id} ${why} · ${first?.target.join(' ')}`);
  }
  return result.violations.flatMap((rule) =>
    rule.nodes.slice(0, 4).map((node) => `${rule.id}: ${node.target.join(' ')} ${node.failureSummary}`)
  );
}

/** How many pixels the page is wider than its window, and which element sticks out. */
export function sideways(page) {
  return page.evaluate(() => {
    const over = document.documentElement.scrollWidth - window.innerWidth;
    if (over <= 0) return null;
    const out = [...document.querySelectorAll('body *')].find(
      (one) => one.getBoundingClientRect().right > window.innerWidth + 1 && getComputedStyle(one).position !== 'fixed'
    );
    return `${over} px too wide: ${out?.outerHTML.slice(0, 120)}`;
  });
}

/** Text cut off where the page has no scroll to bring it back: boxes that clip more than they show. */
export function cutText(page) {
  return page.evaluate(() => {
    const clips = (style) => /hidden|clip/.test(`${style.overflowX} ${style.overflowY}`);
    const found = [];
    for (const one of document.querySelectorAll('body *')) {
      if (!one.checkVisibility({ visibilityProperty: true }) || one.closest('[inert],[aria-hidden=true],.visually-hidden,#svelte-announcer,.map')) continue;
      // Its own words alone: a child may be there for screen readers only.
      const said = [...one.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE && node.data.trim() !== '');
      if (said.length === 0) continue;
      const range = document.createRange();
      range.setStart(said[0], 0);
      range.setEnd(said[0], said[0].length);
      const text = range.getBoundingClientRect();
      for (let box = one; box && box !== document.body; box = box.parentElement) {
        const style = getComputedStyle(box);
        if (/auto|scroll/.test(`${style.overflowX} ${style.overflowY}`)) break;
        if (!clips(style)) continue;
        const edge = box.getBoundingClientRect();
        const over = Math.max(edge.left - text.left, text.right - edge.right, edge.top - text.top, text.bottom - edge.bottom);
        if (over > 3) found.push(`${Math.round(over)} px cut: ${one.outerHTML.slice(0, 110)}`);
      }
    }
    return found;
  });
}

/** The reader's type twice as large, or as it was. */
export function typeSize(page, percent) {
  return page.evaluate((size) => void (document.documentElement.style.fontSize = size), percent ? `${percent}%` : '');
}

/**
 * Targets under 24 px, and primary actions under 44 px. A link inside a sentence is as high as its line, as WCAG 2.5.8
 * allows; a label around an input is that input's target; a link may be enlarged by its pseudo-element. A seat on the
 * map is 24 px under a finger; under a mouse 14 px will do where the hall is then in sight as a whole, since the list
 * beside the map has every seat at full size (WCAG 2.5.8, "equivalent").
 */
export function smallTargets(page) {
  return page.evaluate(() => {
    const found = [];
    const interactive = 'a[href],button,input,select,textarea,summary,[role=button],[role=radio],[role=gridcell]';
    for (const one of document.querySelectorAll(interactive)) {
      if (one.closest('[inert],.skip,[aria-hidden=true]') || !one.checkVisibility({ visibilityProperty: true })) continue;
      if (one.matches('a') && getComputedStyle(one).display === 'inline' && one.closest('p,li,dd')) continue;
      const target = one.matches('input') ? (one.closest('label') ?? one) : one;
      const area = target.matches('[role=gridcell]') ? (target.querySelector('.target') ?? target) : target;
      const after = getComputedStyle(target, '::after');
      const grown = after.content !== 'none' && after.position === 'absolute';
      const { width, height } = area.getBoundingClientRect();
      if (width === 0 || height === 0 || grown) continue;
      const primary = one.matches('.primary,[type=submit]');
      const pointed = one.matches('[role=gridcell]') && !matchMedia('(pointer: coarse)').matches;
      const least = primary ? 44 : pointed ? 14 : 24;
      if (Math.min(width, height) < least - 0.5) {
        found.push(`${Math.round(width)}×${Math.round(height)}${primary ? ' primary' : ''}: ${one.outerHTML.slice(0, 110)}`);
      }
    }
    return found;
  });
}
