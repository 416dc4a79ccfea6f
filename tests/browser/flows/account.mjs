/** An account: made, left, entered again, and its profile changed in two places at once. */
import { randomUUID } from 'node:crypto';
import { equal, ok, until } from '../lib/expect.mjs';
import { button, field, toast } from '../lib/screen.mjs';
import { buySignedIn } from '../lib/buying.mjs';
import { say } from '../lib/tools.mjs';

export const PASSWORD = 'a long evening at the pictures';

export async function register(page, email) {
  await page.goto('/register');
  await field(page, 'name').fill('Ada Moviegoer');
  await field(page, 'email').fill(email);
  await field(page, 'password').fill(PASSWORD);
  await button(page, 'create_account').click();
  await toast(page, 'registered').waitFor();
}

export const newEmail = () => `ada.${randomUUID().slice(0, 8)}@example.org`;

async function registerAndReturn(scene) {
  const page = await scene.person();
  const email = newEmail();
  await register(page, email);
  await page.goto('/profile');
  await field(page, 'name').waitFor();
  equal(await field(page, 'email').inputValue(), email, 'the profile shows the address');
  const cookies = await page.context().cookies();
  ok(cookies.length > 0 && cookies.every((one) => one.httpOnly), 'the session is a cookie no script can read');
  const stored = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]));
  ok(!/token|bearer/i.test(stored.replace('matinee.guest-bookings', '')), `no token in storage: ${stored}`);

  await button(page, 'sign_out').click();
  await toast(page, 'signed_out').waitFor();
  await page.getByText(say('guest_title')).waitFor();

  scene.expect(/status of 401/);
  await page.goto('/signin?next=/profile');
  await field(page, 'email').fill(email);
  await field(page, 'password').fill('not the password');
  await button(page, 'sign_in').click();
  await page.getByText(say('error_credentials_title')).waitFor();
  equal(await field(page, 'email').inputValue(), email, 'what was typed stays');
  await field(page, 'password').fill(PASSWORD);
  await button(page, 'sign_in').click();
  await page.waitForURL('**/profile');
  await field(page, 'name').waitFor();
}

async function conflict(scene, { api }) {
  const page = await scene.person();
  const email = newEmail();
  await register(page, email);
  await page.goto('/profile');
  await field(page, 'phone').waitFor();

  const elsewhere = await api.login(email, PASSWORD);
  const { body: theirs } = await api.call('GET', '/users/me/profile', { headers: elsewhere });
  const { status } = await api.call('PUT', '/users/me/profile', {
    headers: elsewhere,
    body: { ...theirs, address: 'Changed Street 1' }
  });
  equal(status, 200, 'the other session saves');

  scene.expect(/status of 412/);
  await field(page, 'phone').fill('+49 30 1234567');
  await button(page, 'save').click();
  await page.getByText(say('conflict_title')).waitFor();
  equal(await field(page, 'phone').inputValue(), '+49 30 1234567', 'what was typed stays');
  await button(page, 'conflict_theirs').click();
  await until('the other version is shown', async () =>
    (await field(page, 'address').inputValue()) === 'Changed Street 1'
  );
  await field(page, 'phone').fill('+49 30 7654321');
  await button(page, 'save').click();
  await toast(page, 'profile_saved').waitFor();
  const { body: saved } = await api.call('GET', '/users/me/profile', { headers: elsewhere });
  equal([saved.address, saved.phone], ['Changed Street 1', '+49 30 7654321'], 'both changes are kept');
}

async function bookingInHistory(scene, { api, programme }) {
  const page = await scene.person();
  const email = newEmail();
  await register(page, email);
  const show = programme.show();
  const booking = await buySignedIn(page, show);
  await page.goto('/tickets');
  await page.getByRole('main').getByText(show.movie.name).first().waitFor();
  const who = await api.login(email, PASSWORD);
  const { body } = await api.call('GET', '/users/me/bookings', { headers: who });
  equal(body.items.map((one) => [one.booking_id, one.status]), [[booking, 'confirmed']], 'the account has it');
}

export const account = [
  { name: 'register, sign out, sign in', sizes: ['phone', 'desktop'], run: registerAndReturn },
  { name: 'profile changed in two places', sizes: ['desktop'], run: conflict },
  { name: 'a booking of an account is in its history', sizes: ['phone'], run: bookingInHistory }
];
