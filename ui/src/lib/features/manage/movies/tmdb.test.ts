import { describe, expect, it } from 'vitest';
import { numberOf, wishIn } from './tmdb';

describe('a movie at The Movie Database', () => {
  it('is named by the address of its page', () => {
    for (const text of [
      'https://www.themoviedb.org/movie/550',
      'https://www.themoviedb.org/movie/550-fight-club?language=de-DE',
      ' themoviedb.org/movie/550-fight-club/cast '
    ]) {
      expect([text, wishIn(text)]).toEqual([text, { kind: 'movie', number: 550 }]);
    }
  });

  it('is looked for by its title, which may be a number', () => {
    const title = (text: string) => wishIn(text);
    expect(title('  Fight   Club ')).toEqual({ kind: 'title', words: 'Fight Club', number: null });
    expect(title('1917')).toEqual({ kind: 'title', words: '1917', number: 1917 });
    expect(title('99999999999')).toEqual({ kind: 'title', words: '99999999999', number: null });
    expect(title('0')).toEqual({ kind: 'title', words: '0', number: null });
  });

  it('is not made up', () => {
    for (const text of [
      '',
      '  ',
      'https://example.org/movie/550',
      'https://www.themoviedb.org/movie/99999999999',
      'x'.repeat(101)
    ]) {
      expect([text, wishIn(text)]).toEqual([text, null]);
    }
  });

  it('is known of a movie that was imported', () => {
    expect(numberOf('taaa:tmdb-550')).toBe(550);
    expect(numberOf('taaa:m550')).toBeNull();
  });
});
