/**
 * The app's own page and files, kept so that the app opens with no network. A build is kept whole or not at all, under a
 * name made from its content, so a kept page never lacks a file it names. Left out: answers of the server, which the
 * app asks for itself and is told that it cannot have.
 */
import { isImmutable } from './routing';

/** What one build is made of. */
export interface ShellBuild {
  /** Another content, another name. */
  digest: string;
  /** The script that the page starts the app with. */
  boot: string;
  /** Paths of everything to keep beside the page. */
  files: readonly string[];
}

const PREFIX = 'matinee-shell-';
const PAGE = '/';
/** How long a page may take from the network when there is a kept one. */
const PATIENCE_MS = 3000;
/** A proxy's own words: the server behind it was not reached. */
const NOT_REACHED = [502, 503, 504];

export class ShellCache {
  readonly #build: ShellBuild;
  readonly #caches: CacheStorage;
  readonly #fetch: typeof globalThis.fetch;
  readonly #name: string;

  constructor(build: ShellBuild, caches: CacheStorage, fetch: typeof globalThis.fetch) {
    this.#build = build;
    this.#caches = caches;
    this.#fetch = fetch;
    this.#name = PREFIX + build.digest;
  }

  /** Keeps this build. Fails, and keeps nothing, when the server has another one by now; the browser tries again later. */
  async fill(): Promise<void> {
    const cache = await this.#caches.open(this.#name);
    try {
      const page = await this.#whole(PAGE);
      const text = await page.clone().text();
      if (!text.includes(this.#build.boot)) throw new Error('the page is of another build');
      const files = [this.#build.boot, ...this.#build.files];
      await Promise.all(files.map(async (path) => cache.put(path, await this.#whole(path))));
      await cache.put(PAGE, page);
    } catch (error) {
      await this.#caches.delete(this.#name);
      throw error;
    }
  }

  /** Removes other builds; with `inUse` all but the last one, since open windows may still want files of it. */
  async tidy(inUse: boolean): Promise<void> {
    const others = (await this.#caches.keys()).filter(
      (name) => name.startsWith(PREFIX) && name !== this.#name
    );
    const old = inUse ? others.slice(0, -1) : others;
    await Promise.all(old.map((name) => this.#caches.delete(name)));
  }

  /** The network's page, or the kept one when that does not come, not in time, or not from the server. */
  async page(answer: Promise<Response>): Promise<Response> {
    const kept = await this.#own(PAGE);
    if (!kept) return answer;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<Response>((done) => {
      timer = setTimeout(() => done(kept), PATIENCE_MS);
    });
    const heard = answer.then(
      (response) => (NOT_REACHED.includes(response.status) ? kept : response),
      () => kept
    );
    return Promise.race([heard, late]).finally(() => clearTimeout(timer));
  }

  /** A kept file, or the network's. What never changes and was not kept (a script's other alphabets) is kept from now on. */
  async file(request: Request): Promise<Response> {
    const path = new URL(request.url).pathname;
    const fixed = isImmutable(path);
    const kept = fixed
      ? await this.#caches.match(path, { ignoreVary: true })
      : await this.#own(path);
    if (kept) return kept;
    const response = await this.#fetch(request);
    if (fixed && response.ok) {
      const copy = response.clone();
      // No room is no reason to go without.
      await this.#caches
        .open(this.#name)
        .then((cache) => cache.put(path, copy))
        .catch(() => undefined);
    }
    return response;
  }

  async #own(path: string): Promise<Response | undefined> {
    const cache = await this.#caches.open(this.#name);
    return cache.match(path, { ignoreVary: true });
  }

  async #whole(path: string): Promise<Response> {
    const cache = isImmutable(path) ? 'default' : 'no-cache';
    const response = await this.#fetch(path, { cache });
    // A redirected answer cannot stand in for a page.
    if (!response.ok || response.redirected) throw new Error(`${path}: ${response.status}`);
    return response;
  }
}
