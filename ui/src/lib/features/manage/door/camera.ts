/**
 * Codes before the camera: read by the browser where it can (`BarcodeDetector`), else by a library in a worker, fetched when first
 * needed. The same code held up again counts again only after it was gone for a while.
 */
const EVERY_MS = 120;
const AGAIN_MS = 2500;
/** Wide enough for a ticket at arm's length, small enough for a cheap phone. */
const WIDTH = 720;

interface Detector {
  detect(source: CanvasImageSource): Promise<{ rawValue: string }[]>;
}
type DetectorMaker = (new (options: { formats: string[] }) => Detector) & {
  getSupportedFormats?: () => Promise<string[]>;
};

export type CameraTrouble = 'none' | 'refused' | 'insecure' | 'busy';

export function troubleOf(error: unknown): CameraTrouble {
  if (!globalThis.isSecureContext) return 'insecure';
  const name = error instanceof DOMException ? error.name : '';
  if (name === 'NotAllowedError') return 'refused';
  return name === 'NotReadableError' ? 'busy' : 'none';
}

async function nativeReader(): Promise<
  ((video: HTMLVideoElement) => Promise<string | null>) | null
> {
  const maker = (globalThis as { BarcodeDetector?: DetectorMaker }).BarcodeDetector;
  const formats = await maker?.getSupportedFormats?.().catch((): string[] => []);
  if (!maker || !formats?.includes('qr_code')) return null;
  const detector = new maker({ formats: ['qr_code'] });
  return async (video) => (await detector.detect(video))[0]?.rawValue ?? null;
}

function libraryReader(): {
  read: (video: HTMLVideoElement) => Promise<string | null>;
  end: () => void;
} {
  const worker = new Worker(new URL('./qr-worker.ts', import.meta.url), { type: 'module' });
  const canvas = document.createElement('canvas');
  const context = canvas.getContext('2d', { willReadFrequently: true });
  const read = (video: HTMLVideoElement) =>
    new Promise<string | null>((done) => {
      if (!context || video.videoWidth === 0) return done(null);
      canvas.width = Math.min(WIDTH, video.videoWidth);
      canvas.height = Math.round((canvas.width / video.videoWidth) * video.videoHeight);
      context.drawImage(video, 0, 0, canvas.width, canvas.height);
      const image = context.getImageData(0, 0, canvas.width, canvas.height);
      worker.onmessage = ({ data }: MessageEvent<string | null>) => done(data);
      worker.onerror = () => done(null);
      worker.postMessage(image, [image.data.buffer]);
    });
  return { read, end: () => worker.terminate() };
}

/** Tells each code once as it comes into sight, until the returned function is called. Throws when there is no camera. */
export async function watchCamera(
  video: HTMLVideoElement,
  onCode: (code: string) => void
): Promise<() => void> {
  const stream = await navigator.mediaDevices.getUserMedia({
    video: { facingMode: 'environment', width: { ideal: 1280 } },
    audio: false
  });
  video.srcObject = stream;
  await video.play();
  const native = await nativeReader();
  const library = native ? null : libraryReader();
  const read = native ?? library?.read;
  let ended = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let last = { code: '', at: -Infinity };

  async function look(): Promise<void> {
    const code = await read?.(video).catch(() => null);
    if (ended) return;
    const now = performance.now();
    if (code) {
      const fresh = code !== last.code || now - last.at > AGAIN_MS;
      last = { code, at: now };
      if (fresh) onCode(code);
    }
    timer = setTimeout(() => void look(), EVERY_MS);
  }
  void look();

  return () => {
    ended = true;
    clearTimeout(timer);
    library?.end();
    for (const track of stream.getTracks()) track.stop();
    video.srcObject = null;
  };
}
