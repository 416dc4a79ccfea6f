/**
 * The seats and the hall as SVG elements, built once and then changed one seat at a time: a class, a mark and a name.
 * Everything comes from the server as data and goes in as attributes and text, never as markup. State is told by shape
 * first (hollow, tick, dashes, cross), colour second. Left out: gestures and focus.
 */
import type { ShowSeat, ShowSeats } from '$lib/platform';
import { m } from '$lib/paraglide/messages';
import type { SeatBoard } from './board.svelte';
import type { SeatLook, SeatNames } from './naming';
import type { SeatRow } from './rows';
import type { Extent } from './view';

const SVG = 'http://www.w3.org/2000/svg';

/** Paths in a square from −1 to 1. */
const marks: Record<SeatLook, string> = {
  available: '',
  chosen: 'M-.42 .04 -.12 .36 .46 -.34',
  held: '',
  sold: 'M-.34 -.34 .34 .34M.34 -.34 -.34 .34',
  blocked: 'M-.34 -.34 .34 .34M.34 -.34 -.34 .34'
};
const kindMarks: Partial<Record<string, string>> = {
  wheelchair: 'M-.12 -.5V.02H.26L.44 .42M-.12 -.2H.22M-.2 -.12A.34 .34 0 1 0 .24 .34',
  companion: 'M-.36 .46A.36 .36 0 0 1 .36 .46M0 -.1A.2 .2 0 1 0 0 -.5A.2 .2 0 1 0 0 -.1',
  accessible: 'M-.4 .3H.4M-.2 .02H.4M0 -.26H.4'
};

type Attributes = Record<string, string | number>;

function make(tag: string, attributes: Attributes, text?: string): SVGElement {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  if (text !== undefined) element.textContent = text;
  return element;
}

/**
 * A mark where a seat is, as coordinates of the map. Not as a transform: one for every seat of a hall of 2,000 is
 * as many nodes for the browser to keep.
 */
function placed(mark: string, { x, y, radius }: ShowSeat): string {
  const across = (value: number) => x + value * radius;
  const down = (value: number) => y + value * radius;
  return mark.replace(/([MLHVA])([^MLHVA]*)/g, (_, command: string, text: string) => {
    const given = (text.match(/-?[\d.]+/g) ?? []).map(Number);
    const moved = given.map((value, at) => {
      if (command === 'H') return across(value);
      if (command === 'V') return down(value);
      if (command !== 'A') return at % 2 === 0 ? across(value) : down(value);
      if (at < 2) return value * radius;
      return at < 5 ? value : at === 5 ? across(value) : down(value);
    });
    return command + moved.map((value) => Number(value.toFixed(2))).join(' ');
  });
}

function square(name: string, { x, y, radius }: ShowSeat, part: number): SVGElement {
  const half = radius * part;
  return make('rect', { class: name, x: x - half, y: y - half, width: 2 * half, height: 2 * half });
}

/** Only plain colours: a paint could otherwise point at another document. */
function colour(value: string, otherwise: string): string {
  return /^#[0-9a-f]{3,8}$/i.test(value) ? value : otherwise;
}

export function drawHall(map: ShowSeats['seat_map'], extent: Extent): SVGElement {
  const hall = make('g', { 'aria-hidden': 'true', class: 'hall' });
  const middle = extent.x + extent.width / 2;
  const half = Math.min(extent.width * 0.36, 420);
  const y = extent.y + 12;
  hall.append(
    make('path', {
      class: 'screen-line',
      d: `M${middle - half} ${y + 8}Q${middle} ${y - 8} ${middle + half} ${y + 8}`
    }),
    make('text', { class: 'screen-name', x: middle, y: y + 22 }, m.map_screen())
  );
  for (const thing of map.decorations) {
    const paint =
      thing.shape === 'text'
        ? {}
        : { fill: colour(thing.color, 'none'), stroke: colour(thing.border_color, 'none') };
    if (thing.shape === 'polygon') {
      const points = thing.points.map((point) => `${point.x},${point.y}`).join(' ');
      hall.append(make('polygon', { ...paint, points, class: 'decoration' }));
    } else if (thing.shape === 'circle') {
      const { x: cx, y: cy, radius: r } = thing;
      hall.append(make('circle', { ...paint, cx, cy, r, class: 'decoration' }));
    } else if (thing.shape === 'ellipse') {
      const { x: cx, y: cy, radius_x: rx, radius_y: ry, rotation } = thing;
      const transform = `rotate(${rotation} ${cx} ${cy})`;
      hall.append(make('ellipse', { ...paint, cx, cy, rx, ry, transform, class: 'decoration' }));
    } else if (thing.shape === 'rectangle') {
      const { x, y: top, width, height, rotation } = thing;
      const transform = `rotate(${rotation} ${x + width / 2} ${top + height / 2})`;
      const at = { x, y: top, width, height, rx: 4, transform };
      hall.append(make('rect', { ...paint, ...at, class: 'decoration' }));
    }
    if (thing.text?.text) {
      const { text, x, y: at, size } = thing.text;
      hall.append(make('text', { class: 'hall-text', x, y: at, 'font-size': size }, text));
    }
  }
  return hall;
}

export class SeatDrawing {
  readonly cells: SVGElement[] = [];
  /** Made when first needed: most seats never have one. */
  readonly #marks: SVGElement[] = [];
  /** Most seats' own; strokes are parts of it. */
  #radius = 1;

  constructor(
    private readonly board: SeatBoard,
    private readonly names: SeatNames
  ) {}

  /** The hall, then all rows, each a `row` of `gridcell`s, into an element that Svelte keeps empty. */
  draw(into: SVGElement, hall: SVGElement, rows: readonly SeatRow[]): void {
    this.#radius = this.board.seats[0]?.radius ?? 1;
    into.style.setProperty('--r', `${this.#radius}px`);
    const all = document.createDocumentFragment();
    all.append(hall);
    rows.forEach((row, index) => all.append(this.#row(row, index)));
    into.replaceChildren(all);
  }

  update(index: number): void {
    const seat = this.board.seats[index];
    const cell = this.cells[index];
    if (!seat || !cell) return;
    const look = this.board.look(index);
    cell.setAttribute('class', `seat ${look} ${seat.kind}`);
    const mark = look === 'available' ? (kindMarks[seat.kind] ?? '') : marks[look];
    this.#setMark(index, mark && placed(mark, seat));
    cell.setAttribute('aria-label', this.names.full(seat, look));
    cell.setAttribute('aria-selected', String(look === 'chosen'));
    if (look === 'available' || look === 'chosen') cell.removeAttribute('aria-disabled');
    else cell.setAttribute('aria-disabled', 'true');
  }

  #setMark(index: number, path: string): void {
    let mark = this.#marks[index];
    if (!mark) {
      if (path === '') return;
      mark = this.#marks[index] = make('path', { class: 'mark' });
      this.cells[index]?.append(mark);
    }
    mark.setAttribute('d', path);
  }

  #row(row: SeatRow, rowIndex: number): SVGElement {
    const element = make('g', {
      role: 'row',
      'aria-rowindex': rowIndex + 1,
      'aria-label': m.map_row({ row: row.row })
    });
    const ends = [row.seats[0], row.seats.at(-1)].map((index) => this.board.seats[index ?? -1]);
    for (const index of row.seats) element.append(this.#cell(index));
    ends.forEach((seat, side) => {
      if (!seat) return;
      const x = seat.x + (side === 0 ? -1 : 1) * (seat.radius + 13);
      const at = { class: 'row-name', x, y: seat.y, 'aria-hidden': 'true' };
      element.append(make('text', at, row.row));
    });
    return element;
  }

  #cell(index: number): SVGElement {
    const seat = this.board.seats[index];
    const cell = make('g', { role: 'gridcell', tabindex: -1, 'data-seat': index });
    if (!seat) return cell;
    if (seat.radius !== this.#radius) cell.style.setProperty('--r', `${seat.radius}px`);
    const body = square('body', seat, 0.86);
    body.setAttribute('rx', String(seat.radius * (seat.kind === 'wheelchair' ? 0.86 : 0.42)));
    // The target is the whole square round the seat, however small its drawing.
    cell.append(square('target', seat, 1), body);
    this.cells[index] = cell;
    this.update(index);
    return cell;
  }
}
