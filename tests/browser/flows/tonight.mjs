/** An evening at the house: the door, with a network and without, and the box office by keys alone. */
import { forged, scan, verdict } from '../lib/door.mjs';
import { equal, ok, until } from '../lib/expect.mjs';
import { button, field, heading, toast } from '../lib/screen.mjs';
import { boughtTickets, houseTonight, signInAsStaff } from '../lib/staff.mjs';
import { say } from '../lib/tools.mjs';

async function door(scene, world) {
  const { api } = world;
  const boss = await scene.person();
  await signInAsStaff(boss, world, null, 'admin');
  const { theaterId, showId } = await houseTonight(boss);
  const page = await scene.person();
  await signInAsStaff(page, world, theaterId, 'door');
  const pair = await boughtTickets(api, showId, 2);
  const trio = await boughtTickets(api, showId, 3);

  await page.goto(`/manage/door?theater=${theaterId}`);
  await page.getByText(say('door_count', { admitted: 0, tickets: 5 })).waitFor();
  await button(page, 'door_start_scanner').click();
  await page.getByText(say('door_ready')).waitFor();

  await scan(page, pair.codes[0]);
  await verdict(page, 'door_admitted');
  await page.getByText(say('door_count', { admitted: 1, tickets: 5 })).waitFor();
  await scan(page, pair.codes[0]);
  await verdict(page, 'door_already');
  await scan(page, forged(pair.codes[1]));
  await verdict(page, 'door_forged');

  // No network: the list on this device decides, says so, and nobody comes in twice.
  await page.context().setOffline(true);
  scene.expect(/ERR_INTERNET_DISCONNECTED|Failed to load resource|error occurred when fetching the script/);
  await scan(page, pair.codes[1]);
  await verdict(page, 'door_admitted');
  await page.getByText(say('door_by_list')).waitFor();
  await page.getByText(say('door_waiting')).waitFor();
  await scan(page, pair.codes[1]);
  await verdict(page, 'door_already');
  await scan(page, pair.codes[0]);
  await verdict(page, 'door_already');
  await page.context().setOffline(false);
  await until('what was scanned is told', async () => (await page.getByText(say('door_waiting')).count()) === 0, { timeout: 30_000 });

  // A reference that is read out: who of them is here?
  await field(page, 'door_typed').fill(trio.reference.toLowerCase());
  await button(page, 'door_check').click();
  await verdict(page, 'door_choose');
  await page.getByRole('checkbox').last().uncheck();
  await button(page, 'door_admit', { count: 2 }).click();
  await verdict(page, 'door_admitted');
  await page.getByText(say('door_count', { admitted: 4, tickets: 5 })).waitFor();
  await button(page, 'door_undo').first().click();
  await toast(page, 'door_undone').waitFor();
  await page.getByText(say('door_count', { admitted: 2, tickets: 5 })).waitFor();
}

async function counter(scene, world) {
  const { api, server } = world;
  const boss = await scene.person();
  await signInAsStaff(boss, world, null, 'admin');
  const { theaterId, showId } = await houseTonight(boss);
  const page = await scene.person();
  const seller = await signInAsStaff(page, world, theaterId, 'box_office');
  ok(server.address && seller.email, 'a seller is there');

  await page.goto(`/manage/counter?theater=${theaterId}`);
  await page.locator('[name=float]').fill('100');
  await page.locator('[name=float]').press('Enter');
  await page.getByRole('button', { name: /Tonight/ }).waitFor();
  await page.evaluate(() => (window.print = () => (window.printed = (window.printed ?? 0) + 1)));

  // Show, two best seats, to payment, what was handed over, sell, print: keys alone.
  const began = Date.now();
  await page.keyboard.press('1');
  await page.getByRole('grid').waitFor();
  await page.keyboard.press('2');
  await until('two seats are chosen', async () => (await page.locator('[aria-selected=true]').count()) === 2);
  await page.keyboard.press('Enter');
  await page.locator('[name=tendered]').waitFor();
  await page.getByText(/€20\.00/).first().waitFor();
  await page.keyboard.type('50');
  await page.getByText(/€30\.00/).first().waitFor();
  await page.keyboard.press('Enter');
  await heading(page, 'counter_sold').waitFor();
  await page.keyboard.press('p');
  equal(await page.evaluate(() => window.printed), 1, 'the tickets go to the printer');
  const took = (Date.now() - began) / 1000;
  console.log(`        sold and printed at the counter by keys in ${took.toFixed(1)} s`);
  ok(took <= 10, `it took ${took} s`);
  await page.emulateMedia({ media: 'print' });
  equal(await page.locator('.paper article:visible').count(), 2, 'two tickets on paper');
  equal(await page.getByRole('button').count(), 0, 'and nothing else');
  await page.emulateMedia({ media: 'screen' });
  const sold = (await api.seats(showId)).seats.filter((seat) => seat.status === 'sold');
  equal(sold.length, 2, 'two seats are sold');

  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: /Tonight/ }).waitFor();
  await button(page, 'counter_shift_close').first().click();
  await page.locator('[name=counted]').fill('119.50');
  await page.locator('form button[type=submit]').last().click();
  await page.getByText(say('counter_missing')).waitFor();
  await page.getByText(/-€0\.50|−€0\.50/).waitFor();
}

export const tonight = [
  { name: 'the door, with a network and without', sizes: ['phone'], run: door },
  { name: 'the box office by keys', sizes: ['desktop'], run: counter }
];
