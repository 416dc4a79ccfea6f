import { describe, expect, it, vi } from 'vitest';
import type { ShowSeat, ShowSeats } from '$lib/platform';
import { aSeat } from '../../../test/bookings';
import { ChangeBatch } from './batch';
import { SeatBoard } from './board.svelte';
import { drawHall, SeatDrawing } from './draw';
import { SeatNames } from './naming';
import { groupRows, SeatWalk } from './rows';
import {
  centredOn,
  clampView,
  extentOf,
  fitScale,
  openingScale,
  revealing,
  targetScale,
  transformBetween,
  zoomAt
} from './view';

function hall(seats: ShowSeat[]): ShowSeats {
  return {
    show_id: 's1',
    version: 5,
    seat_map: {
      name: 'Hall',
      width: 400,
      height: 300,
      categories: [{ code: 'premium', label: 'Premium', color: '#fff' }],
      areas: [{ name: '' }],
      decorations: []
    },
    seats
  };
}
const rowsOf = (...rows: [string, number][]) =>
  rows.flatMap(([row, count]) => Array.from({ length: count }, (_, at) => aSeat(row, at + 1)));

describe('walking by keyboard', () => {
  const seats = rowsOf(['A', 4], ['B', 6], ['C', 5], ['D', 5], ['E', 5], ['F', 5], ['G', 5]);
  const rows = groupRows(seats);
  const walk = new SeatWalk(seats, rows);
  const at = (id: string) => seats.findIndex((seat) => seat.seat_id === id);
  const goes = (from: string, key: string, ctrl = false) =>
    seats[walk.next(at(from), key, ctrl) ?? -1]?.seat_id;

  it('groups seats into rows', () => {
    expect(rows.map(({ row, seats: list }) => [row, list.length])).toContainEqual(['B', 6]);
    expect(groupRows([aSeat('A', 1), aSeat('A', 2, { area: 1 })])).toHaveLength(2);
  });

  it('moves in a row and stops at its ends', () => {
    expect(goes('A-2', 'ArrowRight')).toBe('A-3');
    expect(goes('A-1', 'ArrowLeft')).toBe('A-1');
    expect(goes('B-2', 'Home')).toBe('B-1');
    expect(goes('B-2', 'End')).toBe('B-6');
  });

  it('moves to the nearest seat of another row', () => {
    expect(goes('B-6', 'ArrowUp')).toBe('A-4');
    expect(goes('A-3', 'ArrowDown')).toBe('B-3');
    expect(goes('A-3', 'PageDown')).toBe('F-3');
    expect(goes('C-3', 'PageUp')).toBe('A-3');
  });

  it('reaches the first and last seat of the hall', () => {
    expect(goes('C-3', 'Home', true)).toBe('A-1');
    expect(goes('C-3', 'End', true)).toBe('G-5');
    expect(walk.next(0, 'x')).toBeNull();
  });
});

describe('geometry', () => {
  const seats = rowsOf(['A', 10], ['B', 10]);
  const extent = extentOf(seats, { width: 400, height: 300 });
  const port = { width: 390, height: 600 };

  it('makes the smallest seat 24 pixels at the opening scale', () => {
    expect(targetScale(seats) * 2 * 12).toBe(24);
    expect(fitScale({ x: 0, y: 0, width: 780, height: 100 }, port)).toBe(0.5);
  });

  it('opens on the whole hall where its seats can be hit, by a finger only if they are 24 pixels', () => {
    const wide = { width: 668, height: 580 };
    const fit = fitScale(extent, wide);
    expect(openingScale(seats, extent, wide, true)).toBe(fit);
    const narrow = { width: 240, height: 600 };
    expect(openingScale(seats, extent, narrow, false)).toBe(fitScale(extent, narrow));
    expect(openingScale(seats, extent, narrow, true)).toBe(targetScale(seats));
    const tiny = { width: 80, height: 600 };
    expect(openingScale(seats, extent, tiny, false)).toBe(targetScale(seats));
  });

  it('leaves room for row letters and decorations but not for a plan’s empty border', () => {
    const [first] = seats;
    if (!first) throw new Error('no seat');
    expect(first.x - first.radius - extent.x).toBe(34);
    expect(extent.width).toBeLessThan(400);
    const stage = {
      shape: 'circle',
      x: 0,
      y: 0,
      radius: 300,
      color: '',
      border_color: ''
    } as const;
    const map = { width: 400, height: 300, decorations: [{ ...stage, text: null }] };
    expect(extentOf(seats, map).x).toBe(-300);
  });

  it('centres a small map', () => {
    const view = clampView({ x: 500, y: 500, scale: 0.5 }, extent, port);
    expect(view.x + port.width / 0.5 / 2).toBeCloseTo(extent.x + extent.width / 2);
  });

  it('never shows beyond an edge when zoomed in', () => {
    const view = clampView({ x: -999, y: 999, scale: 4 }, extent, port);
    expect(view.x).toBe(extent.x);
    // Below, the last row can come out from under the minimap.
    expect(view.y + (port.height - 150) / 4).toBeCloseTo(extent.y + extent.height);
  });

  it('zooms about the point under the finger', () => {
    const before = { x: 10, y: 20, scale: 1 };
    const after = zoomAt(before, 2, 100, 50);
    expect(after.x + 100 / 2).toBe(before.x + 100);
    expect(after.y + 50 / 2).toBe(before.y + 50);
  });

  it('moves only as far as needed to show a seat', () => {
    const [first] = seats;
    if (!first) throw new Error('no seat');
    const inSight = centredOn(first, 1, port);
    expect(revealing(inSight, first, port, extent)).toEqual(inSight);
    const away = { x: 1000, y: 0, scale: 1 };
    expect(revealing(away, first, port, extent).x).toBeLessThan(first.x);
  });

  it('says what CSS does between two views', () => {
    const drawn = { x: 0, y: 0, scale: 1 };
    expect(transformBetween(drawn, { x: 10, y: 5, scale: 2 })).toBe(
      'translate(-20px, -10px) scale(2)'
    );
  });
});

describe('names', () => {
  it('say row, seat, category, price and state', () => {
    const names = new SeatNames(hall([]).seat_map);
    expect(names.full(aSeat('G', 12), 'available')).toBe(
      'Row G, seat 12, Premium, €14.50, available'
    );
    expect(names.full(aSeat('G', 12, { kind: 'wheelchair' }), 'sold')).toContain(
      'Wheelchair place'
    );
  });
});

describe('the board', () => {
  const make = () => {
    const listener = { othersChanged: vi.fn(), lost: vi.fn() };
    return { listener, board: new SeatBoard(hall(rowsOf(['A', 4])), listener) };
  };
  const taken = (version: number, ...ids: string[]) => ({
    type: 'seats' as const,
    version,
    changes: ids.map((seat_id) => ({ seat_id, status: 'held' as const }))
  });

  it('replaces a suggestion by the first own choice, and adds after it', () => {
    const { board } = make();
    board.choose(['A-1', 'A-2'], true);
    board.toggle('A-3');
    expect(board.chosen).toEqual(['A-3']);
    board.toggle('A-4');
    expect(board.chosen).toEqual(['A-3', 'A-4']);
    expect(board.toggle('A-3')).toBe(false);
  });

  it('names a lost seat, keeps the rest and knows the nearest equal', () => {
    const { board, listener } = make();
    board.choose(['A-1', 'A-2']);
    board.take(taken(6, 'A-2'));
    expect(board.chosen).toEqual(['A-1']);
    const [lost] = listener.lost.mock.calls[0] as [ShowSeat];
    expect(lost.seat_id).toBe('A-2');
    expect(board.nearestLike(lost)?.seat_id).toBe('A-3');
  });

  it('does not take its own hold for somebody else’s', () => {
    const { board, listener } = make();
    board.choose(['A-1']);
    board.own(['A-1']);
    board.take(taken(6, 'A-1'));
    expect(board.chosen).toEqual(['A-1']);
    expect(listener.lost).not.toHaveBeenCalled();
    expect(board.isFree('A-1')).toBe(true);
  });

  it('ignores what is older than what it knows', () => {
    const { board } = make();
    board.take(taken(4, 'A-1'));
    expect(board.isFree('A-1')).toBe(true);
  });

  it('refuses a seat that is not free', () => {
    const { board } = make();
    board.take(taken(6, 'A-1'));
    expect(board.toggle('A-1')).toBeNull();
  });
});

describe('drawing', () => {
  it('builds a grid of named cells and changes only the one that changed', () => {
    const show = hall(rowsOf(['A', 2], ['B', 2]));
    const board = new SeatBoard(show, { othersChanged: () => undefined, lost: () => undefined });
    const drawing = new SeatDrawing(board, new SeatNames(show.seat_map));
    const root = document.createElementNS('http://www.w3.org/2000/svg', 'g');
    const extent = extentOf(show.seats, show.seat_map);
    drawing.draw(root, drawHall(show.seat_map, extent), groupRows(show.seats));
    board.onDraw((index) => drawing.update(index));
    expect(root.querySelectorAll('[role=row]')).toHaveLength(2);
    board.choose(['A-2']);
    expect(drawing.cells[1]?.getAttribute('aria-selected')).toBe('true');
    expect(drawing.cells[0]?.getAttribute('aria-selected')).toBe('false');
    // A tick, in the map's own coordinates.
    const tick = drawing.cells[1]?.querySelector('.mark')?.getAttribute('d');
    expect(tick).toBe('M54.96 36.48 58.56 40.32 65.52 31.92');
    board.take({ type: 'snapshot', version: 9, seats: [{ seat_id: 'A-1', status: 'sold' }] });
    expect(drawing.cells[0]?.getAttribute('aria-disabled')).toBe('true');
  });
});

describe('other people’s changes', () => {
  it('are added up and said once', () => {
    vi.useFakeTimers();
    const say = vi.fn();
    const batch = new ChangeBatch(say, 1000);
    batch.add({ taken: 2, freed: 0 });
    batch.add({ taken: 1, freed: 3 });
    expect(say).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1000);
    expect(say).toHaveBeenCalledExactlyOnceWith({ taken: 3, freed: 3 });
    vi.useRealTimers();
  });
});
