import { createPublicKey, type KeyObject } from "node:crypto";
import { algorithmsOfKey, hasSafeSize, type SignatureAlgorithm } from "./signature-algorithm.ts";

/** A public key of an issuer. */
export interface VerifyingKey {
  /** Empty where the issuer gives it none. */
  readonly id: string;
  /** What may be checked with it, by its type and by its own word. */
  readonly algorithms: readonly SignatureAlgorithm[];
  readonly key: KeyObject;
  /** Set when the issuer no longer publishes it: nothing that it signed is good any more. */
  withdrawn: boolean;
  /** The key as it was published, to see whether it is the same one. */
  readonly text: string;
}

const maxKeys = 100;
/** Of every private key that JOSE knows: RSA, EC and OKP (`d`), further RSA members, and symmetric keys (`k`). */
const privateMembers = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
const members = ["kty", "crv", "x", "y", "n", "e", "alg"] as const;

/**
 * The keys of a JWK Set (RFC 7517 §5) that tokens are verified with. What is not understood is left out, as the RFC
 * wants it; what is wrong speaks against the whole set.
 * @returns what is wrong, as text, or the keys, at least one
 */
export function readJwks(document: unknown): string | readonly VerifyingKey[] {
  if (typeof document !== "object" || document === null || !("keys" in document)) return "it is no key set";
  const { keys } = document;
  if (!Array.isArray(keys)) return "its keys are no list";
  if (keys.length > maxKeys) return `it has ${keys.length} keys, expected at most ${maxKeys}`;
  const found: VerifyingKey[] = [];
  const ids = new Set<string>();
  for (const jwk of keys as unknown[]) {
    if (typeof jwk !== "object" || jwk === null) return "a key is no object";
    const read = readKey(jwk as Record<string, unknown>);
    if (typeof read === "string") return read;
    if (!read) continue;
    if (ids.has(read.id)) return `the key id ${JSON.stringify(read.id)} is there twice`;
    ids.add(read.id);
    found.push(read);
  }
  return found.length > 0 ? found : "it has no key to verify tokens with";
}

function readKey(jwk: Record<string, unknown>): VerifyingKey | string | undefined {
  // Published by mistake, such a key is everybody's: nothing beside it is to be believed.
  if (jwk.kty === "oct" || privateMembers.some((name) => name in jwk)) return "it holds a secret key";
  if (jwk.use !== undefined && jwk.use !== "sig") return undefined;
  if (Array.isArray(jwk.key_ops) && !jwk.key_ops.includes("verify")) return undefined;
  const possible = algorithmsOfKey(jwk);
  const algorithms = jwk.alg === undefined ? possible : possible.filter((each) => each === jwk.alg);
  if (algorithms.length === 0) return undefined;
  const id = jwk.kid ?? "";
  if (typeof id !== "string" || id.length > 256) return "a key's id is no short text";
  if (!hasSafeSize(jwk)) return `the RSA key ${JSON.stringify(id)} has too few bits or too many`;
  const published = Object.fromEntries(members.map((name) => [name, jwk[name]]));
  try {
    const key = createPublicKey({ key: published as JsonWebKey, format: "jwk" });
    return { id, algorithms, key, withdrawn: false, text: JSON.stringify(published) };
  } catch {
    return `the key ${JSON.stringify(id)} is damaged`;
  }
}
