/**
 * A person at the system's browser: a real Chromium that goes to an address, takes the steps it is told and says where it
 * ended and where the links there lead.
 *
 * `node person.mjs URL PICTURE STEP…`, a step being `click:WORDS` (a button or a link of that name) or `see:WORDS`.
 */
import { writeFileSync } from 'node:fs';
import { Scene, Stage } from '../browser/lib/stage.mjs';

const [url, picture, ...steps] = process.argv.slice(2);

async function take(page, step) {
  const [verb, words] = [step.slice(0, step.indexOf(':')), step.slice(step.indexOf(':') + 1)];
  if (verb === 'see') return page.getByText(words).first().waitFor();
  if (verb !== 'click') throw new Error(`no step: ${step}`);
  const named = { name: words, exact: true };
  return page.getByRole('button', named).or(page.getByRole('link', named)).click();
}

const stage = await Stage.open();
try {
  const page = await new Scene(stage, undefined, 'desktop').person({ theme: 'light' });
  await page.goto(url);
  for (const step of steps) await take(page, step);
  writeFileSync(picture, await page.screenshot());
  const links = await page.locator('a[href]').evaluateAll((all) => all.map((one) => one.href));
  process.stdout.write(JSON.stringify({ url: page.url(), links }));
} finally {
  await stage.close();
}
