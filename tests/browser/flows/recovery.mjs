/** A guest on another device: the reference and the address bring a link by mail, and the link the tickets. */
import { buy, ticketShown } from '../lib/buying.mjs';
import { equal, ok, until } from '../lib/expect.mjs';
import { button, field, heading } from '../lib/screen.mjs';
import { say } from '../lib/tools.mjs';

/** The text of a mail, its transfer encoding undone. */
export function textOf(mail) {
  const plain = mail.replace(/=\r?\n/g, '').replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
  const coded = [...mail.matchAll(/base64\r?\n(?:[^\r\n]+\r?\n)*\r?\n([A-Za-z0-9+/=\r\n]+)/g)].map(([, text]) =>
    Buffer.from(text, 'base64').toString('utf8')
  );
  return [plain, ...coded].join('\n');
}

async function recover(scene, { programme, server }) {
  const email = 'lost.and.found@example.org';
  const page = await scene.person();
  const booking = await buy(page, programme.show(), email);
  const mails = () => server.mails().map(textOf).filter((mail) => mail.includes(email));
  const confirmation = await until('the confirmation is mailed', () => mails()[0]);
  const shown = await page.getByRole('main').innerText();
  const reference = [...confirmation.matchAll(/\b[A-Z0-9]{4,6}-[A-Z0-9]{4,6}\b/g)].map(([text]) => text).find((text) => shown.includes(text));
  ok(reference, 'the reference is in the mail and on the ticket');

  const other = await scene.person();
  scene.expect(/status of 40[0149]/, /status of 410/);
  await other.goto(`/bookings/${booking}`);
  await heading(other, 'error_not_found_title').or(heading(other, 'error_signed_out_title')).first().waitFor();
  await other.goto('/recover');
  await field(other, 'reference').fill(reference.toLowerCase());
  await field(other, 'email').fill(email);
  await button(other, 'send_link').click();
  await heading(other, 'mail_sent_title').waitFor();
  const url = await until('the link is mailed', () =>
    mails().map((mail) => /https?:\/\/\S*\/recover#token=\S*/.exec(mail)?.[0]).find(Boolean)
  );
  await other.goto(url.replace(/^https?:\/\/[^/]+/, ''));
  equal(await ticketShown(other), booking, 'the link opens the tickets');

  const third = await scene.person();
  await third.goto(url.replace(/^https?:\/\/[^/]+/, ''));
  await heading(third, 'recover_link_dead_title').waitFor();
  ok(!third.url().includes(url.split(/[=#]/).pop()), 'the secret is gone from the address bar');
  await third.getByText(say('recover_link_dead_detail')).waitFor();

  // The confirmation's own link opens nothing: it leads to the page that mails one, with the reference filled in.
  const link = /https?:\/\/\S*\/recover\?reference=[\w-]+/.exec(confirmation)?.[0];
  ok(link, 'the confirmation carries a way back to the booking');
  ok(!/mg_|#guest|#token/.test(confirmation), 'and nothing that opens it');
  await third.goto('/recover');
  await field(third, 'paste_link').fill(link);
  await button(third, 'paste_link_open').click();
  await until('the reference is filled in', async () => (await field(third, 'reference').inputValue()) === reference);
}

export const recovery = [{ name: 'a guest finds a booking by mail', sizes: ['phone'], run: recover }];
