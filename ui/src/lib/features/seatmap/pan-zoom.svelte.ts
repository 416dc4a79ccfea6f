/**
 * Fingers, mouse and wheel on the map. While a gesture runs only a CSS transform changes; at its end the result is
 * committed to the viewBox, so that the map is sharp again. Left out: what a tap means.
 */
/* eslint-disable svelte/prefer-svelte-reactivity -- these are never read by a template; whoever draws is told directly */
import {
  centredOn,
  clampView,
  extentOf,
  fitScale,
  isZoomed,
  openingScale,
  revealing,
  scaleLimits,
  targetScale,
  transformBetween,
  zoomAt,
  type Extent,
  type Size,
  type View
} from './view';
import type { ShowSeat, ShowSeats } from '$lib/platform';

const DRAG_STARTS_PX = 6;
const WHEEL_ENDS_MS = 140;
const STEP = 1.4;
/** Names are this large on the screen where the map's own size would make them smaller or larger. */
const NAME_PX = { least: 11, own: 12, most: 15 };
const PHONE = '(width < 600px)';

export class PanZoom {
  /** What is drawn in the viewBox; the minimap follows this. */
  view = $state.raw<View>({ x: 0, y: 0, scale: 1 });
  port = $state.raw<Size>({ width: 0, height: 0 });
  readonly extent: Extent;

  readonly #seats: readonly ShowSeat[];
  #now: View = this.view;
  #nameSize = '';
  /** Moved as a whole while a gesture runs; what is drawn in it does not change then. */
  #layer: HTMLElement | undefined;
  #svg: SVGSVGElement | undefined;
  #host: HTMLElement | undefined;
  #pointers = new Map<number, { x: number; y: number }>();
  #moved = false;
  #wheelTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(seats: readonly ShowSeat[], map: ShowSeats['seat_map']) {
    this.#seats = seats;
    this.extent = extentOf(seats, map);
  }

  get zoomed(): boolean {
    return isZoomed(this.view.scale, this.extent, this.port);
  }

  get viewBox(): string {
    const { x, y, scale } = this.view;
    return `${x} ${y} ${this.port.width / scale} ${this.port.height / scale}`;
  }

  /** Sets up the elements, best before they hold much; returns the clean-up. `centre` is what the first view shows. */
  attach(
    host: HTMLElement,
    layer: HTMLElement,
    svg: SVGSVGElement,
    centre: () => Point | null
  ): () => void {
    this.#host = host;
    this.#layer = layer;
    this.#svg = svg;
    let opened = false;
    const measure = () => {
      const { clientWidth: width, clientHeight: height } = host;
      if (width === 0 || height === 0) return;
      const before = this.port;
      if (opened && before.width === width && before.height === height) return;
      this.port = { width, height };
      if (opened) this.#commit(this.#keepCentre(before));
      else this.open(centre());
      opened = true;
    };
    measure();
    const resized = new ResizeObserver(measure);
    resized.observe(host);
    const wheel = (event: WheelEvent) => this.#wheel(event);
    host.addEventListener('wheel', wheel, { passive: false });
    return () => {
      resized.disconnect();
      clearTimeout(this.#wheelTimer);
      host.removeEventListener('wheel', wheel);
    };
  }

  open(centre: Point | null): void {
    const phone = matchMedia(PHONE).matches;
    const scale = openingScale(this.#seats, this.extent, this.port, phone);
    const { x, y, width, height } = this.extent;
    const middle = { x: x + width / 2, y: y + height / 2 };
    this.#commit(centredOn(centre ?? middle, scale, this.port));
  }

  /** Seats are too small for a finger: a tap then shows them larger first. */
  get tooSmallForFingers(): boolean {
    return this.#now.scale < targetScale(this.#seats) * 0.98;
  }

  enlarge(at: Point): void {
    this.#commit(centredOn(at, targetScale(this.#seats), this.port));
  }

  fit(): void {
    this.#commit({ ...this.extent, scale: fitScale(this.extent, this.port) });
  }

  zoom(direction: 1 | -1, at?: Point): void {
    const centre = at ?? { x: this.port.width / 2, y: this.port.height / 2 };
    const scale = this.#limit(this.#now.scale * (direction === 1 ? STEP : 1 / STEP));
    this.#commit(zoomAt(this.#now, scale, centre.x, centre.y));
  }

  reveal(seat: ShowSeat): void {
    const next = revealing(this.#now, seat, this.port, this.extent);
    if (next.x !== this.#now.x || next.y !== this.#now.y) this.#commit(next);
  }

  /** Brings seats into the middle unless all of them are in sight. */
  show(seats: readonly ShowSeat[], middle: Point): void {
    const away = seats.some((seat) => {
      const next = revealing(this.#now, seat, this.port, this.extent);
      return next.x !== this.#now.x || next.y !== this.#now.y;
    });
    if (away) this.centre(middle);
  }

  /** Puts a point of the map in the middle: a tap on the minimap. */
  centre(point: Point): void {
    this.#commit(centredOn(point, this.#now.scale, this.port));
  }

  /** True when the click that ends a drag should not choose a seat. */
  get dragged(): boolean {
    return this.#moved;
  }

  down(event: PointerEvent): void {
    if (event.pointerType === 'mouse' && event.button !== 0) return;
    if (this.#pointers.size === 0) this.#moved = false;
    this.#pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
  }

  move(event: PointerEvent): void {
    const before = this.#pointers.get(event.pointerId);
    if (!before) return;
    const after = { x: event.clientX, y: event.clientY };
    const [dx, dy] = [after.x - before.x, after.y - before.y];
    if (!this.#moved) {
      if (this.#pointers.size < 2 && Math.hypot(dx, dy) < DRAG_STARTS_PX) return;
      this.#moved = true;
      this.#host?.setPointerCapture(event.pointerId);
    }
    const other = [...this.#pointers].find(([id]) => id !== event.pointerId)?.[1];
    this.#pointers.set(event.pointerId, after);
    if (other) this.#pinch(before, after, other);
    else this.#show({ ...this.#now, ...this.#shifted(dx, dy) });
  }

  up(event: PointerEvent): void {
    if (!this.#pointers.delete(event.pointerId)) return;
    if (this.#pointers.size === 0 && this.#moved) this.#commit(this.#now);
  }

  #shifted(dx: number, dy: number): { x: number; y: number } {
    const { x, y, scale } = this.#now;
    return { x: x - dx / scale, y: y - dy / scale };
  }

  #pinch(before: Point, after: Point, other: Point): void {
    const was = Math.hypot(before.x - other.x, before.y - other.y) || 1;
    const is = Math.hypot(after.x - other.x, after.y - other.y);
    const box = this.#host?.getBoundingClientRect();
    const px = (after.x + other.x) / 2 - (box?.left ?? 0);
    const py = (after.y + other.y) / 2 - (box?.top ?? 0);
    const moved = {
      ...this.#now,
      ...this.#shifted((after.x - before.x) / 2, (after.y - before.y) / 2)
    };
    this.#show(zoomAt(moved, this.#limit((moved.scale * is) / was), px, py));
  }

  #wheel(event: WheelEvent): void {
    event.preventDefault();
    const box = this.#host?.getBoundingClientRect();
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
    const change = Math.exp(-event.deltaY * lines * (event.ctrlKey ? 0.01 : 0.0016));
    const scale = this.#limit(this.#now.scale * change);
    this.#show(
      zoomAt(this.#now, scale, event.clientX - (box?.left ?? 0), event.clientY - (box?.top ?? 0))
    );
    clearTimeout(this.#wheelTimer);
    this.#wheelTimer = setTimeout(() => this.#commit(this.#now), WHEEL_ENDS_MS);
  }

  #limit(scale: number): number {
    const { min, max } = scaleLimits(this.#seats, this.extent, this.port);
    return Math.max(min, Math.min(max, scale));
  }

  #keepCentre(before: Size): View {
    const { x, y, scale } = this.#now;
    const centre = { x: x + before.width / scale / 2, y: y + before.height / scale / 2 };
    return centredOn(centre, this.#limit(scale), this.port);
  }

  #show(view: View): void {
    this.#now = clampView(view, this.extent, this.port);
    if (this.#layer) this.#layer.style.transform = transformBetween(this.view, this.#now);
  }

  #commit(view: View): void {
    this.#now = clampView(view, this.extent, this.port);
    this.view = this.#now;
    if (!this.#svg || !this.#layer) return;
    this.#svg.setAttribute('viewBox', this.viewBox);
    this.#layer.style.transform = '';
    const { least, own, most } = NAME_PX;
    const name = `${Math.min(most, Math.max(own, least / this.view.scale)).toFixed(1)}px`;
    // Every element of the map inherits it: said anew it would cost a style for each.
    if (name !== this.#nameSize)
      this.#svg.style.setProperty('--name-size', (this.#nameSize = name));
  }
}

interface Point {
  x: number;
  y: number;
}
