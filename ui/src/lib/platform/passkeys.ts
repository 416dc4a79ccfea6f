/**
 * The browser's half of a passkey: asks the person at their device, and hands on what the device said, as JSON. Left out:
 * what any of it means, which only the server knows.
 */
import { PlatformError } from './error';

export async function makePasskey(options: string): Promise<string> {
  const { publicKey } = JSON.parse(options) as {
    publicKey: PublicKeyCredentialCreationOptionsJSON;
  };
  return asked(() =>
    navigator.credentials.create({
      publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(publicKey)
    })
  );
}

export async function showPasskey(options: string): Promise<string> {
  const { publicKey } = JSON.parse(options) as { publicKey: PublicKeyCredentialRequestOptionsJSON };
  return asked(() =>
    navigator.credentials.get({
      publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(publicKey)
    })
  );
}

async function asked(ask: () => Promise<Credential | null>): Promise<string> {
  try {
    const credential = await ask();
    if (credential instanceof PublicKeyCredential) return JSON.stringify(credential.toJSON());
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    // Broken off, timed out, or known to this device already: the browser does not say which on purpose.
  }
  throw new PlatformError({
    kind: 'invalid',
    code: 'passkey_broken_off',
    title: 'No passkey',
    detail: 'The device gave no passkey.'
  });
}
