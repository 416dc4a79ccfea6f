/** The box office's calls in a browser. */
import type { CounterCalls } from './counter';
import type { Send } from './http';
import type { Attempt } from './platform';
import type { CounterShow, SellAnswer, Shift } from './staff-types';
import type { Page } from './types';

const id = encodeURIComponent;

export function counterCalls(send: Send): CounterCalls {
  const post = async <T>(path: string, body: unknown, attempt: Attempt): Promise<T> => {
    const headers = { 'Idempotency-Key': attempt.key };
    return (await send<T>({ method: 'POST', path, body, headers })).value;
  };
  const shifts = (theaterId: string) => `/manage/theaters/${id(theaterId)}/shifts`;

  return {
    counterShow: async (showId) =>
      (await send<CounterShow>({ method: 'GET', path: `/manage/shows/${id(showId)}/counter` }))
        .value,
    sell: (showId, request, attempt) =>
      post<SellAnswer>(`/manage/shows/${id(showId)}/sell`, request, attempt),
    async ticketsToPrint(bookingId) {
      const path = `/manage/bookings/${id(bookingId)}/print`;
      return (await send<Blob>({ method: 'GET', path, query: { format: 'pdf' }, as: 'file' }))
        .value;
    },
    async shifts(theaterId, open) {
      const query = { limit: 20, ...(open ? { open: 'true' } : {}) };
      return (await send<Page<Shift>>({ method: 'GET', path: shifts(theaterId), query })).value
        .items;
    },
    openShift: (theaterId, window, floatMinor, attempt) =>
      post<Shift>(shifts(theaterId), { window, float_minor: floatMinor }, attempt),
    shift: async (theaterId, shiftId) =>
      (await send<Shift>({ method: 'GET', path: `${shifts(theaterId)}/${id(shiftId)}` })).value,
    async payOut(theaterId, shiftId, refundId) {
      const path = `${shifts(theaterId)}/${id(shiftId)}/payouts`;
      return (await send<Shift>({ method: 'POST', path, body: { refund_id: refundId } })).value;
    },
    closeShift: (theaterId, shiftId, countedMinor, attempt) =>
      post<Shift>(
        `${shifts(theaterId)}/${id(shiftId)}/close`,
        { counted_minor: countedMinor },
        attempt
      )
  };
}
