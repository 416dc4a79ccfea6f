/** No server, no network, no such show: what happened, what is safe, and a way on. */
import { buy, openShow, proceed } from '../lib/buying.mjs';
import { ok, until } from '../lib/expect.mjs';
import { button, field, heading, link } from '../lib/screen.mjs';
import { say } from '../lib/tools.mjs';

const banner = say('offline_banner', {}, { whole: false });
const refused = [/ERR_CONNECTION_REFUSED/, /ERR_EMPTY_RESPONSE/, /ERR_CONNECTION_RESET/, /ERR_INCOMPLETE_CHUNKED/, /ERR_SOCKET_NOT_CONNECTED/,
  // The worker, which is asked for some seconds after a page.
  /error occurred when fetching the script/];

/** Stops the server under open pages and starts it again: one test, since nobody else can use that server meanwhile. */
async function serverGone(scene, { server, programme }) {
  scene.expect(...refused);
  const [paying, reading, map] = [await scene.person(), await scene.person(), await scene.person()];
  await openShow(paying, programme.show());
  await proceed(paying);
  await field(paying, 'email').fill('patient@example.org');
  const booking = await buy(reading, programme.show());
  await openShow(map, programme.show());

  await server.stop();
  try {
    await reading.getByRole('link', { name: say('nav_discover') }).click();
    await reading.getByText(banner).waitFor();
    await heading(reading, 'error_offline_title').waitFor();
    await reading.getByText(say('error_offline_detail')).waitFor();
    await reading.goBack();
    await reading.getByRole('img', { name: say('ticket_code') }).first().waitFor();

    await map.getByText(say('map_stale')).waitFor({ timeout: 15_000 });

    await button(paying, 'pay_amount').click();
    await paying.getByText(banner).waitFor();
    await until('what is safe is said', async () => {
      const text = await paying.locator('body').innerText();
      return say('not_charged', {}, { whole: false }).test(text) || say('checking_offline', {}, { whole: false }).test(text);
    });
  } finally {
    await server.start();
  }
  await reading.getByText(banner).waitFor({ state: 'hidden', timeout: 15_000 });
  await paying.getByText(banner).waitFor({ state: 'hidden', timeout: 15_000 });
  await until('the payment goes on after the outage', async () => {
    if (/\/bookings\//.test(paying.url())) return true;
    const pay = button(paying, 'pay_amount').or(button(paying, 'checking_again'));
    if ((await pay.count()) > 0 && (await pay.first().getAttribute('aria-disabled')) !== 'true') await pay.first().click();
    return false;
  }, { timeout: 20_000, every: 500 });
  ok(booking, 'a ticket was bought before');
}

/** The browser itself is offline: Pay says why it cannot. */
async function networkGone(scene, { programme }) {
  scene.expect(/ERR_INTERNET_DISCONNECTED/, ...refused);
  const page = await scene.person();
  await openShow(page, programme.show());
  await proceed(page);
  await page.context().setOffline(true);
  await page.getByText(banner).waitFor();
  const pay = button(page, 'pay_amount');
  await until('Pay is disabled', async () => (await pay.getAttribute('aria-disabled')) === 'true');
  await page.getByText(say('pay_offline')).first().waitFor();
  await page.context().setOffline(false);
  await page.getByText(banner).waitFor({ state: 'hidden', timeout: 15_000 });
  await until('Pay works again', async () => (await pay.getAttribute('aria-disabled')) !== 'true');
}

async function nothingThere(scene) {
  scene.expect(/status of 404/, /status of 401/);
  const page = await scene.person();
  for (const path of ['/shows/sdoesnotexist', '/movies/mdoesnotexist', '/bookings/bdoesnotexist', '/theaters/tdoesnotexist']) {
    await page.goto(path);
    await heading(page, 'error_not_found_title').or(heading(page, 'error_signed_out_title')).first().waitFor();
  }
  await page.goto('/no/such/page');
  await page.getByText(say('error_page_detail')).waitFor();
  await link(page, 'go_discover').click();
  await page.waitForURL((url) => url.pathname === '/');
}

export const outage = [
  { name: 'the browser goes offline at the checkout', sizes: ['phone'], run: networkGone },
  { name: 'links to nothing', sizes: ['phone', 'desktop'], run: nothingThere }
];
export const stopping = [{ name: 'the server stops and comes back', sizes: ['phone'], run: serverGone }];
