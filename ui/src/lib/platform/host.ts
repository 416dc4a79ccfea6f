/** What a web page can do by itself, in the browser and in the shell's web view alike. */
import type { Share } from './platform';

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
