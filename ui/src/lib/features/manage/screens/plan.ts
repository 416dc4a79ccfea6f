/**
 * A look at a published seating plan before the server reads it: where its seats are and what its categories are called. It
 * only draws; whether the plan is right, aisles and all, is the server's to say.
 */
import type { ShowSeat, ShowSeats } from '$lib/platform';
import * as v from 'valibot';

const point = v.object({ x: v.number(), y: v.number() });
const schema = v.object({
  name: v.optional(v.string(), ''),
  size: v.object({ width: v.number(), height: v.number() }),
  categories: v.array(v.object({ name: v.string(), color: v.optional(v.string(), '') })),
  zones: v.array(
    v.object({
      name: v.optional(v.string(), ''),
      position: v.optional(point, { x: 0, y: 0 }),
      rows: v.array(
        v.object({
          position: v.optional(point, { x: 0, y: 0 }),
          row_number: v.optional(v.nullable(v.string()), ''),
          seats: v.array(
            v.object({
              seat_guid: v.string(),
              seat_number: v.optional(v.nullable(v.string()), ''),
              position: point,
              category: v.string(),
              radius: v.optional(v.number())
            })
          )
        })
      )
    })
  )
});

const RADIUS = 10;
const SEATS_MAX = 20_000;

export interface PlanPicture {
  name: string;
  categories: string[];
  map: ShowSeats;
}

/** The plan as it can be drawn, or null when the text is no plan at all. */
export function pictureOf(text: string, currency: string): PlanPicture | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  const read = v.safeParse(schema, value);
  if (!read.success) return null;
  const plan = read.output;
  const seats: ShowSeat[] = [];
  plan.zones.forEach((zone, area) => {
    for (const row of zone.rows) {
      for (const seat of row.seats) {
        seats.push({
          seat_id: seat.seat_guid,
          row: row.row_number ?? '',
          number: seat.seat_number ?? '',
          status: 'available',
          price: { amount_minor: 0, currency },
          category: seat.category,
          kind: /wheelchair/i.test(seat.category) ? 'wheelchair' : 'standard',
          area,
          x: zone.position.x + row.position.x + seat.position.x,
          y: zone.position.y + row.position.y + seat.position.y,
          radius: seat.radius ?? RADIUS
        });
      }
    }
  });
  if (seats.length === 0 || seats.length > SEATS_MAX) return null;
  return {
    name: plan.name,
    categories: plan.categories.map(({ name }) => name),
    map: {
      show_id: '',
      version: 0,
      seat_map: {
        name: plan.name,
        width: plan.size.width,
        height: plan.size.height,
        categories: plan.categories.map(({ name, color }) => ({ code: name, label: name, color })),
        areas: plan.zones.map(({ name }) => ({ name })),
        decorations: []
      },
      seats
    }
  };
}
