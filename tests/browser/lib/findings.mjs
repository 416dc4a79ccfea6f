/**
 * What every page has to pass at every size: axe in both themes, targets, no sideways scroll at 320 px nor with text twice as large,
 * nothing cut off then. What axe could not decide is collected for a person to read.
 */
import { axe, cutText, sideways, smallTargets, typeSize } from './checks.mjs';
import { ok, until } from './expect.mjs';

export const incomplete = new Set();

export async function settled(page) {
  await page.locator('main').locator('h1, h2').first().waitFor();
  await until('nothing is loading', async () => (await page.locator('[aria-busy=true]').count()) === 0);
  await still(page);
}

/**
 * Two frames for a change to begin its transitions, then their end. What turns without end (a spinner, a skeleton) is not
 * waited for, and nothing for long: a page that makes no frames must not keep a whole run.
 */
export const still = (page) =>
  page.evaluate(async () => {
    const atMost = (work, ms) => Promise.race([work, new Promise((end) => setTimeout(end, ms))]);
    for (let frame = 0; frame < 2; frame += 1) await atMost(new Promise(requestAnimationFrame), 500);
    const ending = document.getAnimations().filter((one) => Number.isFinite(one.effect?.getComputedTiming().endTime));
    await atMost(Promise.all(ending.map((one) => one.finished.catch(() => undefined))), 3000);
  });

/**
 * What axe finds, and finds again a moment later: right after a change of theme Chromium now and then still reports a
 * colour of the theme before, on elements that have no transition. What is wrong with the page stays wrong.
 */
async function lasting(page) {
  const found = await axe(page, incomplete);
  if (found.length === 0) return found;
  await page.waitForTimeout(500);
  await still(page);
  const again = new Set(await axe(page, incomplete));
  return found.filter((one) => again.has(one));
}

/** Checks collect everything wrong at a size before they fail, so that one run shows it all. */
export class Findings {
  list = [];

  constructor(scene) {
    this.scene = scene;
  }

  async look(page, where) {
    const add = (found) => found && this.list.push(`${where}: ${found}`);
    this.scene.at = where;
    const wide = page.viewportSize();
    const grounds = [];
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme });
      await still(page);
      grounds.push(await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor));
      (await lasting(page)).forEach((one) => add(`${colorScheme}: ${one}`));
    }
    if (grounds[0] === grounds[1]) add(`both themes are ${grounds[0]}`);
    (await smallTargets(page)).forEach((one) => add(`target ${one}`));
    add(await sideways(page));
    await typeSize(page, 200);
    await still(page);
    const large = await sideways(page);
    add(large && `at 200 % text ${large}`);
    (await cutText(page)).forEach((one) => add(`at 200 % text ${one}`));
    await typeSize(page, null);
    if (wide.width >= 600) return;
    await page.setViewportSize({ width: 320, height: 700 });
    const over = await sideways(page);
    add(over && `at 320 px ${over}`);
    await page.setViewportSize(wide);
  }

  /** Its geometry alone: nothing wider than the page, nothing cut, every target large enough. */
  async fits(page, where) {
    this.scene.at = where;
    const add = (found) => found && this.list.push(`${where}: ${found}`);
    await still(page);
    add(await sideways(page));
    (await cutText(page)).forEach(add);
    (await smallTargets(page)).forEach((one) => add(`target ${one}`));
  }

  end() {
    ok(this.list.length === 0, this.list.join('\n'));
  }
}
