/** People who work in a theater: accounts with a role, made as an operator makes them, with a code generator of their own. */
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { serverPath } from './tools.mjs';
import { totp } from './totp.mjs';

const PASSWORD = 'a long evening at the pictures';

function admin(server, args, env = {}) {
  const database = `sqlite:${join(server.folder, 'm.db')}`;
  return execFileSync(serverPath, ['admin', ...args, '--database', database], { env: { ...process.env, ...env }, stdio: 'pipe' });
}

/** An account that was registered over the wire. */
export async function account(api, name = 'Sam Usher') {
  const email = `staff.${randomUUID().slice(0, 8)}@example.org`;
  const { status, body } = await api.call('POST', '/auth/register', { body: { email, password: PASSWORD, name } });
  if (status !== 201) throw new Error(`register: ${status} ${JSON.stringify(body)}`);
  return { email, password: PASSWORD, headers: { authorization: `Bearer ${body.access_token}` } };
}

/** Gives an account a role in a theater, or makes it the server's administrator. */
export function grant(server, person, theaterId, role) {
  if (role === 'admin') admin(server, ['create', '--email', person.email], { MATINEE_ADMIN_PASSWORD: person.password });
  else admin(server, ['grant', '--email', person.email, '--theater', theaterId, '--role', role]);
}

/** Signs a page in as somebody with a role whose session shows a second factor; cookies only, as the app has them. */
export async function signInAsStaff(page, { api, server }, theaterId, role) {
  const person = await account(api);
  grant(server, person, theaterId, role);
  const session = await page.request.post('/api/v1/auth/login', {
    data: { email: person.email, password: person.password, session: 'cookie' }
  });
  if (!session.ok()) throw new Error(`login: ${session.status()} ${await session.text()}`);
  const begun = await page.request.post('/api/v1/auth/second-factor/begin', { data: { password: person.password } });
  if (!begun.ok()) throw new Error(`begin: ${begun.status()} ${await begun.text()}`);
  const { secret } = await begun.json();
  const confirmed = await page.request.post('/api/v1/auth/second-factor/confirm', { data: { code: totp(secret) } });
  if (!confirmed.ok()) throw new Error(`confirm: ${confirmed.status()} ${await confirmed.text()}`);
  // The app remembers in storage that a cookie may be there.
  await page.addInitScript(() => {
    try {
      localStorage.setItem('matinee.signed-in', '1');
    } catch {
      // A page without storage, such as about:blank.
    }
  });
  return { ...person, secret };
}
