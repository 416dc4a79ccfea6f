/** Staff's calls in a browser: the HTTP contract below `/manage`, call by call. */
import { dayCalls } from './browser-days';
import type { DayCalls } from './days';
import type { SessionInfo } from './generated/api';
import type { Answer, Call, Send } from './http';
import type { Attempt } from './platform';
import type { StaffCalls, Versioned } from './staff';
import type {
  FoundMovies,
  GatewayHere,
  ManagedShow,
  MyTheater,
  NetworkHere,
  Page,
  ShowBatchAnswer,
  ShowSeats,
  StaffMember
} from './types';

const id = encodeURIComponent;
const PAGE = 100;
/** A week of the largest house has fewer shows than this many pages. */
const MOST_PAGES = 20;

/** The version in an ETag: what follows a tilde names the encoding it came in, and no change cares about that. */
export function versionOf(etag: string | null): string | null {
  return etag?.replace(/^W\//, '').replace(/~[^"]*"$/, '"') ?? null;
}

function versioned<T>(answer: Answer<T>): Versioned<T> {
  return { value: answer.value, version: versionOf(answer.etag) };
}

export function staffCalls(send: Send): StaffCalls & DayCalls {
  const get = async <T>(path: string, query?: Call['query']): Promise<Versioned<T>> =>
    versioned(await send<T>({ method: 'GET', path, ...(query ? { query } : {}) }));
  const make = async <T>(path: string, body: unknown, attempt: Attempt): Promise<T> => {
    const headers = { 'Idempotency-Key': attempt.key };
    return (await send<T>({ method: 'POST', path, body, headers })).value;
  };
  const change = async <T>(
    path: string,
    body: unknown,
    version: string | null
  ): Promise<Versioned<T>> => {
    const headers = { 'If-Match': version ?? '*' };
    return versioned(await send<T>({ method: 'PUT', path, body, headers }));
  };
  const remove = async (path: string): Promise<void> => {
    await send({ method: 'DELETE', path });
  };

  return {
    ...dayCalls(send),
    theaters: async () => (await get<Page<MyTheater>>('/manage/theaters')).value.items,
    administrator: async () =>
      (await get<SessionInfo>('/auth/session')).value.user?.administrator === true,
    theater: (theaterId) => get(`/manage/theaters/${id(theaterId)}`),
    createTheater: (spec, attempt) => make('/manage/theaters', spec, attempt),
    changeTheater: (theaterId, spec, version) =>
      change(`/manage/theaters/${id(theaterId)}`, spec, version),
    changePrices: (theaterId, spec, version) =>
      change(`/manage/theaters/${id(theaterId)}/prices`, spec, version),

    async people(theaterId) {
      return (await get<Page<StaffMember>>(`/manage/theaters/${id(theaterId)}/staff`)).value.items;
    },
    async giveRole(theaterId, email, role) {
      const path = `/manage/theaters/${id(theaterId)}/staff`;
      const body = { email, role };
      return (await send<Page<StaffMember>>({ method: 'PUT', path, body })).value.items;
    },
    takeRole: (theaterId, userId) =>
      remove(`/manage/theaters/${id(theaterId)}/staff/${id(userId)}`),
    async audit(theaterId, cursor) {
      const path = `/manage/theaters/${id(theaterId)}/audit`;
      return (
        await send<Awaited<ReturnType<StaffCalls['audit']>>>({
          method: 'GET',
          path,
          query: { cursor, limit: 50 }
        })
      ).value;
    },

    createScreen: (theaterId, spec, attempt) =>
      make(`/manage/theaters/${id(theaterId)}/screens`, spec, attempt),
    async changeScreen(theaterId, screenId, spec, version) {
      const path = `/manage/theaters/${id(theaterId)}/screens/${id(screenId)}`;
      return (await change<Awaited<ReturnType<StaffCalls['changeScreen']>>>(path, spec, version))
        .value;
    },
    deleteScreen: (theaterId, screenId) =>
      remove(`/manage/theaters/${id(theaterId)}/screens/${id(screenId)}`),

    createMovie: (theaterId, spec, attempt) =>
      make(`/manage/theaters/${id(theaterId)}/movies`, spec, attempt),
    findMovies: async (theaterId, words, language) => {
      const path = `/manage/theaters/${id(theaterId)}/movies/search`;
      return (await get<FoundMovies>(path, { q: words, language })).value;
    },
    importMovie: (theaterId, request, attempt) =>
      make(`/manage/theaters/${id(theaterId)}/movies/import`, request, attempt),
    movie: (theaterId, movieId) => get(`/manage/theaters/${id(theaterId)}/movies/${id(movieId)}`),
    changeMovie: (theaterId, movieId, spec, version) =>
      change(`/manage/theaters/${id(theaterId)}/movies/${id(movieId)}`, spec, version),

    async shows(theaterId, from, until) {
      const path = `/manage/theaters/${id(theaterId)}/shows`;
      const end = Date.parse(until);
      const found: ManagedShow[] = [];
      let cursor: string | null | undefined;
      for (let page = 0; page < MOST_PAGES; page += 1) {
        const query = { from, limit: PAGE, cursor: cursor ?? undefined };
        const { value } = await send<Page<ManagedShow>>({ method: 'GET', path, query });
        const within = value.items.filter((show) => Date.parse(show.start_time) < end);
        found.push(...within);
        cursor = value.next_cursor;
        if (cursor === null || within.length < value.items.length) break;
      }
      return found;
    },
    createShow: (theaterId, spec, attempt) =>
      make(`/manage/theaters/${id(theaterId)}/shows`, spec, attempt),
    async showObstacles(theaterId, shows) {
      const path = `/manage/theaters/${id(theaterId)}/shows/batch`;
      const body = { shows, dry_run: true };
      return (await send<ShowBatchAnswer>({ method: 'POST', path, body })).value.obstacles;
    },
    async createShows(theaterId, shows, attempt) {
      const path = `/manage/theaters/${id(theaterId)}/shows/batch`;
      return (await make<ShowBatchAnswer>(path, { shows }, attempt)).shows;
    },
    show: (showId) => get(`/manage/shows/${id(showId)}`),
    changeShow: (showId, spec, version) => change(`/manage/shows/${id(showId)}`, spec, version),
    deleteShow: (showId) => remove(`/manage/shows/${id(showId)}`),
    async publishShow(showId) {
      const path = `/manage/shows/${id(showId)}/published`;
      return (await send<ManagedShow>({ method: 'PUT', path, body: {} })).value;
    },
    async withdrawShow(showId) {
      const path = `/manage/shows/${id(showId)}/published`;
      return (await send<ManagedShow>({ method: 'DELETE', path })).value;
    },

    async gateways(theaterId) {
      const path = `/manage/theaters/${id(theaterId)}/gateways`;
      return (await get<Page<GatewayHere>>(path)).value.items;
    },
    async network(theaterId) {
      return (await get<NetworkHere>(`/manage/theaters/${id(theaterId)}/network`)).value;
    },

    async showSeats(showId) {
      const path = `/manage/shows/${id(showId)}/seats`;
      return (await send<ShowSeats>({ method: 'GET', path })).value;
    },
    async blockSeats(showId, seatIds, reason, attempt) {
      const path = `/manage/shows/${id(showId)}/seats/block`;
      await make(path, { seat_ids: seatIds, reason }, attempt);
    },
    async unblockSeats(showId, seatIds, attempt) {
      await make(`/manage/shows/${id(showId)}/seats/unblock`, { seat_ids: seatIds }, attempt);
    }
  };
}
