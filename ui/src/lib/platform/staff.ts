/**
 * What staff can ask for, beside what everybody can. Its own interface and file, fetched with the first page of theirs, so
 * that moviegoers carry none of it. Rules are the Platform's; a change that relies on what was read takes its version.
 */
import type { Attempt } from './platform';
import type {
  AuditEntry,
  FoundMovies,
  GatewayHere,
  ManagedMovie,
  ManagedScreen,
  ManagedShow,
  ManagedTheater,
  MovieImportRequest,
  MovieSpec,
  MyTheater,
  NetworkHere,
  Page,
  PricesSpec,
  ScreenSpec,
  ShowObstacle,
  ShowSeats,
  ShowSpec,
  StaffMember,
  StaffRole,
  TheaterSpec
} from './types';

/** Something with the version a change of it names; null overwrites whatever is there. */
export interface Versioned<T> {
  value: T;
  version: string | null;
}

export interface StaffCalls {
  /** Where the person works, with what they may do there. Empty for customers, and in a session without a second factor. */
  theaters(): Promise<MyTheater[]>;
  /** Whether the person runs the server, in a session that showed a second factor. */
  administrator(): Promise<boolean>;
  theater(theaterId: string): Promise<Versioned<ManagedTheater>>;
  createTheater(spec: TheaterSpec, attempt: Attempt): Promise<ManagedTheater>;
  changeTheater(
    theaterId: string,
    spec: TheaterSpec,
    version: string | null
  ): Promise<Versioned<ManagedTheater>>;
  changePrices(
    theaterId: string,
    spec: PricesSpec,
    version: string | null
  ): Promise<Versioned<ManagedTheater>>;

  people(theaterId: string): Promise<StaffMember[]>;
  giveRole(theaterId: string, email: string, role: StaffRole): Promise<StaffMember[]>;
  takeRole(theaterId: string, userId: string): Promise<void>;
  audit(theaterId: string, cursor?: string): Promise<Page<AuditEntry>>;

  createScreen(theaterId: string, spec: ScreenSpec, attempt: Attempt): Promise<ManagedScreen>;
  /** The version is the theater's. */
  changeScreen(
    theaterId: string,
    screenId: string,
    spec: ScreenSpec,
    version: string | null
  ): Promise<ManagedScreen>;
  deleteScreen(theaterId: string, screenId: string): Promise<void>;

  createMovie(theaterId: string, spec: MovieSpec, attempt: Attempt): Promise<ManagedMovie>;
  /** Movies at The Movie Database by their title. */
  findMovies(theaterId: string, words: string, language: string): Promise<FoundMovies>;
  /** Takes a movie's facts from The Movie Database: makes it, or brings it up to date. */
  importMovie(
    theaterId: string,
    request: MovieImportRequest,
    attempt: Attempt
  ): Promise<ManagedMovie>;
  movie(theaterId: string, movieId: string): Promise<Versioned<ManagedMovie>>;
  changeMovie(
    theaterId: string,
    movieId: string,
    spec: MovieSpec,
    version: string | null
  ): Promise<Versioned<ManagedMovie>>;

  /** Shows that begin in [from, until), also those not on sale. */
  shows(theaterId: string, from: string, until: string): Promise<ManagedShow[]>;
  createShow(theaterId: string, spec: ShowSpec, attempt: Attempt): Promise<ManagedShow>;
  /** What stands in the way of these shows; nothing is made by asking. */
  showObstacles(theaterId: string, specs: ShowSpec[]): Promise<ShowObstacle[]>;
  /** All of them or none. */
  createShows(theaterId: string, specs: ShowSpec[], attempt: Attempt): Promise<ManagedShow[]>;
  show(showId: string): Promise<Versioned<ManagedShow>>;
  changeShow(
    showId: string,
    spec: ShowSpec,
    version: string | null
  ): Promise<Versioned<ManagedShow>>;
  deleteShow(showId: string): Promise<void>;
  publishShow(showId: string): Promise<ManagedShow>;
  withdrawShow(showId: string): Promise<ManagedShow>;

  /** Who can take the theater's payments, and how that goes. */
  gateways(theaterId: string): Promise<GatewayHere[]>;
  /** Where the theater's server can be reached. */
  network(theaterId: string): Promise<NetworkHere>;

  /** Who has what, also of a show that is not on sale yet. */
  showSeats(showId: string): Promise<ShowSeats>;
  /** All of them or none. */
  blockSeats(showId: string, seatIds: string[], reason: string, attempt: Attempt): Promise<void>;
  unblockSeats(showId: string, seatIds: string[], attempt: Attempt): Promise<void>;
}
