import { describe, expect, it } from 'vitest';
import { aislesOf, hallOf, rowLabel, wrongIn } from './hall';
import { pictureOf } from './plan';

const hall = {
  rows: 5,
  seats_per_row: 8,
  aisles_after: [6, 2],
  wheelchair_places: 3,
  premium_rows: 2
};

describe('the picture of a hall', () => {
  // The same numbers as in the test of crates/import/src/hall.rs.
  it('is what the server makes', () => {
    const { seats, seat_map: map } = hallOf(hall, 'EUR', 'One');
    expect(seats).toHaveLength(40);
    expect(seats.slice(0, 8).map(({ kind }) => kind)).toEqual([
      'wheelchair',
      'companion',
      'wheelchair',
      'companion',
      'standard',
      'standard',
      'companion',
      'wheelchair'
    ]);
    expect(seats.filter(({ category }) => category === 'premium').map(({ row }) => row)).toEqual([
      ...Array<string>(8).fill('D'),
      ...Array<string>(8).fill('E')
    ]);
    // An aisle is as wide as two seats.
    const xs = seats.slice(1, 4).map(({ x }) => x - 70);
    expect(xs).toEqual([0, 60, 90]);
    expect(map.categories.map(({ code }) => code)).toEqual(['standard', 'premium']);
  });

  it('names rows beyond Z', () =>
    expect([0, 25, 26, 52].map(rowLabel)).toEqual(['A', 'Z', 'AA', 'BA']));

  it('says which numbers make no hall', () => {
    expect(wrongIn(hall)).toEqual([]);
    expect(wrongIn({ ...hall, rows: 0 })).toContain('rows');
    expect(wrongIn({ ...hall, rows: 100, seats_per_row: 201 })).toEqual(['rows', 'seats_per_row']);
    expect(wrongIn({ ...hall, aisles_after: aislesOf('2, x') })).toEqual(['aisles_after']);
    expect(wrongIn({ ...hall, aisles_after: [8] })).toEqual(['aisles_after']);
    expect(wrongIn({ ...hall, wheelchair_places: 5 })).toEqual(['wheelchair_places']);
    expect(wrongIn({ ...hall, premium_rows: Number.NaN })).toEqual(['premium_rows']);
  });
});

describe('a look at a seating plan', () => {
  const plan = {
    name: 'Main hall',
    size: { width: 100, height: 100 },
    categories: [{ name: 'Standard', color: '#fff' }],
    zones: [
      {
        name: 'Stalls',
        position: { x: 10, y: 20 },
        rows: [
          {
            row_number: 'A',
            seats: [
              { seat_guid: 'A-1', seat_number: '1', position: { x: 5, y: 0 }, category: 'Standard' }
            ]
          }
        ]
      }
    ]
  };

  it('puts seats where the zone and the row are', () => {
    const seen = pictureOf(JSON.stringify(plan), 'EUR');
    expect(seen?.map.seats[0]).toMatchObject({ seat_id: 'A-1', row: 'A', x: 15, y: 20 });
    expect(seen?.categories).toEqual(['Standard']);
  });

  it('is none of a file that is no plan', () => {
    for (const text of ['', '{', '[]', '{"zones":[]}', JSON.stringify({ ...plan, zones: [] })]) {
      expect(pictureOf(text, 'EUR')).toBeNull();
    }
  });
});
