/** The Movie Database, as far as its recorded answers go (`tests/tmdb/`): one movie and the refusal of any other, one title and
 *  nothing for any other. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { root } from './tools.mjs';

const recorded = (name) => JSON.parse(readFileSync(join(root, 'tests/tmdb', `${name}.json`), 'utf8'));

function titles(words) {
  const found = recorded('search-movie');
  return words === 'RRRrrrr' ? found : { ...found, results: [], total_results: 0 };
}

export class Tmdb {
  #server = createServer((request, answer) => {
    const { pathname, searchParams } = new URL(request.url, 'http://localhost');
    const said = pathname.endsWith('/search/movie') ? titles(searchParams.get('query')) : pathname.endsWith('/movie/550') && this.#movie;
    answer.writeHead(said ? 200 : 404, { 'content-type': 'application/json' });
    answer.end(JSON.stringify(said || recorded('resource-not-found')));
  });
  #movie = {
    ...recorded('movie-details'),
    credits: recorded('movie-credits'),
    release_dates: recorded('movie-release-dates'),
    images: recorded('movie-images')
  };

  async start() {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    this.address = `http://127.0.0.1:${this.#server.address().port}`;
    return this;
  }

  end() {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
