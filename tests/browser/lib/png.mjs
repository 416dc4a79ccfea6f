/**
 * A small PNG writer: a screenshot's 24-bit colours become a palette of at most 256, as flat screens with few colours
 * bear well. Left out: dithering, which would show, and every PNG but what Chromium writes (8-bit RGB or RGBA).
 */
import { crc32, deflateSync, inflateSync } from 'node:zlib';

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

function* chunks(png) {
  for (let at = 8; at < png.length; ) {
    const length = png.readUInt32BE(at);
    yield { type: png.toString('latin1', at + 4, at + 8), data: png.subarray(at + 8, at + 8 + length) };
    at += length + 12;
  }
}

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const out = Buffer.alloc(body.length + 8);
  out.writeUInt32BE(data.length, 0);
  body.copy(out, 4);
  out.writeUInt32BE(crc32(body), body.length + 4);
  return out;
}

function paeth(a, b, c) {
  const p = a + b - c;
  const [pa, pb, pc] = [Math.abs(p - a), Math.abs(p - b), Math.abs(p - c)];
  if (pa <= pb && pa <= pc) return a;
  return pb <= pc ? b : c;
}

/** The pixels of a PNG as 8-bit samples, its line filters undone. */
function pixels(png) {
  const parts = [...chunks(png)];
  const header = parts.find(({ type }) => type === 'IHDR').data;
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  const each = { 2: 3, 6: 4 }[header[9]];
  if (header[8] !== 8 || !each) throw new Error('not an 8-bit colour PNG');
  const raw = inflateSync(Buffer.concat(parts.filter(({ type }) => type === 'IDAT').map(({ data }) => data)));
  const line = width * each;
  const out = Buffer.alloc(line * height);
  for (let y = 0; y < height; y += 1) {
    const filter = raw[y * (line + 1)];
    for (let x = 0; x < line; x += 1) {
      const left = x >= each ? out[y * line + x - each] : 0;
      const up = y > 0 ? out[(y - 1) * line + x] : 0;
      const corner = x >= each && y > 0 ? out[(y - 1) * line + x - each] : 0;
      const guess = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter];
      out[y * line + x] = raw[y * (line + 1) + 1 + x] + guess;
    }
  }
  return { width, height, each, samples: out };
}

/** Median cut: the box with the widest range of its commonest colours is halved until there are enough boxes. */
function palette(counts, most) {
  let boxes = [[...counts].map(([rgb, count]) => ({ c: [rgb >> 16, (rgb >> 8) & 255, rgb & 255], rgb, count }))];
  const spread = (box) => {
    let widest = { range: -1, axis: 0 };
    for (let axis = 0; axis < 3; axis += 1) {
      let [low, high] = [255, 0];
      for (const { c } of box) [low, high] = [Math.min(low, c[axis]), Math.max(high, c[axis])];
      if (high - low > widest.range) widest = { range: high - low, axis };
    }
    return widest;
  };
  const weight = (box) => (box.length < 2 ? -1 : spread(box).range * Math.log2(2 + box.reduce((sum, one) => sum + one.count, 0)));
  const weighed = boxes.map((box) => ({ box, weight: weight(box) }));
  while (weighed.length < most) {
    weighed.sort((a, b) => b.weight - a.weight);
    if (weighed[0].weight <= 0) break;
    const { box } = weighed.shift();
    const { axis } = spread(box);
    box.sort((a, b) => a.c[axis] - b.c[axis]);
    const half = box.length >> 1;
    for (const part of [box.slice(0, half), box.slice(half)]) weighed.push({ box: part, weight: weight(part) });
  }
  boxes = weighed.map(({ box }) => box);
  const colours = boxes.map((box) => {
    // The commonest colour stands for its box, so that flat areas stay exactly what they are.
    return box.reduce((best, one) => (one.count > best.count ? one : best)).c;
  });
  const index = new Map();
  boxes.forEach((box, at) => box.forEach(({ rgb }) => index.set(rgb, at)));
  return { colours, index };
}

export function quantised(png, most = 256) {
  const { width, height, each, samples } = pixels(png);
  const counts = new Map();
  const colourAt = (at) => (samples[at] << 16) | (samples[at + 1] << 8) | samples[at + 2];
  for (let at = 0; at < samples.length; at += each) counts.set(colourAt(at), (counts.get(colourAt(at)) ?? 0) + 1);
  const { colours, index } = palette(counts, most);
  const lines = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) lines[y * (width + 1) + 1 + x] = index.get(colourAt((y * width + x) * each));
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 3, 0, 0, 0], 8);
  const parts = [
    chunk('IHDR', header),
    chunk('PLTE', Buffer.from(colours.flat())),
    chunk('IDAT', deflateSync(lines, { level: 9 })),
    chunk('IEND', Buffer.alloc(0))
  ];
  return Buffer.concat([SIGNATURE, ...parts]);
}
