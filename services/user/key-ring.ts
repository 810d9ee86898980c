import { exportJWK, generateKeyPair, importJWK, type JSONWebKeySet, type JWK } from "jose";
import type { Sql, Transact } from "#mesh/postgres/sql";
import type { Log } from "#observability/log";
import type { KeyVault } from "./key-vault.ts";
import { deleteKeys, insertKey, loadKeys, lockKeys, type StoredKey } from "./signing-key-store.ts";
import { type KeySchedule, type KeyTimes, planKeys } from "./signing-keys.ts";

const refreshEveryMs = 60_000;

interface RingKey extends KeyTimes {
  readonly publicJwk: JWK;
  readonly signer: CryptoKey;
}

/** The signing keys as this process knows them, never older than a minute. */
export interface KeyRing {
  /** The key that signs now. */
  signing(): { readonly kid: string; readonly signer: CryptoKey };
  /** What verifiers are to know, public halves only (RFC 7517). */
  published(): JSONWebKeySet;
  /** Makes and destroys keys as the schedule wants it, and takes over what other processes did. */
  refresh(): Promise<void>;
  close(): void;
}

interface KeyRingOptions {
  readonly sql: Sql;
  readonly transaction: Transact;
  readonly vault: KeyVault;
  readonly schedule: KeySchedule;
  readonly now: () => Date;
  readonly newId: () => string;
  readonly log: Log;
}

/** Opens the ring and makes the first key where there is none. @throws when the stored keys cannot be opened */
export async function openKeyRing(options: KeyRingOptions): Promise<KeyRing> {
  const { vault, schedule, now, log } = options;
  let keys: readonly RingKey[] = [];

  async function refresh(): Promise<void> {
    const stored = await currentKeys(options);
    keys = await Promise.all(
      stored.map(async (key) => keys.find(({ kid }) => kid === key.kid) ?? (await openKey(vault, key))),
    );
  }

  await refresh();
  const timer = setInterval(() => {
    refresh().catch((error: unknown) => log.error({ err: error }, "signing keys could not be refreshed"));
  }, refreshEveryMs);
  timer.unref();

  return {
    signing() {
      const { signing } = planKeys(keys, now(), schedule);
      if (!signing) throw new Error("There is no signing key");
      return signing;
    },
    published: () => ({ keys: planKeys(keys, now(), schedule).published.map(({ publicJwk }) => publicJwk) }),
    refresh,
    close: () => clearInterval(timer),
  };
}

/** The stored keys after whatever the schedule wants done; the lock is only taken when something is due. */
async function currentKeys(options: KeyRingOptions): Promise<readonly StoredKey[]> {
  const { sql, transaction, schedule, now, log } = options;
  const stored = await loadKeys(sql);
  const plan = planKeys(stored, now(), schedule);
  if (!plan.next && plan.retired.length === 0) return stored;
  return transaction(async (tx) => {
    await lockKeys(tx);
    const { next, published, retired } = planKeys(await loadKeys(tx), now(), schedule);
    if (retired.length > 0) {
      const kids = retired.map(({ kid }) => kid);
      await deleteKeys(tx, kids);
      log.info({ kids }, "retired signing keys are destroyed");
    }
    if (!next) return published;
    const made = await makeKey(options, next.activeFrom);
    await insertKey(tx, made);
    log.info({ kid: made.kid, activeFrom: made.activeFrom }, "a signing key is made");
    return [...published, made];
  });
}

async function makeKey({ vault, now, newId }: KeyRingOptions, activeFrom: Date): Promise<StoredKey> {
  const kid = `user/${newId()}`;
  const { publicKey, privateKey } = await generateKeyPair("ES256", { extractable: true });
  const publicJwk = { ...(await exportJWK(publicKey)), kid, alg: "ES256", use: "sig" };
  const sealed = await vault.seal(kid, JSON.stringify(await exportJWK(privateKey)));
  return { kid, publicJwk, privateKey: sealed, createdAt: now(), activeFrom };
}

async function openKey(vault: KeyVault, stored: StoredKey): Promise<RingKey> {
  const { kid, publicJwk, createdAt, activeFrom } = stored;
  const jwk = JSON.parse(await vault.open(kid, stored.privateKey)) as JWK;
  const signer = await importJWK(jwk, "ES256");
  if (signer instanceof Uint8Array) throw new Error(`The signing key ${kid} is not asymmetric`);
  return { kid, publicJwk, createdAt, activeFrom, signer };
}
