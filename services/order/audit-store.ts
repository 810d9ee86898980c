import type { Sql, Transaction } from "#mesh/postgres/sql";
import type { Violation } from "./order-audit.ts";

const leaseSeconds = 60;

/** The id up to which all is audited; undefined while another process audits. */
export async function claimAudit(sql: Sql): Promise<string | undefined> {
  const [row] = await sql<{ auditedTo: string }[]>`
    update audit_progress set leased_until = now() + make_interval(secs => ${leaseSeconds})
    where only_row and leased_until <= now() returning audited_to as "auditedTo"`;
  return row?.auditedTo;
}

export interface ToAudit {
  readonly id: string;
  /** Its saga has not ended. */
  readonly underWay: boolean;
}

/** Orders from behind `after` and before `before` in the order of their placing, then those of the queue that are due. */
export async function findToAudit(
  sql: Sql,
  { after, before, limit }: { after: string; before: string; limit: number },
): Promise<{ placed: ToAudit[]; queued: ToAudit[] }> {
  const placed = await sql<ToAudit[]>`
    select s.order_id as id, s.step is not null as "underWay" from sagas s
    where s.order_id > ${after} and s.order_id < ${before} order by s.order_id limit ${limit}`;
  const queued = await sql<ToAudit[]>`
    select s.order_id as id, s.step is not null as "underWay"
    from audit_queue q join sagas s on s.order_id = q.order_id where q.due_at <= now() order by q.due_at limit ${limit}`;
  return { placed: [...placed], queued: [...queued] };
}

export interface AuditOutcome {
  readonly auditedTo: string;
  /** Looked at and out of the queue. */
  readonly done: readonly string[];
  /** To be looked at again. */
  readonly again: readonly string[];
  readonly violations: readonly Violation[];
}

const againAfterSeconds = 300;

/** Notes how an audit went and lets the next process audit. @returns the violations that nobody had found before */
export async function saveAudit(
  tx: Transaction,
  { auditedTo, done, again, violations }: AuditOutcome,
): Promise<Violation[]> {
  await tx`delete from audit_queue where order_id = any(${[...done]}::uuid[])`;
  await tx`
    insert into audit_queue (order_id, due_at)
    select id, now() + make_interval(secs => ${againAfterSeconds}) from unnest(${[...again]}::uuid[]) as id
    on conflict (order_id) do update set due_at = excluded.due_at`;
  const found = await tx<Violation[]>`
    insert into audit_findings (order_id, invariant, detail)
    select "orderId", invariant, detail
    from json_to_recordset(${JSON.stringify(violations)}::text::json) as v ("orderId" uuid, invariant text, detail text)
    on conflict do nothing returning order_id as "orderId", invariant, detail`;
  await tx`update audit_progress set audited_to = ${auditedTo}, leased_until = now()`;
  return [...found];
}
