/** Calls about days that are over or went wrong, in a browser. */
import type { DayCalls } from './days';
import { isPlatformError } from './error';
import { saveFile } from './host';
import type { Send } from './http';
import type { Attempt } from './platform';
import type {
  DayTotals,
  FoundBooking,
  ManagedBooking,
  ManagedMessage,
  ShowCancellation,
  ShowMove,
  ShowMovePlan,
  StaffRefundAnswer
} from './staff-types';
import type { Page } from './types';

const id = encodeURIComponent;

/** What is not there is null. */
async function orNull<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (isPlatformError(error) && error.status === 404) return null;
    throw error;
  }
}

export function dayCalls(send: Send): DayCalls {
  const get = async <T>(
    path: string,
    query: Record<string, string | number | undefined> = {}
  ): Promise<T> => (await send<T>({ method: 'GET', path, query })).value;
  const post = async <T>(
    path: string,
    body: unknown,
    attempt: Attempt | null = null
  ): Promise<T> => {
    const headers = attempt ? { 'Idempotency-Key': attempt.key } : {};
    return (await send<T>({ method: 'POST', path, body, headers })).value;
  };
  const theater = (theaterId: string) => `/manage/theaters/${id(theaterId)}`;
  const show = (showId: string) => `/manage/shows/${id(showId)}`;
  const booking = (bookingId: string) => `/manage/bookings/${id(bookingId)}`;

  return {
    dayTotals: (theaterId, date) => get<DayTotals>(`${theater(theaterId)}/days/${id(date)}`),
    async saveDayTotals(theaterId, date) {
      const path = `${theater(theaterId)}/days/${id(date)}`;
      const file = await send<Blob>({ method: 'GET', path, query: { format: 'csv' }, as: 'file' });
      saveFile(`${date}.csv`, 'text/csv', file.value);
    },
    findBookings: (theaterId, { query, show: showId, cursor }) =>
      get<Page<FoundBooking>>(`${theater(theaterId)}/bookings`, {
        query,
        show: showId,
        cursor,
        limit: 50
      }),
    managedBooking: (bookingId) => get<ManagedBooking>(booking(bookingId)),
    refundBooking: (bookingId, request, attempt) =>
      post<StaffRefundAnswer>(`${booking(bookingId)}/refund`, request, attempt),
    async resendTickets(bookingId, attempt) {
      await post(`${booking(bookingId)}/resend`, {}, attempt);
    },
    messages: (theaterId, state, cursor) =>
      get<Page<ManagedMessage>>(`${theater(theaterId)}/messages`, { state, cursor, limit: 50 }),
    resendMessage: (bookingId, messageId) =>
      post<ManagedMessage>(`${booking(bookingId)}/messages/${id(messageId)}/resend`, {}),
    cancelShow: (showId, reason, message) =>
      post<ShowCancellation>(`${show(showId)}/cancel`, { reason, ...(message ? { message } : {}) }),
    showCancellation: (showId) => orNull(get<ShowCancellation>(`${show(showId)}/cancellation`)),
    async moveShow(showId, request, version, attempt) {
      const headers = { 'If-Match': version ?? '*', 'Idempotency-Key': attempt.key };
      const path = `${show(showId)}/move`;
      return (await send<ShowMovePlan>({ method: 'POST', path, body: request, headers })).value;
    },
    showMove: (showId) => get<ShowMove>(`${show(showId)}/move`)
  };
}
