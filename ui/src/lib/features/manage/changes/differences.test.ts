import { expect, it } from 'vitest';
import { differences } from './differences';

it('says what a change changed, however deep', () => {
  const before = {
    name: 'A',
    tax: { label: 'VAT', basis_points: 700 },
    tiers: [{ minutes: 60 }],
    tags: ['a']
  };
  const after = {
    name: 'A',
    tax: { label: 'VAT', basis_points: 1900 },
    tiers: [{ minutes: 30 }],
    tags: ['a', 'b']
  };
  expect(differences(before, after)).toEqual([
    { place: 'tax › basis_points', before: '700', after: '1900' },
    { place: 'tiers › 0 › minutes', before: '60', after: '30' },
    { place: 'tags', before: 'a', after: 'a, b' }
  ]);
  expect(differences(null, { name: 'A' })).toEqual([{ place: 'name', before: null, after: 'A' }]);
  expect(differences({ name: 'A' }, null)).toEqual([{ place: 'name', before: 'A', after: null }]);
});
