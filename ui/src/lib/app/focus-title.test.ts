import { beforeEach, expect, it } from 'vitest';
import { focusTitle } from './focus-title';

const TITLE = '<h1 tabindex="-1" data-page-title>Sign in</h1>';
const frame = () => new Promise((done) => requestAnimationFrame(done));
const changed = () => new Promise((done) => setTimeout(done));
const find = (selector: string) => document.querySelector<HTMLElement>(selector);

beforeEach(() => {
  document.body.innerHTML = `<main id="main" tabindex="-1">${TITLE}<input></main>`;
});

it('starts a page at its title', async () => {
  focusTitle();
  await frame();
  expect(document.activeElement).toBe(find('h1'));
});

it('leaves focus where somebody has begun to type', async () => {
  focusTitle();
  find('input')?.focus();
  await frame();
  expect(document.activeElement).toBe(find('input'));
});

it('waits for a title that comes with the data, and not over somebody’s typing', async () => {
  const main = find('main');
  if (!main) throw new Error('no main');
  find('h1')?.remove();
  focusTitle();
  await frame();
  expect(document.activeElement).toBe(main);
  find('input')?.focus();
  main.insertAdjacentHTML('afterbegin', TITLE);
  await changed();
  expect(document.activeElement).toBe(find('input'));

  find('input')?.blur();
  find('h1')?.remove();
  focusTitle();
  await frame();
  main.insertAdjacentHTML('afterbegin', TITLE);
  await changed();
  expect(document.activeElement).toBe(find('h1'));
});
