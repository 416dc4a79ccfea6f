import { expect, it } from 'vitest';
import { isBuying, paths, safeNext } from './paths';

it('follows only paths of this app after a sign-in', () => {
  expect(safeNext('/tickets?x=1')).toBe('/tickets?x=1');
  for (const trap of [null, '', '//evil.example', '/\\evil.example', 'https://evil.example', 'x']) {
    expect(safeNext(trap)).toBe('/');
  }
});

it('spells ids safely', () => {
  expect(paths.show('a/b')).toBe('/shows/a%2Fb');
  expect(paths.signIn('/shows/1?a=b')).toBe('/signin?next=%2Fshows%2F1%3Fa%3Db');
});

it('knows the pages with their own action bar', () => {
  expect([isBuying('/shows/[id]'), isBuying('/theaters/[id]'), isBuying(null)]).toEqual([
    true,
    false,
    false
  ]);
});
