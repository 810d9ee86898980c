import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

/** 256 random bits, so a fast hash is enough to keep it (OWASP: slow ones are for what people choose). */
export const newClientSecret = (): string => `ecs_${randomBytes(32).toString("base64url")}`;

export const hashSecret = (secret: string): Buffer => createHash("sha256").update(secret).digest();

/** Which secrets a client has at the moment. */
export interface ClientSecrets {
  readonly secretHash: Uint8Array | null;
  readonly previousSecretHash: Uint8Array | null;
  readonly previousSecretUntil: Date | null;
}

/** Compares in constant time, and as long for a client that does not exist. */
export function secretMatches(secrets: ClientSecrets | undefined, secret: string, now: Date): boolean {
  const hash = hashSecret(secret);
  const nobodys = Buffer.alloc(hash.length);
  const { secretHash, previousSecretHash, previousSecretUntil } = secrets ?? {};
  const previousCounts = previousSecretUntil ? previousSecretUntil > now : false;
  const current =
    timingSafeEqual(hash, secretHash ?? nobodys) && secretHash !== null && secretHash !== undefined;
  const previous = timingSafeEqual(hash, (previousCounts && previousSecretHash) || nobodys) && previousCounts;
  return current || previous;
}
