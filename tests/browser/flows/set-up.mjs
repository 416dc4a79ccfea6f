/** An empty server: from the address it prints to its first theater, all in the browser. */
import { ok } from '../lib/expect.mjs';
import { button, field, heading, toast } from '../lib/screen.mjs';
import { Server } from '../lib/server.mjs';
import { say } from '../lib/tools.mjs';
import { totp } from '../lib/totp.mjs';
import { makePrices, makeScreen, makeTheater } from './staff.mjs';

const PASSWORD = 'a house of my own at last';

/** The address to open, as whoever started the server reads it. */
const printed = (server) => /http:\S+\/setup#code=\S+/.exec(server.log)?.[0];

async function generator(page) {
  await field(page, 'password').fill(PASSWORD);
  await button(page, 'factor_begin').click();
  const secret = await page.locator('form code').textContent();
  await field(page, 'factor_code').fill(totp(secret));
  await button(page, 'factor_confirm').click();
  await button(page, 'factor_recovery_kept').click();
}

async function onAnEmptyServer(scene) {
  const server = await new Server({ demo: false }).start();
  try {
    const link = printed(server);
    ok(link, 'it prints where to set it up');
    const page = await scene.person({ baseURL: server.address });

    // Without the code nothing can be done, and it says where the code is.
    await page.goto('/setup');
    await page.getByText(say('manage_setup_no_code')).waitFor();

    await page.goto('/');
    await page.goto(link);
    await heading(page, 'manage_setup_title').waitFor();
    ok(!page.url().includes('code='), 'the code stays in no history');
    await button(page, 'manage_setup_action').click();
    await page.getByLabel(say('name')).fill('Nora Owner');
    await field(page, 'email').fill('nora@example.org');
    await field(page, 'password').fill(PASSWORD);
    await button(page, 'manage_setup_action').click();
    await toast(page, 'manage_setup_done').waitFor();
    await heading(page, 'factor_title').waitFor();
    await generator(page);

    const theater = await makeTheater(page, 'Kino Nora');
    await makePrices(page, theater);
    await makeScreen(page, theater);

    // A second one is refused, in words.
    scene.expect(/409/);
    const late = await scene.person({ baseURL: server.address });
    await late.goto(link);
    await late.getByLabel(say('name')).fill('Second');
    await field(late, 'email').fill('second@example.org');
    await field(late, 'password').fill(PASSWORD);
    await button(late, 'manage_setup_action').click();
    await late.getByRole('alert').first().waitFor();
  } finally {
    await scene.close();
    await server.end();
  }
}

export const settingUp = [{ name: 'an empty server is set up in the browser', sizes: ['desktop', 'phone'], run: onAnEmptyServer }];
