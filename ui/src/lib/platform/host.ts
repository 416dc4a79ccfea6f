/** What a web page can do by itself, in the browser and in the shell's web view alike. */
import { PlatformError } from './error';
import type { Coordinates, Share } from './platform';

export function locate(): Promise<Coordinates> {
  return new Promise((resolve, reject) => {
    const refuse = (detail: string) =>
      reject(
        new PlatformError({ kind: 'invalid', code: 'no_position', title: 'No position', detail })
      );
    if (!('geolocation' in navigator)) return refuse('This browser has no location service.');
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => resolve({ latitude: coords.latitude, longitude: coords.longitude }),
      (error) => refuse(error.message),
      { maximumAge: 600_000, timeout: 10_000 }
    );
  });
}

export async function share({ title, text, url }: Share): Promise<boolean> {
  const data = { title, text, ...(url ? { url } : {}) };
  if (typeof navigator.share === 'function' && navigator.canShare?.(data)) {
    await navigator.share(data).catch((error: unknown) => {
      if (!(error instanceof DOMException) || error.name !== 'AbortError') throw error;
    });
    return true;
  }
  await navigator.clipboard.writeText([text, url].filter(Boolean).join('\n'));
  return false;
}

export function saveFile(name: string, type: string, content: BlobPart): void {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
