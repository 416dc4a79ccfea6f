/** Pictures of a page for the documentation. Their colours are reduced, so that all of them together stay small. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { quantised } from './png.mjs';
import { root } from './tools.mjs';

/** Of a page that is longer, its beginning. */
const HIGHEST = 2200;

export const folder = join(root, 'docs/pictures');

async function quiet(page) {
  await page.waitForLoadState('networkidle').catch(() => undefined);
  await page.evaluate(() => document.fonts.ready);
  await page.evaluate(() => Promise.all(document.getAnimations().map((one) => one.finished.catch(() => undefined))));
  await page.mouse.move(0, 0);
  await page.waitForTimeout(350);
}

export class Camera {
  constructor(page, { size, theme, into = '' }) {
    Object.assign(this, { page, size, theme, folder: join(folder, into) });
    mkdirSync(this.folder, { recursive: true });
  }

  #write(name, png) {
    const file = `${name}-${this.size}-${this.theme}.png`;
    const small = quantised(png);
    writeFileSync(join(this.folder, file), small);
    console.log(`${file} ${Math.round(small.length / 1024)} kB`);
  }

  shot = async (name) => {
    await quiet(this.page);
    this.#write(name, await this.page.screenshot());
  };

  /** A page that is longer than its window: on a desktop in a window as high as the page, so that its side nav is, too. */
  whole = async (name) => {
    const usual = this.page.viewportSize();
    await quiet(this.page);
    // What sticks to the window's top is at the page's top in a picture of the whole.
    await this.page.evaluate(() => window.scrollTo(0, 0));
    for (const close of await this.page.locator('.toast .close').all()) await close.click().catch(() => undefined);
    const height = Math.min(HIGHEST, await this.page.evaluate(() => document.documentElement.scrollHeight));
    if (usual.width < 840) return this.#write(name, await this.page.screenshot({ fullPage: true, clip: { x: 0, y: 0, width: usual.width, height } }));
    await this.page.setViewportSize({ ...usual, height: Math.max(usual.height, height) });
    await this.shot(name);
    await this.page.setViewportSize(usual);
  };
}
