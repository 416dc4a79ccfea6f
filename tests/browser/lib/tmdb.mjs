/** The Movie Database, as far as its recorded answers go (`tests/tmdb/`): one movie, and the refusal of any other. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { root } from './tools.mjs';

const recorded = (name) => JSON.parse(readFileSync(join(root, 'tests/tmdb', `${name}.json`), 'utf8'));

export class Tmdb {
  #server = createServer((request, answer) => {
    const known = new URL(request.url, 'http://localhost').pathname.endsWith('/movie/550');
    answer.writeHead(known ? 200 : 404, { 'content-type': 'application/json' });
    answer.end(JSON.stringify(known ? this.#movie : recorded('resource-not-found')));
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
