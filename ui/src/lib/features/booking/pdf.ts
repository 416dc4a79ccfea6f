/** The tickets' PDF as an address the browser can save; whoever asks for it gives it back (URL.revokeObjectURL). */
export function pdfUrl(base64: string | undefined): string | null {
  if (!base64) return null;
  try {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    return URL.createObjectURL(new Blob([bytes], { type: 'application/pdf' }));
  } catch {
    return null;
  }
}
