import { constants, type KeyObject, verify } from "node:crypto";

/** The algorithms of RFC 7518 and RFC 8037 that are known here. Symmetric ones are not, and never `none`. */
export const signatureAlgorithms = ["ES256", "EdDSA", "RS256", "PS256"] as const;
export type SignatureAlgorithm = (typeof signatureAlgorithms)[number];

/** Keys of fewer bits are refused (RFC 7518 §3.3); of more, one check would cost too much. */
const rsaBits = { least: 2048, most: 8192 };
/** Two numbers of P-256 (RFC 7518 §3.4), or a point and a number of Ed25519 (RFC 8032 §5.1.6). */
const curveSignatureBytes = 64;

interface PublicJwk {
  readonly kty?: unknown;
  readonly crv?: unknown;
  readonly n?: unknown;
}

/** What a key is good for by its type alone: an algorithm never chooses the key's type. Empty for types not known. */
export function algorithmsOfKey({ kty, crv }: PublicJwk): readonly SignatureAlgorithm[] {
  if (kty === "EC" && crv === "P-256") return ["ES256"];
  if (kty === "OKP" && crv === "Ed25519") return ["EdDSA"];
  if (kty === "RSA") return ["RS256", "PS256"];
  return [];
}

/** Whether an RSA key is of a size that is taken; keys of other types always are. */
export function hasSafeSize({ kty, n }: PublicJwk): boolean {
  if (kty !== "RSA") return true;
  if (typeof n !== "string") return false;
  const modulus = Buffer.from(n, "base64url");
  const zeros = modulus.findIndex((byte) => byte !== 0);
  if (zeros === -1) return false;
  const bits = (modulus.length - zeros) * 8 - (Math.clz32(modulus[zeros] ?? 0) - 24);
  return bits >= rsaBits.least && bits <= rsaBits.most;
}

/** Synchronous on purpose: handing one check to another thread costs more than half as much as the check. */
export function isSignature(
  algorithm: SignatureAlgorithm,
  key: KeyObject,
  signed: Uint8Array,
  signature: Uint8Array,
): boolean {
  try {
    switch (algorithm) {
      case "ES256":
        if (signature.length !== curveSignatureBytes) return false;
        return verify("sha256", signed, { key, dsaEncoding: "ieee-p1363" }, signature);
      case "EdDSA":
        return signature.length === curveSignatureBytes && verify(null, signed, key, signature);
      case "RS256":
        return verify("sha256", signed, { key, padding: constants.RSA_PKCS1_PADDING }, signature);
      case "PS256":
        return verify(
          "sha256",
          signed,
          { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST },
          signature,
        );
    }
  } catch {
    // Bytes that are no signature of that kind at all.
    return false;
  }
}
