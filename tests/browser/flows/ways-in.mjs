/** Ways in and out of an account: devices, the person's own data, a provider, a passkey. */
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { equal, ok, until } from '../lib/expect.mjs';
import { button, field, heading, link, toast } from '../lib/screen.mjs';
import { grant } from '../lib/staff.mjs';
import { say } from '../lib/tools.mjs';
import { textOf } from './recovery.mjs';

const PASSWORD = 'a long evening at the pictures';
const newEmail = () => `grace.${randomUUID().slice(0, 8)}@example.org`;

async function register(page, email) {
  await page.goto('/register');
  await field(page, 'name').fill('Grace Moviegoer');
  await field(page, 'email').fill(email);
  await field(page, 'password').first().fill(PASSWORD);
  await button(page, 'create_account').click();
  await toast(page, 'registered').waitFor();
}

/** Opens the link that was mailed at registration. */
async function confirmAddress(page, server, email) {
  const mails = () => server.mails().map(textOf).filter((mail) => mail.includes(email));
  const url = await until('the link is mailed', () =>
    mails().map((mail) => /https?:\/\/\S*\/verify#token=\S*/.exec(mail)?.[0]).find(Boolean)
  );
  await page.goto(url.replace(/^https?:\/\/[^/]+/, ''));
  await heading(page, 'verify_done_title').waitFor();
}

/** As if so many days had gone by since the links were mailed. */
function linksGrowOld(server, days) {
  const statement = `UPDATE one_time_secrets SET expires_at = expires_at - ${days} * 86400 * 1000000`;
  const program = 'import sqlite3, sys; db = sqlite3.connect(sys.argv[1], 10); db.execute(sys.argv[2]); db.commit()';
  const { status, stderr } = spawnSync('python3', ['-c', program, join(server.folder, 'm.db'), statement]);
  equal(status, 0, String(stderr));
}

/** A link that is too old, one that did its work, and one that is none: each says so, and what to do. */
async function links(scene, { server }) {
  scene.expect(/status of 40[19]/, /status of 410/);
  const page = await scene.person();
  const email = newEmail();
  await register(page, email);
  const links = () =>
    server
      .mails()
      .map(textOf)
      .filter((mail) => mail.includes(email))
      .map((mail) => /https?:\/\/\S*(\/verify#token=\S*)/.exec(mail)?.[1])
      .filter(Boolean);
  const [first] = await until('the link is mailed', () => links().length > 0 && links());
  linksGrowOld(server, 8);
  await page.goto(first);
  await heading(page, 'verify_late_title').waitFor();
  const before = links().length;
  await button(page, 'verify_resend').click();
  await toast(page, 'verify_resent').waitFor();
  const all = await until('a new link is mailed', () => links().length > before && links());
  const fresh = all.find((link) => link !== first);

  // Somebody else's browser: nobody is signed in there, so a link that is only opened does nothing.
  const other = await scene.person();
  await other.goto(fresh);
  await other.getByText(say('verify_ask')).waitFor();
  await button(other, 'verify_confirm').waitFor();
  await other.goto('/');
  await other.goto('/verify#token=' + 'x'.repeat(43));
  await button(other, 'verify_confirm').click();
  await heading(other, 'verify_link_dead_title').waitFor();
  await other.getByText(say('verify_sign_in')).waitFor();
  ok((await link(other, 'sign_in').last().getAttribute('href')).includes('next='), 'it leads back here');

  await page.goto('/profile');
  await page.goto(fresh);
  await heading(page, 'verify_done_title').waitFor();
  await page.goto('/profile');
  await page.goto(fresh);
  await heading(page, 'verify_before_title').waitFor();
}

async function devices(scene, { api, server }) {
  const page = await scene.person();
  const email = newEmail();
  await register(page, email);
  const elsewhere = await api.login(email, PASSWORD);
  await page.goto('/profile');
  await page.getByText(say('device_current')).waitFor();
  equal(await page.locator('section[aria-labelledby=devices] li').count(), 2, 'two devices');
  await button(page, 'devices_end_others').click();
  await toast(page, 'devices_others_ended').waitFor();
  await until('one device is left', async () =>
    (await page.locator('section[aria-labelledby=devices] li').count()) === 1
  );
  const { status } = await api.call('GET', '/users/me/profile', { headers: elsewhere });
  equal(status, 401, 'the other device is signed out');

  const [download] = await Promise.all([
    page.waitForEvent('download'),
    button(page, 'export_account').click()
  ]);
  const file = JSON.parse(readFileSync(await download.path(), 'utf8'));
  equal([file.profile.email, file.sessions.length], [email, 1], 'the file is about the person');

  const before = server.mails().length;
  await page.goto('/verify');
  await button(page, 'verify_resend').click();
  await toast(page, 'verify_resent').waitFor();
  await until('another mail is written', async () => server.mails().length > before);
}

async function provider(scene, { server, provider }) {
  const page = await scene.person({ baseURL: server.named });
  await provider.signsIn(null);
  await page.goto('/signin?next=/profile');
  await button(page, 'sign_in_with', { provider: 'Example ID' }).click();
  await page.getByText(say('provider_broken_off_title')).waitFor();

  const email = newEmail();
  await provider.signsIn(randomUUID(), { email, email_verified: true, name: 'Grace Hopper' });
  await page.goto('/signin?next=/profile');
  await button(page, 'sign_in_with', { provider: 'Example ID' }).click();
  await page.waitForURL('**/profile');
  await until('the profile is the provider’s person', async () =>
    (await field(page, 'email').inputValue()) === email
  );
  ok(!page.url().includes('code='), 'the code is in no address');
  const cookies = await page.context().cookies();
  ok(cookies.every((one) => one.httpOnly), 'no script reads a cookie');
}

async function passkey(scene, { server, programme }) {
  const page = await scene.person({ baseURL: server.named });
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('WebAuthn.enable');
  const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true
    }
  });
  const email = newEmail();
  await register(page, email);
  await confirmAddress(page, server, email);
  await page.goto('/profile');
  const form = page.locator('section[aria-labelledby=passkeys]');
  await form.locator('[name=passkey_name]').fill('This laptop');
  await form.locator('[name=passkey_password]').fill(PASSWORD);
  await button(page, 'passkey_make').click();
  await toast(page, 'passkey_made').waitFor();
  await form.getByText('This laptop').waitFor();
  const { credentials } = await cdp.send('WebAuthn.getCredentials', { authenticatorId });
  equal(credentials.map((one) => [one.rpId, one.isResidentCredential]), [['localhost', true]], 'a passkey of this site');

  await button(page, 'sign_out').click();
  await toast(page, 'signed_out').waitFor();
  await page.goto('/signin?next=/profile');
  await button(page, 'sign_in_with_passkey').click();
  await page.waitForURL('**/profile');
  await until('the same person is signed in', async () =>
    (await field(page, 'email').inputValue()) === email
  );

  // Without its owner at it (finger, PIN) it opens nothing.
  await button(page, 'sign_out').click();
  await toast(page, 'signed_out').waitFor();
  await cdp.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: false });
  await page.goto('/signin');
  await button(page, 'sign_in_with_passkey').click();
  await page.getByText(say('error_passkey_title')).waitFor();
  await cdp.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: true });

  // It is the second factor of staff too: no code is asked for, and without one it could not be taken away either.
  const theaterId = programme.theater.theater_id;
  grant(server, { email }, theaterId, 'manager');
  await button(page, 'sign_in_with_passkey').click();
  await toast(page, 'signed_in_as').waitFor();
  await page.goto(`/manage/${theaterId}`);
  await heading(page, 'manage_programme').waitFor();
  await page.goto('/profile');
  await page.getByRole('button', { name: say('passkey_remove_named', { name: 'This laptop' }) }).click();
  await toast(page, 'passkey_removed').waitFor();
  await button(page, 'sign_out').click();
  await toast(page, 'signed_out').waitFor();
  scene.expect(/status of 401/);
  await page.goto('/signin');
  await button(page, 'sign_in_with_passkey').click();
  await page.getByText(say('error_credentials_title')).waitFor();
}

export const waysIn = [
  { name: 'links that confirm an address', sizes: ['phone'], run: links },
  { name: 'devices and own data', sizes: ['phone'], run: devices },
  { name: 'sign in at a provider', sizes: ['desktop'], run: provider },
  { name: 'a passkey is made, used and taken away', sizes: ['desktop'], run: passkey }
];
