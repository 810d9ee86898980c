import type { JWK } from "jose";
import type { Reader, Transaction } from "#mesh/postgres/sql";
import type { KeyTimes } from "./signing-keys.ts";

/** Serialises the making of keys, so that processes that start at once agree on one. */
const keysLock = 7_340_101;

/** A signing key as it is stored: the private half sealed by the key vault. */
export interface StoredKey extends KeyTimes {
  readonly publicJwk: JWK;
  readonly privateKey: Uint8Array;
}

export async function lockKeys(tx: Transaction): Promise<void> {
  await tx`select pg_advisory_xact_lock(${keysLock})`;
}

export async function loadKeys(sql: Reader): Promise<StoredKey[]> {
  return await sql<StoredKey[]>`
    select kid, public_jwk as "publicJwk", private_key as "privateKey",
      created_at as "createdAt", active_from as "activeFrom"
    from signing_keys`;
}

export async function insertKey(tx: Transaction, key: StoredKey): Promise<void> {
  await tx`
    insert into signing_keys (kid, public_jwk, private_key, created_at, active_from)
    values (${key.kid}, ${tx.json({ ...key.publicJwk })}, ${key.privateKey}, ${key.createdAt}, ${key.activeFrom})`;
}

export async function deleteKeys(tx: Transaction, kids: readonly string[]): Promise<void> {
  await tx`delete from signing_keys where kid = any(${kids as string[]})`;
}
