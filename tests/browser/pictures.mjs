/** The pictures of the documentation, taken from the real thing: what moviegoers see, then what staff see, in each size and theme. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { newEmail, register } from './flows/account.mjs';
import { names, openShow, payAs, proceed, ticketShown } from './lib/buying.mjs';
import { Camera } from './lib/pictures.mjs';
import { button, field, heading } from './lib/screen.mjs';
import { Scene, sizes } from './lib/stage.mjs';
import { houseTonight, signInAsStaff } from './lib/staff.mjs';
import { say, serverPath } from './lib/tools.mjs';
import { takeStaffPictures } from './pictures-staff.mjs';

async function series(stage, { server, programme }, given) {
  const scene = new Scene(stage, server.address, given.size);
  const settings = { favourite_theater_id: programme.theater.theater_id };
  const page = await scene.person({ theme: given.theme, settings });
  const { shot, whole } = new Camera(page, given);
  const show = programme.show({ atLeast: 200 });
  await page.goto(`/?date=${show.date}`);
  await page.getByRole('link', { name: show.movie.name, exact: true }).waitFor();
  await shot('discover');
  await page.goto(`/movies/${show.movie.movie_id}?theater=${programme.theater.theater_id}&date=${show.date}`);
  await page.locator(`a[href="/shows/${show.show_id}"]`).waitFor();
  await shot('movie');
  await openShow(page, show);
  await names(page);
  await shot('seats');
  await proceed(page);
  await field(page, 'email').fill('ada@example.org');
  await page.evaluate(() => document.activeElement?.blur());
  await shot('checkout');
  await payAs(page, 'ada@example.org');
  const booking = await ticketShown(page);
  await shot('ticket');
  await page.goto('/tickets');
  await heading(page, 'history_upcoming').waitFor();
  await shot('history');
  await page.goto(`/bookings/${booking}/cancel`);
  await button(page, 'cancel_confirm').waitFor();
  await shot('cancel');
  await page.goto('/settings');
  await page.getByText(say('party_size')).first().waitFor();
  await shot('settings');
  await page.goto(`/bookings/${booking}`);
  await button(page, 'receipt').waitFor();
  await whole('booking');
  for (const [name, words] of [['signin', 'sign_in'], ['recover', 'send_link']]) {
    await page.goto(`/${name}`);
    await button(page, words).waitFor();
    await shot(name);
  }
  await register(page, newEmail());
  await page.goto('/profile');
  await field(page, 'phone').waitFor();
  await whole('profile');
  await scene.close();
}

/** A code for one booking of a customer, by a guest who has had it: that is only known once they say who they are, to pay. */
async function codeUsed(stage, world, given, language) {
  const { server } = world;
  const scene = new Scene(stage, server.address, given.size);
  const boss = await scene.person();
  await signInAsStaff(boss, world, null, 'admin');
  const { theaterId, showId } = await houseTonight(boss, 180);
  const line = ['promo', 'add', 'ONCE', '--percent', '20', '--uses-per-customer', '1', '--theater', theaterId];
  execFileSync(serverPath, [...line, '--database', `sqlite:${join(server.folder, 'm.db')}`], { stdio: 'pipe' });
  const page = await scene.person({ theme: given.theme, locale: language === 'en' ? 'en-GB' : language });
  const words = (key, whole = true) => say(key, {}, { whole, language });
  for (const time of [1, 2]) {
    await openShow(page, { show_id: showId });
    await page.getByRole('button', { name: words('continue_amount') }).click();
    await page.waitForURL(/step=checkout/);
    await page.locator('summary', { hasText: words('promo') }).click();
    await page.getByLabel(words('promo_code')).fill('once');
    await page.getByRole('button', { name: words('promo_apply') }).click();
    await page.getByRole('button', { name: words('promo_remove') }).waitFor();
    await page.getByLabel(words('email', false)).fill('ada@example.org');
    await page.getByRole('button', { name: words('pay_amount') }).click();
    if (time === 1) await page.waitForURL(/\/bookings\/[^/?]+$/);
  }
  await page.getByText(words('promo_used_remove')).waitFor();
  await new Camera(page, given).whole('promo-used');
  await scene.close();
}

/** Some of the seats in every hall are taken, as on any evening. */
async function otherGuests(api, show, count) {
  for (let taken = 0; taken < count; taken += 1) {
    const { seats } = await api.seats(show.show_id);
    const free = seats.filter((seat) => seat.status === 'available' && seat.kind === 'standard');
    const at = (taken * 7919) % (free.length - 2);
    const pair = free.slice(at, at + 2).filter((seat) => seat.row === free[at].row);
    await api.hold(show.show_id, pair.map((seat) => seat.seat_id), { pay: taken % 5 !== 0 });
  }
}

/** `only` is part of "moviegoers phone dark", "code phone dark", "staff desktop light", …; `part` of the tour is for staff's
 *  alone, and `language`, to look at, is not for moviegoers'. */
export async function takePictures(stage, world, { only = '', language = 'en', part } = {}) {
  for (const size of Object.keys(sizes)) {
    for (const theme of ['dark', 'light']) {
      if (`moviegoers ${size} ${theme}`.includes(only)) {
        await otherGuests(world.api, world.programme.peek({ atLeast: 200 }), 34);
        await series(stage, world, { size, theme });
      }
      if (`code ${size} ${theme}`.includes(only)) await codeUsed(stage, world, { size, theme }, language);
      if (`staff ${size} ${theme}`.includes(only)) await takeStaffPictures(stage, world, { size, theme }, { language, part });
    }
  }
}
