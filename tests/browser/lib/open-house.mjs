/**
 * A server that is open to its network and asks for movies elsewhere. Both are said when it starts, so it is one of its own. A walk
 * through the pages that only such a server has; at every stop `stop(page, name)` takes a picture or checks.
 */
import { Api } from './api.mjs';
import { Server } from './server.mjs';
import { houseTonight, signInAsStaff } from './staff.mjs';
import { Scene } from './stage.mjs';
import { Tmdb } from './tmdb.mjs';
import { say } from './tools.mjs';

/** `person` says who comes: size, theme, locale. What the browser says and nobody expected is an error. */
export async function openHouse(stage, { size, person, language = 'en' }, stop) {
  const tmdb = await new Tmdb().start();
  const server = new Server({ demo: false, args: ['--lan', '--lan-port', '0', '--allow-test-payments'] });
  Object.assign(server.env, { MATINEE_RATE_LIMIT: 'on', MATINEE_TMDB_KEY: 'a key', MATINEE_TMDB_URL: tmdb.address });
  let scene;
  try {
    await server.start();
    scene = new Scene(stage, server.address, size);
    // A movie that is not there, which is one of the stops.
    scene.expect(/status of 404/);
    const page = await scene.person(person);
    await signInAsStaff(page, { server, api: new Api(server) }, null, 'admin');
    const { theaterId } = await houseTonight(page);
    await walk(page, theaterId, language, (name) => stop(page, name));
    const trouble = scene.unexpected();
    if (trouble.length > 0) throw new Error(`the console said:\n  ${trouble.join('\n  ')}`);
  } finally {
    await scene?.close();
    await server.end();
    tmdb.end();
  }
}

async function walk(page, theaterId, language, stop) {
  const words = (key, given) => say(key, given, { whole: false, language });
  await page.goto(`/manage/${theaterId}/setup/network`);
  await page.getByText(words('setup_reach_lan')).waitFor();
  await stop('network-open');

  await page.goto(`/manage/${theaterId}/movies/new`);
  const wish = async (text) => {
    await page.locator('[name=tmdb_id]').fill(text);
    await page.getByRole('button', { name: words('manage_tmdb_find') }).click();
  };
  await wish('Nothing anybody filmed');
  await page.getByText(words('manage_tmdb_found_none')).waitFor();
  await stop('movie-search-none');
  await wish('RRRrrrr');
  const found = page.getByRole('list', { name: words('manage_tmdb_found') });
  await found.getByText('RRRrrrr!!! (2004)').waitFor();
  await stop('movie-search');
  await wish('https://www.themoviedb.org/movie/551');
  await page.getByText(words('manage_tmdb_none')).waitFor();
  await stop('movie-import-none');
  await wish('https://www.themoviedb.org/movie/550-fight-club');
  await page.waitForURL(/\/movies\/(?!new)/);
  await page.getByRole('heading', { name: words('manage_tmdb_again') }).waitFor();
  await stop('movie-imported');
}
