/**
 * The part of the map in sight, as pure geometry: where its corner is in map units and how many pixels one unit takes.
 * Left out: pointers and the DOM.
 */
import type { ShowSeat } from '$lib/platform';

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

/** A seat must be a target a finger can hit. */
const MIN_TARGET_PX = 24;
const MAX_SEAT_PX = 72;
/** Room for the screen line above and the row letters beside the seats. */
const MARGIN = { side: 34, top: 46, bottom: 14 };

export function extentOf(seats: readonly ShowSeat[], map: Size): Extent {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const seat of seats) {
    left = Math.min(left, seat.x - seat.radius);
    right = Math.max(right, seat.x + seat.radius);
    top = Math.min(top, seat.y - seat.radius);
    bottom = Math.max(bottom, seat.y + seat.radius);
  }
  if (!Number.isFinite(left)) return { x: 0, y: 0, ...map };
  const x = Math.min(0, left - MARGIN.side);
  const y = Math.min(0, top - MARGIN.top);
  return {
    x,
    y,
    width: Math.max(map.width, right + MARGIN.side) - x,
    height: Math.max(map.height, bottom + MARGIN.bottom) - y
  };
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

export function scaleLimits(
  seats: readonly ShowSeat[],
  extent: Extent,
  port: Size
): { min: number; max: number } {
  const fit = fitScale(extent, port);
  const target = targetScale(seats);
  return { min: fit, max: Math.max(fit * 1.5, (target * MAX_SEAT_PX) / MIN_TARGET_PX) };
}

/** Keeps the map in sight: centred where it is smaller than the port, else never past its edge. */
export function clampView(view: View, extent: Extent, port: Size): View {
  const along = (at: number, start: number, length: number, pixels: number) => {
    const shown = pixels / view.scale;
    if (shown >= length) return start - (shown - length) / 2;
    return Math.min(start + length - shown, Math.max(start, at));
  };
  return {
    scale: view.scale,
    x: along(view.x, extent.x, extent.width, port.width),
    y: along(view.y, extent.y, extent.height, port.height)
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

/** The view after the least move that brings a seat, and a margin round it, into sight. */
export function revealing(view: View, seat: ShowSeat, port: Size): View {
  const margin = seat.radius * 2.5;
  const along = (at: number, centre: number, pixels: number) => {
    const shown = pixels / view.scale;
    return Math.max(centre + margin - shown, Math.min(centre - margin, at));
  };
  return {
    scale: view.scale,
    x: along(view.x, seat.x, port.width),
    y: along(view.y, seat.y, port.height)
  };
}

/** What CSS must do to a layer drawn for `drawn` so that it looks like `wanted`. */
export function transformBetween(drawn: View, wanted: View): string {
  const k = wanted.scale / drawn.scale;
  const x = (drawn.x - wanted.x) * wanted.scale;
  const y = (drawn.y - wanted.y) * wanted.scale;
  return `translate(${x}px, ${y}px) scale(${k})`;
}
