import { createHash } from "node:crypto";
import type { Sql, Transaction } from "#mesh/postgres/sql";

/** A row as it is hashed; `micros` are microseconds since 1970, as the database has them. */
export interface SealedContent {
  readonly id: number;
  readonly micros: number;
  readonly act: string;
  readonly paymentId: string | null;
  readonly content: string;
}

/** What the first row's hash begins with. */
export const genesisHash: Uint8Array = new Uint8Array(32);

const atOnce = 1_000;
const sealLock = 7_340_011;

/** SHA-256 over the hash before and the whole row, with its place in the chain. */
export function rowHash(
  previous: Uint8Array,
  position: number,
  { id, micros, act, paymentId, content }: SealedContent,
): Buffer {
  const canonical = JSON.stringify([position, id, micros, act, paymentId, content]);
  return createHash("sha256").update(previous).update(canonical).digest();
}

/**
 * Chains the rows of the audit log that are not sealed yet, in batches, so that whoever writes one waits for nobody.
 * A row whose transaction commits late gets a later place than its id suggests. One process at a time does it.
 * @returns how many rows were sealed
 */
export async function sealAuditLog(sql: Sql): Promise<number> {
  const [waiting] = await sql`select 1 from audit_log where position is null limit 1`;
  if (waiting === undefined) return 0;
  let sealed = 0;
  for (;;) {
    const batch = await sql.begin((tx) => sealBatch(tx));
    sealed += batch;
    if (batch < atOnce) return sealed;
  }
}

async function sealBatch(tx: Transaction): Promise<number> {
  // A thousand rows and their seals meet in a hash; the service's sessions, which look up a few rows by key, do without.
  const [lock] = await tx<{ taken: boolean }[]>`
    select pg_try_advisory_xact_lock(${sealLock}) as taken, set_config('enable_hashjoin', 'on', true)`;
  if (!lock?.taken) return 0;
  const [head] = await tx<{ position: number; hash: Uint8Array }[]>`
    select position, hash from audit_log where position is not null order by position desc limit 1`;
  const rows = await tx<SealedContent[]>`
    select id, ${micros(tx)} as micros, act, payment_id as "paymentId", content
    from audit_log where position is null order by id limit ${atOnce}`;
  let position = head?.position ?? 0;
  let previous: Uint8Array = head?.hash ?? genesisHash;
  const seals = rows.map((row) => {
    position++;
    const hash = rowHash(previous, position, row);
    const seal = { id: row.id, position, previous: hex(previous), hash: hex(hash) };
    previous = hash;
    return seal;
  });
  await tx`
    update audit_log set position = seal.position, previous_hash = decode(seal.previous, 'hex'),
      hash = decode(seal.hash, 'hex')
    from unnest(${seals.map(({ id }) => id)}::bigint[], ${seals.map((each) => each.position)}::bigint[],
      ${seals.map((each) => each.previous)}::text[], ${seals.map(({ hash }) => hash)}::text[])
      as seal (id, position, previous, hash)
    where audit_log.id = seal.id and audit_log.position is null`;
  return seals.length;
}

export const micros = (sql: Sql | Transaction) => sql`(extract(epoch from at) * 1000000)::bigint`;

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
