import { describe, expect, it } from 'vitest';
import { numberIn, numberOf } from './tmdb';

describe('a number at The Movie Database', () => {
  it('is read as it is typed and out of addresses', () => {
    for (const text of [
      '550',
      ' 550 ',
      'https://www.themoviedb.org/movie/550',
      'https://www.themoviedb.org/movie/550-fight-club?language=de-DE',
      'themoviedb.org/movie/550-fight-club/cast'
    ]) {
      expect([text, numberIn(text)]).toEqual([text, 550]);
    }
  });

  it('is not made up', () => {
    for (const text of [
      '',
      '0',
      '-5',
      '5.5',
      'Fight Club',
      '99999999999',
      'https://example.org/movie/550'
    ]) {
      expect([text, numberIn(text)]).toEqual([text, null]);
    }
  });

  it('is known of a movie that was imported', () => {
    expect(numberOf('taaa:tmdb-550')).toBe(550);
    expect(numberOf('taaa:m550')).toBeNull();
  });
});
