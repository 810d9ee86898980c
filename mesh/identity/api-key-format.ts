import { crc32 } from "node:zlib";

/** What every key begins with, so that secret scanners find one that was published by mistake. */
export const apiKeyPrefix = "eco_live_";

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const secretLength = 32;
const checksumLength = 6;
/** The whole of a key. `secret-scanning` patterns of code hosts take this expression as it is. */
export const apiKeyPattern = /^eco_live_[0-9A-Za-z]{38}$/;
const keyLength = apiKeyPrefix.length + secretLength + checksumLength;
/** Bytes from here up would make the first digits of the alphabet likelier than the last. */
const unbiasedBelow = 256 - (256 % alphabet.length);

/**
 * A new key: `eco_live_`, 32 base62 digits (190 bits) and a CRC32 of both in six digits. The checksum proves nothing; it
 * lets typos and made-up keys be refused without a look-up, and lets scanners report keys only.
 * @param randomBytes gives that many bytes from a cryptographic source
 */
export function createApiKey(randomBytes: (count: number) => Uint8Array): string {
  let secret = "";
  while (secret.length < secretLength) {
    for (const byte of randomBytes(secretLength)) {
      if (byte < unbiasedBelow && secret.length < secretLength) secret += alphabet[byte % alphabet.length];
    }
  }
  return apiKeyPrefix + secret + checksum(apiKeyPrefix + secret);
}

/** Whether the text has the form of a key and its checksum is right. Says nothing about whether the key exists. */
export function looksLikeApiKey(text: string): boolean {
  if (text.length !== keyLength || !apiKeyPattern.test(text)) return false;
  const at = keyLength - checksumLength;
  return checksum(text.slice(0, at)) === text.slice(at);
}

function checksum(text: string): string {
  let rest = crc32(text);
  let digits = "";
  for (let place = 0; place < checksumLength; place++) {
    digits = alphabet[rest % alphabet.length] + digits;
    rest = Math.floor(rest / alphabet.length);
  }
  return digits;
}
