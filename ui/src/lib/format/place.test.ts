import { expect, it } from 'vitest';
import { addressLine } from './place';

const at = (address: string, city: string) =>
  addressLine({ address, city, country: 'FI', latitude: 0, longitude: 0 });

it('says the city once', () => {
  expect(at('Sofiankatu 4', 'Helsinki')).toBe('Sofiankatu 4, Helsinki');
  expect(at('Helsinki', 'Helsinki')).toBe('Helsinki');
  expect(at(' helsinki ', 'Helsinki')).toBe('Helsinki');
  expect(at('', 'Helsinki')).toBe('Helsinki');
  expect(at('5 Chameli Marg, Mumbai', 'Mumbai')).toBe('5 Chameli Marg, Mumbai');
});
