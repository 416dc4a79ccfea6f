/**
 * SHA-256 and Ed25519: the browser's own where it has them, else a small library fetched when first needed. (Browsers before 2025
 * lack Ed25519; a page that came without encryption has neither.)
 */
import { fromBase64Url } from './bytes';

type Bytes = Uint8Array<ArrayBuffer>;

export async function sha256(bytes: Bytes): Promise<Uint8Array> {
  // Absent on pages that came without encryption, whatever the types say.
  const subtle = globalThis.crypto.subtle as SubtleCrypto | undefined;
  if (subtle) return new Uint8Array(await subtle.digest('SHA-256', bytes));
  const library = await import('@noble/hashes/sha2.js');
  return library.sha256(bytes);
}

export async function signedBy(publicKey: Bytes, signature: Bytes, bytes: Bytes): Promise<boolean> {
  const subtle = globalThis.crypto.subtle as SubtleCrypto | undefined;
  if (subtle) {
    try {
      const key = await subtle.importKey('raw', publicKey, { name: 'Ed25519' }, false, ['verify']);
      return await subtle.verify({ name: 'Ed25519' }, key, signature, bytes);
    } catch (error) {
      // "NotSupportedError": this browser knows no Ed25519. Anything else is a key that is none.
      if (!(error instanceof DOMException) || error.name !== 'NotSupportedError') return false;
    }
  }
  const [ed25519, { sha512 }] = await Promise.all([
    import('@noble/ed25519'),
    import('@noble/hashes/sha2.js')
  ]);
  ed25519.hashes.sha512 = sha512;
  try {
    return ed25519.verify(signature, bytes, publicKey, { zip215: false });
  } catch {
    return false;
  }
}

/** Whether a signature in text form is this key's over a text. */
export async function textSignedBy(
  publicKey: string,
  signature: string,
  text: string
): Promise<boolean> {
  const [key, sign] = [fromBase64Url(publicKey), fromBase64Url(signature)];
  if (key?.length !== 32 || sign?.length !== 64) return false;
  return signedBy(key, sign, new TextEncoder().encode(text));
}
