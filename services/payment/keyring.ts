import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";

const nonceLength = 12;
const tagLength = 16;
const algorithm = "aes-256-gcm";

/** Seals what must not be read from a copy of the database. */
export interface Keyring {
  /** @param place which row and column it is for; it opens in no other */
  seal(text: string, place: string): string;
  /** @throws when the key is not in the ring, or the text was changed or comes from another place */
  open(sealed: string, place: string): string;
  /** How texts start that are sealed with the key in use: `v1.<key id>.` */
  readonly currentPrefix: string;
}

/**
 * AES-256-GCM. A sealed text is `v1.<key id>.<nonce, ciphertext, tag in base64url>`.
 * @param text `id:key,id:key,…` with 32 bytes in base64 each: the first one seals, all of them open
 * @throws with what is wrong, never with a key
 */
export function openKeyring(text: string): Keyring {
  const keys = new Map(text.split(",").map((entry) => parsedKey(entry.trim())));
  const [current] = keys;
  if (current === undefined) throw new Error("has no key");
  const [currentId, currentKey] = current;
  const currentPrefix = `v1.${currentId}.`;
  return {
    currentPrefix,
    seal(plain, place) {
      const nonce = randomBytes(nonceLength);
      const cipher = createCipheriv(algorithm, currentKey, nonce).setAAD(Buffer.from(place));
      const bytes = Buffer.concat([nonce, cipher.update(plain, "utf8"), cipher.final(), cipher.getAuthTag()]);
      return currentPrefix + bytes.toString("base64url");
    },
    open(sealed, place) {
      const [version, id = "", body = "", ...rest] = sealed.split(".");
      if (version !== "v1" || rest.length > 0) throw new Error(`${place} is not sealed`);
      const key = keys.get(id);
      if (key === undefined) throw new Error(`KEYRING has no key "${id}", with which ${place} is sealed`);
      return opened(Buffer.from(body, "base64url"), key, place);
    },
  };
}

function opened(bytes: Buffer, key: Buffer, place: string): string {
  const end = bytes.length - tagLength;
  try {
    const decipher = createDecipheriv(algorithm, key, bytes.subarray(0, nonceLength), {
      authTagLength: tagLength,
    });
    decipher.setAAD(Buffer.from(place)).setAuthTag(bytes.subarray(end));
    return decipher.update(bytes.subarray(nonceLength, end), undefined, "utf8") + decipher.final("utf8");
  } catch (cause) {
    throw new Error(`${place} does not open: it was changed, or sealed for another place`, { cause });
  }
}

function parsedKey(entry: string): [string, Buffer] {
  const [, id, base64] = /^([A-Za-z0-9_-]{1,32}):([A-Za-z0-9+/_-]{43}=?)$/.exec(entry) ?? [];
  const key = Buffer.from(base64 ?? "", "base64");
  if (id === undefined || key.length !== 32) {
    throw new Error("entries like k1:<32 bytes in base64>, separated by commas");
  }
  return [id, key];
}
