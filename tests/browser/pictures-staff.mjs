/** The pictures of staff's pages: the same walk as the checks take, in three sizes and two themes. */
import { busyHouse } from './lib/house.mjs';
import { openHouse } from './lib/open-house.mjs';
import { Camera } from './lib/pictures.mjs';
import { Server } from './lib/server.mjs';
import { signInAsStaff } from './lib/staff.mjs';
import { Scene } from './lib/stage.mjs';
import { parts, walkThrough } from './lib/tour.mjs';

/** An empty server's first page, which nobody sees any more once it has an administrator. */
async function beginning(stage, given) {
  const server = await new Server({ demo: false }).start();
  try {
    const scene = new Scene(stage, server.address, given.size);
    const page = await scene.person({ theme: given.theme });
    const camera = new Camera(page, { ...given, into: 'staff' });
    await page.goto(/http:\S+\/setup#code=\S+/.exec(server.log)[0]);
    await page.locator('form').waitFor();
    await camera.whole('setup');
    await scene.close();
  } finally {
    await server.end();
  }
}

/** What only a server has that is open to its network. */
function opened(stage, given, language) {
  const person = { theme: given.theme, locale: localeOf(language) };
  return openHouse(stage, { size: given.size, person, language }, (page, name) => new Camera(page, { ...given, into: 'staff' }).whole(name));
}

const localeOf = (language) => (language === 'en' ? 'en-GB' : language);

/** `part` is one part of the tour, or `open` for the server that is open to its network; without it all are taken. */
export async function takeStaffPictures(stage, world, given, { language = 'en', part } = {}) {
  if (!part) await beginning(stage, given);
  if (!part || part === 'open') await opened(stage, given, language);
  if (part === 'open') return;
  const scene = new Scene(stage, world.server.address, given.size);
  const page = await scene.person({ theme: given.theme, locale: localeOf(language) });
  await signInAsStaff(page, world, null, 'admin');
  const house = await busyHouse(page, world);
  const camera = new Camera(page, { ...given, into: 'staff' });
  for (const one of part ? [part] : parts) await walkThrough(one, { page, house, world, language, stop: camera.whole });
  await scene.close();
}
