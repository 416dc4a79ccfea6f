import { describe, expect, it } from 'vitest';
import { hashOf, posterField, titleSize } from './poster';

/** OKLCH → relative luminance, by Ottosson's matrices; colours outside sRGB are clipped as a browser does. */
function luminance(color: string): number {
  const [l = 0, c = 0, hue = 0] = (/oklch\((.+) (.+) (.+)\)/.exec(color) ?? [])
    .slice(1)
    .map(Number);
  const a = c * Math.cos((hue * Math.PI) / 180);
  const b = c * Math.sin((hue * Math.PI) / 180);
  const cone = (x: number) => x ** 3;
  const L = cone(l + 0.3963377774 * a + 0.2158037573 * b);
  const M = cone(l - 0.1055613458 * a - 0.0638541728 * b);
  const S = cone(l - 0.0894841775 * a - 1.291485548 * b);
  const clip = (x: number) => Math.min(1, Math.max(0, x));
  const red = clip(4.0767416621 * L - 3.3077115913 * M + 0.2309699292 * S);
  const green = clip(-1.2684380046 * L + 2.6097574011 * M - 0.3413193965 * S);
  const blue = clip(-0.0041960863 * L - 0.7034186147 * M + 1.707614701 * S);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

describe('posterField', () => {
  it('gives one title one poster', () => {
    expect(posterField('Metropolis')).toEqual(posterField('Metropolis'));
    expect(posterField('Metropolis')).not.toEqual(posterField('Metropolis 2'));
  });

  it('does not care how an accent is encoded', () => {
    expect(hashOf('Amélie')).toBe(hashOf('Ame\u0301lie'));
  });

  it('keeps white type readable at every hue', () => {
    for (let index = 0; index < 2000; index += 1) {
      const { from, to } = posterField(`Title ${index}`);
      for (const color of [from, to]) {
        expect(1.05 / (luminance(color) + 0.05)).toBeGreaterThan(4.5);
      }
    }
  });

  it('spreads over the colours', () => {
    const hues = Array.from({ length: 200 }, (_, index) => posterField(`Film ${index}`).hue);
    const sectors = new Set(hues.map((hue) => Math.floor(hue / 30)));
    expect(sectors.size).toBe(12);
  });
});

describe('titleSize', () => {
  it('shrinks for long words and long titles, within bounds', () => {
    const long = 'Dr. Strangelove or: How I Learned to Stop Worrying and Love the Bomb';
    expect(titleSize('Up')).toBe(16);
    expect(titleSize('Metropolis')).toBeLessThan(titleSize('Up'));
    expect(titleSize(long)).toBeLessThan(titleSize('Metropolis'));
    expect(titleSize('x'.repeat(300))).toBe(6);
    expect(titleSize('')).toBe(16);
  });
});
