/**
 * The part of the map in sight, as pure geometry: where its corner is in map units and how many pixels one unit takes.
 * Left out: pointers and the DOM.
 */
import type { ShowSeat, ShowSeats } from '$lib/platform';

export interface View {
  x: number;
  y: number;
  /** Pixels per map unit. */
  scale: number;
}

export interface Size {
  width: number;
  height: number;
}

/** The map's own extent. */
export interface Extent extends Size {
  x: number;
  y: number;
}

type Hall = Size & Partial<Pick<ShowSeats['seat_map'], 'decorations'>>;
type Decoration = ShowSeats['seat_map']['decorations'][number];

/** A seat must be a target a finger can hit. */
const MIN_TARGET_PX = 24;
/** What a mouse still hits with ease; a whole hall in sight is worth it. */
const MIN_POINTED_PX = 14;
const MAX_SEAT_PX = 72;
/** Room for the screen line above and the row letters beside the seats. */
const MARGIN = { side: 34, top: 50, bottom: 14 };
/** What lies over the map's lower corners, which a zoomed map can be pushed out from under. */
const OVERLAY = { share: 0.28, most: 150 };

/** The seats with their row letters, the screen and whatever else is drawn; a plan's empty border takes no room. */
export function extentOf(seats: readonly ShowSeat[], map: Hall): Extent {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  const cover = (x: number, y: number, across: number, down: number) => {
    left = Math.min(left, x - across);
    right = Math.max(right, x + across);
    top = Math.min(top, y - down);
    bottom = Math.max(bottom, y + down);
  };
  for (const { x, y, radius } of seats) cover(x, y, radius + MARGIN.side, radius + MARGIN.bottom);
  if (!Number.isFinite(left)) return { x: 0, y: 0, width: map.width, height: map.height };
  for (const thing of map.decorations ?? []) {
    for (const { x, y, reach } of outline(thing)) cover(x, y, reach, reach);
  }
  top -= MARGIN.top - MARGIN.bottom;
  return { x: left, y: top, width: right - left, height: bottom - top };
}

/** Points of a decoration, each with how far it may reach; what can be turned reaches the same to all sides. */
function outline(thing: Decoration): { x: number; y: number; reach: number }[] {
  switch (thing.shape) {
    case 'polygon':
      return thing.points.map(({ x, y }) => ({ x, y, reach: 2 }));
    case 'circle':
      return [{ x: thing.x, y: thing.y, reach: thing.radius }];
    case 'ellipse':
      return [{ x: thing.x, y: thing.y, reach: Math.max(thing.radius_x, thing.radius_y) }];
    case 'rectangle': {
      const [x, y] = [thing.x + thing.width / 2, thing.y + thing.height / 2];
      if (thing.rotation === 0) {
        const corner = { x: thing.x, y: thing.y, reach: 2 };
        return [corner, { x: thing.x + thing.width, y: thing.y + thing.height, reach: 2 }];
      }
      return [{ x, y, reach: Math.hypot(thing.width, thing.height) / 2 }];
    }
    default:
      return [{ x: thing.text.x, y: thing.text.y, reach: thing.text.size }];
  }
}

export function fitScale(extent: Extent, port: Size): number {
  if (port.width <= 0 || port.height <= 0) return 1;
  return Math.min(port.width / extent.width, port.height / extent.height);
}

/** The scale at which the smallest seat is a full target. */
export function targetScale(seats: readonly ShowSeat[]): number {
  const radius = seats.reduce((least, seat) => Math.min(least, seat.radius), Infinity);
  return Number.isFinite(radius) && radius > 0 ? MIN_TARGET_PX / (2 * radius) : 1;
}

/**
 * How a hall opens: all of it when its seats can then be hit, by a finger on a phone and by a mouse elsewhere; a larger
 * one at the size of a full target, and `centre` says where.
 */
export function openingScale(
  seats: readonly ShowSeat[],
  extent: Extent,
  port: Size,
  phone: boolean
): number {
  const fit = fitScale(extent, port);
  const target = targetScale(seats);
  const least = phone ? target : (target * MIN_POINTED_PX) / MIN_TARGET_PX;
  return fit >= least ? fit : Math.max(fit, target);
}

export function scaleLimits(
  seats: readonly ShowSeat[],
  extent: Extent,
  port: Size
): { min: number; max: number } {
  const fit = fitScale(extent, port);
  const target = targetScale(seats);
  return { min: fit, max: Math.max(fit * 1.5, (target * MAX_SEAT_PX) / MIN_TARGET_PX) };
}

/** Whether some of the hall is out of sight. */
export function isZoomed(scale: number, extent: Extent, port: Size): boolean {
  return scale > fitScale(extent, port) * 1.02;
}

/** How high the minimap and the buttons over a zoomed map are, in pixels. */
function overlaid(scale: number, extent: Extent, port: Size): number {
  if (!isZoomed(scale, extent, port)) return 0;
  return Math.min(OVERLAY.most, port.height * OVERLAY.share);
}

/**
 * Keeps the map in sight: centred where it is smaller than the port, else never past its edge, except below, so that the
 * last rows can come out from under what lies over the map.
 */
export function clampView(view: View, extent: Extent, port: Size): View {
  const along = (at: number, start: number, length: number, pixels: number, beyond = 0) => {
    const shown = pixels / view.scale;
    if (shown >= length + beyond / view.scale) return start - (shown - length) / 2;
    return Math.min(start + length + beyond / view.scale - shown, Math.max(start, at));
  };
  const beyond = overlaid(view.scale, extent, port);
  return {
    scale: view.scale,
    x: along(view.x, extent.x, extent.width, port.width),
    y: along(view.y, extent.y, extent.height, port.height, beyond)
  };
}

/** Zooms so that the map point under the pixel (px, py) stays under it. */
export function zoomAt(view: View, scale: number, px: number, py: number): View {
  return {
    scale,
    x: view.x + px / view.scale - px / scale,
    y: view.y + py / view.scale - py / scale
  };
}

export function centredOn(point: { x: number; y: number }, scale: number, port: Size): View {
  return { scale, x: point.x - port.width / scale / 2, y: point.y - port.height / scale / 2 };
}

/** The view after the least move that brings a seat, and a margin round it, into sight and out from under the overlays. */
export function revealing(view: View, seat: ShowSeat, port: Size, extent: Extent): View {
  const margin = seat.radius * 2.5;
  const along = (at: number, centre: number, pixels: number) => {
    const shown = pixels / view.scale;
    return Math.max(centre + margin - shown, Math.min(centre - margin, at));
  };
  return {
    scale: view.scale,
    x: along(view.x, seat.x, port.width),
    y: along(view.y, seat.y, port.height - overlaid(view.scale, extent, port))
  };
}

/** What CSS must do to a layer drawn for `drawn` so that it looks like `wanted`. */
export function transformBetween(drawn: View, wanted: View): string {
  const k = wanted.scale / drawn.scale;
  const x = (drawn.x - wanted.x) * wanted.scale;
  const y = (drawn.y - wanted.y) * wanted.scale;
  return `translate(${x}px, ${y}px) scale(${k})`;
}
