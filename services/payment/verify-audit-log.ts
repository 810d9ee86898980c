import type { Sql } from "#mesh/postgres/sql";
import { genesisHash, hex, micros, rowHash, type SealedContent } from "./seal-audit-log.ts";

export interface AuditVerdict {
  /** Sealed rows that are as they were written, from the first one on. */
  readonly count: number;
  /** Rows that wait to be sealed; nothing is said about them. */
  readonly unsealed: number;
  /** Of the last good row, in hex. Kept elsewhere, it proves later that nothing before it was taken away. */
  readonly head: string;
  readonly broken?: { readonly position: number; readonly id: number | null; readonly why: string };
}

type Row = SealedContent & { position: number; previous: Uint8Array; hash: Uint8Array };
type Broken = NonNullable<AuditVerdict["broken"]>;

const atOnce = 2_000;

/**
 * Recomputes the chain of the audit log from its beginning.
 * @param noted a head that was printed before, in hex: it has to be in the chain still
 */
export async function verifyAuditLog(sql: Sql, noted?: string): Promise<AuditVerdict> {
  let count = 0;
  let previous: Uint8Array = genesisHash;
  let isNotedSeen = noted === undefined;
  let broken: Broken | undefined;
  while (broken === undefined) {
    const rows = await readRows(sql, count);
    if (rows.length === 0) break;
    for (const row of rows) {
      broken = fault(row, count + 1, previous);
      if (broken !== undefined) break;
      count++;
      previous = row.hash;
      isNotedSeen ||= hex(row.hash) === noted;
    }
  }
  if (broken === undefined && !isNotedSeen) {
    broken = { position: count + 1, id: null, why: `the head ${noted} is not in the chain any more` };
  }
  const [waiting] = await sql<{ count: number }[]>`
    select count(*) as count from audit_log where position is null`;
  const verdict = { count, unsealed: waiting?.count ?? 0, head: hex(previous) };
  return broken === undefined ? verdict : { ...verdict, broken };
}

const readRows = (sql: Sql, after: number) => sql<Row[]>`
  select position, id, ${micros(sql)} as micros, act, payment_id as "paymentId", content,
    previous_hash as previous, hash
  from audit_log where position > ${after} order by position limit ${atOnce}`;

function fault(row: Row, expected: number, previous: Uint8Array): Broken | undefined {
  const at = { position: expected, id: row.id };
  if (row.position !== expected) return { ...at, id: null, why: "a row is missing here" };
  if (hex(row.previous) !== hex(previous)) return { ...at, why: "it does not follow the row before it" };
  if (hex(rowHash(previous, row.position, row)) !== hex(row.hash)) {
    return { ...at, why: "it is not as it was sealed" };
  }
  return undefined;
}
