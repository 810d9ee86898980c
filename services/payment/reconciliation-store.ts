import type { Sql } from "#mesh/postgres/sql";
import type { GatewayName } from "./payment-gateway.ts";
import type { Finding, FindingKind } from "./reconciliation.ts";

export interface KnownFinding extends Finding {
  readonly id: number;
  readonly gateway: GatewayName;
  readonly foundAt: Date;
}

/** Keeps a finding; true when it is new, or was thought to be resolved. */
export async function saveFinding(sql: Sql, gateway: GatewayName, finding: Finding): Promise<boolean> {
  const { kind, reference, orderId, detail, movedAt } = finding;
  const [row] = await sql<{ isNew: boolean }[]>`
    with before as (
      select 1 from reconciliation_findings
      where gateway = ${gateway} and kind = ${kind} and reference = ${reference} and resolved_at is null
    )
    insert into reconciliation_findings (gateway, kind, reference, order_id, detail, moved_at)
    values (${gateway}, ${kind}, ${reference}, ${orderId}, ${detail}, ${movedAt})
    on conflict (gateway, kind, reference) do update set last_seen_at = now(), resolved_at = null, detail = excluded.detail
    returning not exists (select from before) as "isNew"`;
  return row?.isNew ?? false;
}

/** Ends findings of this time that the run since `began` did not make again. */
export async function resolveFindings(
  sql: Sql,
  gateway: GatewayName,
  { from, to, began }: { readonly from: Date; readonly to: Date; readonly began: Date },
): Promise<number> {
  const rows = await sql`
    update reconciliation_findings set resolved_at = now()
    where gateway = ${gateway} and resolved_at is null and moved_at >= ${from} and moved_at < ${to}
      and last_seen_at < ${began}
    returning id`;
  return rows.length;
}

export async function openFindings(sql: Sql): Promise<KnownFinding[]> {
  return await sql<(KnownFinding & { kind: FindingKind })[]>`
    select id, gateway, kind, reference, order_id as "orderId", detail, moved_at as "movedAt", found_at as "foundAt"
    from reconciliation_findings where resolved_at is null order by id`;
}

/** True for the one process whose turn it is, when the last run began at least so long ago. */
export async function claimRun(sql: Sql, gateway: GatewayName, everyMinutes: number): Promise<boolean> {
  const rows = await sql`
    insert into reconciliation_runs (gateway, began_at) values (${gateway}, now())
    on conflict (gateway) do update set began_at = now(), ended_at = null
      where reconciliation_runs.began_at <= now() - make_interval(secs => ${everyMinutes * 60})
    returning gateway`;
  return rows.length === 1;
}

export async function endRun(
  sql: Sql,
  gateway: GatewayName,
  { charges, refunds, repairs }: { charges: number; refunds: number; repairs: number },
): Promise<void> {
  await sql`
    update reconciliation_runs set ended_at = now(), charges = ${charges}, refunds = ${refunds}, repairs = ${repairs}
    where gateway = ${gateway}`;
}

/** The database's clock: findings are stamped by it. */
export async function databaseNow(sql: Sql): Promise<Date> {
  const [row] = await sql<{ now: Date }[]>`select clock_timestamp() as now`;
  if (row === undefined) throw new Error("The database told no time");
  return row.now;
}
