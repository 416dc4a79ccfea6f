/** A film for a camera that is none: Chromium plays a Y4M file, which is a line of text and then plain planes, frame by frame. */
import { writeFileSync } from 'node:fs';

export const WIDTH = 640;
export const HEIGHT = 480;
const FPS = 15;
const CHROMA = Buffer.alloc((WIDTH * HEIGHT) / 2, 128);

/** `scenes` are [seconds, brightness of each pixel]; the film begins anew at its end. */
export function writeFilm(path, scenes) {
  const parts = [Buffer.from(`YUV4MPEG2 W${WIDTH} H${HEIGHT} F${FPS}:1 Ip A1:1 C420jpeg\n`)];
  for (const [seconds, luma] of scenes) {
    const frame = Buffer.concat([Buffer.from('FRAME\n'), luma, CHROMA]);
    for (let count = Math.round(seconds * FPS); count > 0; count -= 1) parts.push(frame);
  }
  writeFileSync(path, Buffer.concat(parts));
}

/** A dim foyer with nobody before the camera. */
export const nobody = () => Buffer.from(Uint8Array.from({ length: WIDTH * HEIGHT }, (_, at) => 38 + ((at * 7919) % 13)));

/** A ticket's code as the server draws it, on a white card that is held a little askew before a brighter ground. */
export async function heldUp(page, svg) {
  const luma = await page.evaluate(
    async ({ svg: source, width, height }) => {
      const image = new Image();
      image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(source)}`;
      await image.decode();
      const canvas = new OffscreenCanvas(width, height);
      const context = canvas.getContext('2d');
      context.fillStyle = '#8c8c8c';
      context.fillRect(0, 0, width, height);
      context.translate(width / 2 + 22, height / 2 - 8);
      context.rotate((5 * Math.PI) / 180);
      context.fillStyle = '#f0f0ee';
      context.fillRect(-200, -200, 400, 400);
      context.drawImage(image, -180, -180, 360, 360);
      const { data } = context.getImageData(0, 0, width, height);
      let text = '';
      for (let at = 0; at < data.length; at += 4) {
        // A camera's noise, and its softness, come for nothing.
        const grain = ((at * 31) % 17) - 8;
        const bright = 0.299 * data[at] + 0.587 * data[at + 1] + 0.114 * data[at + 2] + grain;
        text += String.fromCharCode(Math.max(16, Math.min(235, Math.round(bright))));
      }
      return btoa(text);
    },
    { svg, width: WIDTH, height: HEIGHT }
  );
  return Buffer.from(luma, 'base64');
}
