/** The steps of buying, as a person takes them; flows join them. */
import { equal, ok, until } from './expect.mjs';
import { button, field, heading, link, title } from './screen.mjs';
import { say } from './tools.mjs';

export const EMAIL = 'guest@example.org';

export const bar = (page) => page.getByRole('button', { name: say('continue_amount') });
export const cells = (page) => page.getByRole('gridcell');
export const chosen = (page) => page.locator('[role=gridcell][aria-selected=true]');

/** Opens a show's map and waits for the suggested seats. */
export async function openShow(page, show) {
  await page.goto(`/shows/${show.show_id}`);
  await suggested(page);
}

export async function suggested(page) {
  await page.getByRole('grid').waitFor();
  await until('two seats are suggested', async () => (await chosen(page).count()) === 2);
}

export async function names(page) {
  return (await chosen(page).evaluateAll((all) => all.map((one) => one.getAttribute('aria-label'))));
}

/** "Row G, seat 12" of a seat's full name, which may begin with its area. */
export const place = (name) => /Row [^,]+, seat [^,]+/.exec(name)[0];

export function seatNamed(page, seat) {
  const at = say('seat_place', { row: seat.row, number: seat.number }).source.replace(/^\^\\s\*|\\s\*\$$/g, '');
  return page.getByRole('gridcell', { name: new RegExp(`(^|, )${at},`) });
}

/** Takes the hold; answers the booking's id. */
export async function proceed(page) {
  await bar(page).click();
  await page.waitForURL(/step=checkout/);
  await heading(page, 'checkout').waitFor();
  await button(page, 'pay_amount').waitFor();
  return new URL(page.url()).searchParams.get('booking');
}

export async function payAs(page, email = EMAIL, method = 'card_ok') {
  if (email) await field(page, 'email').fill(email);
  await page.getByRole('radio', { name: say(method, {}, { whole: false }) }).check();
  await button(page, 'pay_amount').click();
}

export async function ticketShown(page) {
  await page.waitForURL(/\/bookings\/[^/?]+$/);
  const code = page.getByRole('img', { name: say('ticket_code') }).first();
  await code.waitFor();
  await until('the code is drawn', () => code.evaluate((image) => image.complete && image.naturalWidth > 0));
  const { width, height } = await code.boundingBox();
  ok(width >= 240 && height >= 240, `the code is ${width}×${height}, not 240 px`);
  const paper = await code.evaluate((image) => {
    for (let one = image; one; one = one.parentElement) {
      const colour = getComputedStyle(one).backgroundColor;
      if (colour !== 'rgba(0, 0, 0, 0)') return colour;
    }
    return '';
  });
  equal(paper, 'rgb(255, 255, 255)', 'the paper behind the code, in any theme');
  return new URL(page.url()).pathname.split('/').pop();
}

/** The shortest way to a paid booking, for flows about what comes after. */
export async function buy(page, show, email = EMAIL) {
  await openShow(page, show);
  await proceed(page);
  await payAs(page, email);
  return ticketShown(page);
}

export const buySignedIn = (page, show) => buy(page, show, null);

export { link, title };
