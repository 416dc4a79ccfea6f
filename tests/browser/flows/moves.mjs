/** A show that goes to another screen: what would happen is read before it does, and afterwards how far the money is. */
import { randomUUID } from 'node:crypto';
import { ok, until } from '../lib/expect.mjs';
import { button, link, toast } from '../lib/screen.mjs';
import { boughtTickets, houseTonight, signInAsStaff } from '../lib/staff.mjs';
import { say } from '../lib/tools.mjs';

async function elsewhere(scene, world) {
  const { api } = world;
  const page = await scene.person();
  await signInAsStaff(page, world, null, 'admin');
  const { theaterId, showId } = await houseTonight(page, 180);
  // Three seats in all, and five are sold: two side by side fit, three do not.
  const made = await page.request.post(`/api/v1/manage/theaters/${theaterId}/screens`, {
    data: { name: 'Two', seats: { hall: { rows: 1, seats_per_row: 3, aisles_after: [2] } } },
    headers: { 'idempotency-key': randomUUID() }
  });
  ok(made.ok(), `a second screen: ${made.status()}`);
  const pair = await boughtTickets(api, showId, 2);
  const trio = await boughtTickets(api, showId, 3);

  await page.goto(`/manage/${theaterId}/shows/${showId}`);
  await link(page, 'day_move').click();
  // The address changes before the page does (it is fetched meanwhile), and the page before has a field of that name too.
  await button(page, 'day_move_ask').waitFor();
  await page.locator('[name="screen"]').selectOption({ label: 'Two (3)' });
  await button(page, 'day_move_ask').click();
  await page.getByText(say('day_move_preview')).waitFor();
  await page.locator('summary').click();
  await page.getByText(trio.reference).waitFor();
  await button(page, 'day_move_go').click();
  await toast(page, 'day_moved').waitFor();
  await page.getByText(say('day_move_done')).waitFor({ timeout: 30_000 });
  await until('the company that does not fit has its money back', async () => {
    const found = await page.request.get(`/api/v1/manage/theaters/${theaterId}/bookings?query=${trio.reference}`);
    return (await found.json()).items[0].status === 'cancelled';
  });
  const kept = await page.request.get(`/api/v1/manage/theaters/${theaterId}/bookings?query=${pair.reference}`);
  ok((await kept.json()).items[0].screen_name === 'Two', 'the others are on the other screen');
}

export const moves = [{ name: 'a show goes to another screen', sizes: ['desktop', 'phone'], run: elsewhere }];
