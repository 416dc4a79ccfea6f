/** Reads a QR code in a picture, beside the page, so that its camera never stutters. */
import decodeQR from 'qr/decode.js';

/** Null when there is none in sight. */
function read({ width, height, data }: ImageData): string | null {
  try {
    return decodeQR({ width, height, data });
  } catch {
    return null;
  }
}

self.onmessage = ({ data }: MessageEvent<ImageData>) => self.postMessage(read(data));
