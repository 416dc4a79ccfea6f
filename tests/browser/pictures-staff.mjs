/** The pictures of staff's pages: the same walk as the checks take, in three sizes and two themes. */
import { Api } from './lib/api.mjs';
import { busyHouse } from './lib/house.mjs';
import { Camera } from './lib/pictures.mjs';
import { Server } from './lib/server.mjs';
import { houseTonight, signInAsStaff } from './lib/staff.mjs';
import { Scene } from './lib/stage.mjs';
import { Tmdb } from './lib/tmdb.mjs';
import { say } from './lib/tools.mjs';
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

/** A server that is open to its network and asks for movies elsewhere. Both are said when it starts, so it is one of its own. */
async function openServer(stage, given, language) {
  const tmdb = await new Tmdb().start();
  const server = new Server({ demo: false, args: ['--lan', '--lan-port', '0', '--allow-test-payments'] });
  Object.assign(server.env, { MATINEE_RATE_LIMIT: 'on', MATINEE_TMDB_KEY: 'a key', MATINEE_TMDB_URL: tmdb.address });
  try {
    await server.start();
    const scene = new Scene(stage, server.address, given.size);
    const page = await scene.person({ theme: given.theme, locale: localeOf(language) });
    await signInAsStaff(page, { server, api: new Api(server) }, null, 'admin');
    const { theaterId } = await houseTonight(page);
    const camera = new Camera(page, { ...given, into: 'staff' });
    const words = (key) => say(key, {}, { whole: false, language });
    await page.goto(`/manage/${theaterId}/setup/network`);
    await page.getByText(words('setup_reach_lan')).waitFor();
    await camera.whole('network-open');
    await page.goto(`/manage/${theaterId}/movies/new`);
    const load = page.getByRole('button', { name: words('manage_tmdb_load') }).first();
    await page.locator('[name=tmdb_id]').fill('551');
    await load.click();
    await page.getByText(words('manage_tmdb_none')).waitFor();
    await camera.whole('movie-import-none');
    await page.locator('[name=tmdb_id]').fill('https://www.themoviedb.org/movie/550-fight-club');
    await load.click();
    await page.waitForURL(/\/movies\/(?!new)/);
    await page.getByRole('heading', { name: words('manage_tmdb_again') }).waitFor();
    await camera.whole('movie-imported');
    await scene.close();
  } finally {
    await server.end();
    tmdb.end();
  }
}

const localeOf = (language) => (language === 'en' ? 'en-GB' : language);

/** `part` is one part of the tour, or `open` for the server that is open to its network; without it all are taken. */
export async function takeStaffPictures(stage, world, given, { language = 'en', part } = {}) {
  if (!part) await beginning(stage, given);
  if (!part || part === 'open') await openServer(stage, given, language);
  if (part === 'open') return;
  const scene = new Scene(stage, world.server.address, given.size);
  const page = await scene.person({ theme: given.theme, locale: localeOf(language) });
  await signInAsStaff(page, world, null, 'admin');
  const house = await busyHouse(page, world);
  const camera = new Camera(page, { ...given, into: 'staff' });
  for (const one of part ? [part] : parts) await walkThrough(one, { page, house, world, language, stop: camera.whole });
  await scene.close();
}
