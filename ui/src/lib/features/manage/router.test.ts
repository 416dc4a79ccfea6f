import { expect, it } from 'vitest';
import { staffPaths } from './paths';
import { routeOf } from './router';

it('finds the page of every address that is linked to', () => {
  const [theater, thing] = ['t1', 'x/y'];
  const addresses: [string, string][] = [
    [staffPaths.home, ''],
    [staffPaths.newTheater, 'new'],
    [staffPaths.programme(theater, { from: '2030-05-04' }), ':theater'],
    [staffPaths.newShow(theater), ':theater/shows/new'],
    [staffPaths.week(theater), ':theater/shows/week'],
    [staffPaths.setUp(theater), ':theater/setup'],
    [staffPaths.payments(theater), ':theater/setup/payments'],
    [staffPaths.testBooking(theater), ':theater/setup/test'],
    [staffPaths.network(theater), ':theater/setup/network'],
    [staffPaths.show(theater, thing), ':theater/shows/:show'],
    [staffPaths.seats(theater, thing), ':theater/shows/:show/seats'],
    [staffPaths.cancelShow(theater, thing), ':theater/shows/:show/cancel'],
    [staffPaths.moveShow(theater, thing), ':theater/shows/:show/move'],
    [staffPaths.movies(theater), ':theater/movies'],
    [staffPaths.newMovie(theater), ':theater/movies/new'],
    [staffPaths.movie(theater, thing), ':theater/movies/:movie'],
    [staffPaths.prices(theater), ':theater/prices'],
    [staffPaths.screens(theater), ':theater/screens'],
    [staffPaths.newScreen(theater), ':theater/screens/new'],
    [staffPaths.screen(theater, thing), ':theater/screens/:screen'],
    [staffPaths.facts(theater), ':theater/facts'],
    [staffPaths.people(theater), ':theater/people'],
    [staffPaths.changes(theater), ':theater/changes'],
    [staffPaths.totals(theater, '2030-05-04'), ':theater/totals'],
    [staffPaths.bookings(theater, { q: 'a' }), ':theater/bookings'],
    [staffPaths.booking(theater, thing), ':theater/bookings/:booking'],
    [staffPaths.messages(theater), ':theater/messages'],
    [staffPaths.door(theater), 'door'],
    [staffPaths.counter(theater), 'counter']
  ];
  for (const [address, pattern] of addresses) {
    expect(routeOf(new URL(address, 'http://localhost').pathname)?.pattern).toBe(pattern);
  }
  expect(Object.keys(staffPaths)).toHaveLength(addresses.length);
  expect(routeOf(staffPaths.show(theater, thing))?.params).toEqual({ theater, show: thing });
});

it('has no page for others', () => {
  expect(routeOf('/manage/t1/nowhere')).toBeNull();
  expect(routeOf('/manage/t1/shows/s1/seats/more')).toBeNull();
});
