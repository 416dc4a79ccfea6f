/** What may go wrong between hold and ticket: a declined card, a bank that asks, time that runs out. */
import { bar, buy, chosen, openShow, payAs, proceed, ticketShown } from '../lib/buying.mjs';
import { equal, ok, until } from '../lib/expect.mjs';
import { button, field, heading } from '../lib/screen.mjs';
import { say } from '../lib/tools.mjs';

async function declined(scene, { api, programme }) {
  const show = programme.show();
  const page = await scene.person();
  await openShow(page, show);
  const booking = await proceed(page);
  scene.expect(/status of 402/);
  await payAs(page, 'declined@example.org', 'card_declined');
  await page.getByText(say('declined_title')).waitFor();
  await page.getByText(say('declined_safe')).waitFor();
  equal(await field(page, 'email').inputValue(), 'declined@example.org', 'typed data stays');
  const { seats } = await api.seats(show.show_id);
  equal(seats.filter((seat) => seat.status === 'held').length >= 2, true, 'the seats stay held');
  await payAs(page, 'declined@example.org', 'card_ok');
  equal(await ticketShown(page), booking, 'the same hold is paid');
}

async function bankApproves(scene, { programme }) {
  const page = await scene.person();
  await openShow(page, programme.show());
  await proceed(page);
  await payAs(page, 'bank@example.org', 'card_3ds');
  await page.getByText(say('bank_title')).waitFor();
  await page.reload();
  await button(page, 'bank_approve').click();
  await ticketShown(page);
}

async function bankRefuses(scene, { programme }) {
  const page = await scene.person();
  await openShow(page, programme.show());
  const booking = await proceed(page);
  await payAs(page, 'bank@example.org', 'card_3ds');
  scene.expect(/status of 402/);
  await button(page, 'bank_refuse').click();
  await page.getByText(say('declined_safe')).waitFor();
  await payAs(page, 'bank@example.org', 'card_ok');
  equal(await ticketShown(page), booking, 'the same hold is paid with another card');
}

const clock = async (page) => {
  const [minutes, seconds] = (await page.getByRole('timer').innerText()).match(/(\d+):(\d+)/).slice(1);
  return Number(minutes) * 60 + Number(seconds);
};

async function extension(scene, { programme }) {
  const page = await scene.person();
  await openShow(page, programme.show());
  await proceed(page);
  const before = await clock(page);
  ok(before > 400 && before <= 480, `a hold of eight minutes shows ${before} s`);
  await page.waitForTimeout(5000);
  const later = await clock(page);
  ok(later < before, `the clock runs: ${later} s after ${before} s`);
  await button(page, 'hold_extend').click();
  await until('more time', async () => (await clock(page)) > later, { every: 200 });
}

/** The ticket's page is opened while the server is not done: it says so, and goes on by itself. */
async function settling(scene, { programme }) {
  const page = await scene.person();
  const booking = await buy(page, programme.show());
  let said = { status: 'awaiting_payment', payment: 'authorized' };
  await page.route(`**/api/v1/bookings/${booking}`, async (route) => {
    const answer = await route.fetch({ headers: { ...route.request().headers(), 'if-none-match': '' } });
    const real = await answer.json();
    if (said === null) return route.fulfill({ response: answer, json: real });
    const payments = real.payments.map((one) => ({ ...one, status: said.payment }));
    return route.fulfill({ response: answer, json: { ...real, status: said.status, payments, refunds: said.refunds ?? [] } });
  });
  await page.reload();
  await heading(page, 'checking_title').waitFor();
  said = { status: 'confirmed', payment: 'authorized' };
  await heading(page, 'issuing_title').waitFor();
  said = null;
  await ticketShown(page);

  const refund = { refund_id: 'r', amount: { amount_minor: 2580, currency: 'EUR' }, method: 'Visa •••• 4242', status: 'pending' };
  said = { status: 'expired', payment: 'captured', refunds: [{ ...refund, created_at: new Date().toISOString() }] };
  await page.reload();
  await heading(page, 'seats_lost_title').waitFor();
  await page.getByText(say('seats_lost_detail', { method: refund.method, state: 'on its way' })).waitFor();
  said.refunds = [{ ...said.refunds[0], status: 'succeeded' }];
  await page.getByText(say('seats_lost_detail', { method: refund.method, state: 'sent' })).waitFor();
}

/** On a server whose holds last a minute. */
async function expiry(scene, { api, programme }) {
  const show = programme.show();
  const page = await scene.person();
  scene.expect(/status of 40[49]/);
  await openShow(page, show);
  await proceed(page);
  ok((await clock(page)) <= 60, 'a hold of one minute');
  await field(page, 'email').fill('late@example.org');
  await page.getByText(say('hold_over_title')).waitFor({ timeout: 85_000 });
  await page.getByText(say('hold_over_detail')).waitFor();
  const { seats } = await api.seats(show.show_id);
  equal(seats.filter((seat) => seat.status === 'held').length, 0, 'the seats are free again');
  await button(page, 'choose_again').click();
  await until('the choice is still there to take again', async () => (await chosen(page).count()) === 2);
  await bar(page).click();
  await button(page, 'pay_amount').waitFor();
  equal(await field(page, 'email').inputValue(), 'late@example.org', 'typed data survives the expiry');
}

export const payment = [
  { name: 'a declined card keeps the hold', sizes: ['phone', 'desktop'], run: declined },
  { name: 'the bank asks and is told yes, after a reload', sizes: ['phone'], run: bankApproves },
  { name: 'the bank asks and is told no', sizes: ['desktop'], run: bankRefuses },
  { name: 'a ticket page opened while the payment settles', sizes: ['phone', 'desktop'], run: settling },
  { name: 'more time for a hold', sizes: ['phone'], run: extension }
];
export const expiring = [{ name: 'a hold that runs out', sizes: ['phone'], run: expiry }];
