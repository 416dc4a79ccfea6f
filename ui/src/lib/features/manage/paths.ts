/** Addresses of staff's pages, apart from everybody's. */
const id = encodeURIComponent;

function query(given: Record<string, string | undefined>): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(given)) if (value) params.set(name, value);
  const text = params.toString();
  return text === '' ? '' : `?${text}`;
}

const of = (theaterId: string) => `/manage/${id(theaterId)}`;

export const staffPaths = {
  home: '/manage',
  newTheater: '/manage/new',
  programme: (theaterId: string, given: { from?: string; day?: string } = {}) =>
    of(theaterId) + query(given),
  newShow: (theaterId: string, given: { day?: string; screen?: string; like?: string } = {}) =>
    `${of(theaterId)}/shows/new${query(given)}`,
  week: (theaterId: string) => `${of(theaterId)}/shows/week`,
  setUp: (theaterId: string) => `${of(theaterId)}/setup`,
  payments: (theaterId: string) => `${of(theaterId)}/setup/payments`,
  testBooking: (theaterId: string) => `${of(theaterId)}/setup/test`,
  network: (theaterId: string) => `${of(theaterId)}/setup/network`,
  show: (theaterId: string, showId: string) => `${of(theaterId)}/shows/${id(showId)}`,
  seats: (theaterId: string, showId: string) => `${of(theaterId)}/shows/${id(showId)}/seats`,
  movies: (theaterId: string) => `${of(theaterId)}/movies`,
  newMovie: (theaterId: string) => `${of(theaterId)}/movies/new`,
  movie: (theaterId: string, movieId: string) => `${of(theaterId)}/movies/${id(movieId)}`,
  prices: (theaterId: string) => `${of(theaterId)}/prices`,
  screens: (theaterId: string) => `${of(theaterId)}/screens`,
  newScreen: (theaterId: string) => `${of(theaterId)}/screens/new`,
  screen: (theaterId: string, screenId: string) => `${of(theaterId)}/screens/${id(screenId)}`,
  facts: (theaterId: string) => `${of(theaterId)}/facts`,
  people: (theaterId: string) => `${of(theaterId)}/people`,
  changes: (theaterId: string) => `${of(theaterId)}/changes`,
  moveShow: (theaterId: string, showId: string) => `${of(theaterId)}/shows/${id(showId)}/move`,
  cancelShow: (theaterId: string, showId: string) => `${of(theaterId)}/shows/${id(showId)}/cancel`,
  totals: (theaterId: string, day?: string) =>
    `${of(theaterId)}/totals${query({ day: day ?? '' })}`,
  bookings: (theaterId: string, given: { q?: string; show?: string } = {}) =>
    `${of(theaterId)}/bookings${query(given)}`,
  booking: (theaterId: string, bookingId: string) => `${of(theaterId)}/bookings/${id(bookingId)}`,
  messages: (theaterId: string) => `${of(theaterId)}/messages`,
  door: (theaterId?: string) => `/manage/door${query({ theater: theaterId ?? '' })}`,
  counter: (theaterId?: string) => `/manage/counter${query({ theater: theaterId ?? '' })}`
} as const;
