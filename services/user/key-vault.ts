import { Buffer } from "node:buffer";

const nonceLength = 12;

/** Encrypts private keys before they are stored and opens them again. */
export interface KeyVault {
  seal(kid: string, text: string): Promise<Uint8Array>;
  /** @throws Error when the key that sealed it was another one, or the bytes were changed */
  open(kid: string, sealed: Uint8Array): Promise<string>;
}

/**
 * AES-256-GCM with a random nonce in front of the bytes; the key id is authenticated with them, so that one row's
 * secret cannot be put into another.
 * @param keyText 32 bytes in base64, from KEY_ENCRYPTION_KEY
 */
export async function openKeyVault(keyText: string): Promise<KeyVault> {
  const key = await crypto.subtle.importKey("raw", Buffer.from(keyText, "base64"), "AES-GCM", false, [
    "encrypt",
    "decrypt",
  ]);
  const parameters = (kid: string, iv: Uint8Array<ArrayBuffer>) => ({
    name: "AES-GCM",
    iv,
    additionalData: new TextEncoder().encode(kid),
  });
  return {
    async seal(kid, text) {
      const iv = crypto.getRandomValues(new Uint8Array(nonceLength));
      const sealed = await crypto.subtle.encrypt(parameters(kid, iv), key, new TextEncoder().encode(text));
      return Buffer.concat([iv, new Uint8Array(sealed)]);
    },
    async open(kid, sealed) {
      const bytes = new Uint8Array(sealed);
      try {
        const opened = await crypto.subtle.decrypt(
          parameters(kid, bytes.slice(0, nonceLength)),
          key,
          bytes.slice(nonceLength),
        );
        return new TextDecoder().decode(opened);
      } catch (cause) {
        throw new Error(`KEY_ENCRYPTION_KEY does not open the signing key ${kid}`, { cause });
      }
    },
  };
}
