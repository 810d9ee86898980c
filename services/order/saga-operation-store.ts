import type { Sql, Transaction } from "#mesh/postgres/sql";
import type { CancelReason, OrderStatus } from "./order.ts";
import type { SagaStep } from "./saga.ts";

/** A saga that did not end by itself, for the person who looks after it. */
export interface StuckSaga {
  readonly orderId: string;
  readonly orderStatus: OrderStatus;
  readonly cancelReason: CancelReason | null;
  readonly step: SagaStep;
  readonly attempts: number;
  readonly startedAt: Date;
  readonly dueAt: Date;
  /** What the last try came to. */
  readonly lastOutcome: string | null;
}

/** Tried so often a saga has had more than two restarts' time; overdue so long nobody takes it up. */
const manyAttempts = 6;
const overdueSeconds = 30;

const isStuck = (sql: Sql) => sql`
  s.step is not null
    and (s.attempts >= ${manyAttempts} or s.due_at < now() - make_interval(secs => ${overdueSeconds}))`;

/** How many there are. */
export async function countStuckSagas(sql: Sql): Promise<number> {
  const [row] = await sql<
    { count: number }[]
  >`select count(*)::int as count from sagas s where ${isStuck(sql)}`;
  return row?.count ?? 0;
}

/** The oldest first, from behind the saga of the order `after`. */
export async function findStuckSagas(
  sql: Sql,
  { after, limit }: { after: string | undefined; limit: number },
): Promise<StuckSaga[]> {
  return await sql<StuckSaga[]>`
    select s.order_id as "orderId", o.status as "orderStatus", o.cancel_reason as "cancelReason", s.step, s.attempts,
      s.started_at as "startedAt", s.due_at as "dueAt", (
        select h.detail from order_history h where h.order_id = s.order_id and h.kind = 'step' order by h.id desc limit 1
      ) as "lastOutcome"
    from sagas s join orders o on o.id = s.order_id
    where ${isStuck(sql)}
      ${after ? sql`and (s.started_at, s.order_id) > (select started_at, order_id from sagas where order_id = ${after})` : sql``}
    order by s.started_at, s.order_id limit ${limit}`;
}

/** Makes a saga due that waits for its next try. */
export async function hurrySaga(
  tx: Transaction,
  { orderId, at, by }: { orderId: string; at: Date; by: string },
): Promise<void> {
  await tx`
    with hurried as (
      update sagas set due_at = now() where order_id = ${orderId} and lease is null and step is not null
      returning order_id
    )
    insert into order_history (order_id, at, kind, name, data)
    select order_id, ${at}, 'decision', 'retry', ${tx.json({ by })} from hurried`;
}

/** What a person gave up, why, and who it was. */
export interface Abandoned {
  readonly orderId: string;
  readonly step: SagaStep;
  readonly note: string;
  readonly at: Date;
  readonly by: string;
}

/** Notes it; what follows from it is another matter. */
export async function noteAbandoned(
  tx: Transaction,
  { orderId, step, note, at, by }: Abandoned,
): Promise<void> {
  await tx`
    insert into order_history (order_id, at, kind, name, detail, data)
    values (${orderId}, ${at}, 'decision', 'abandon', ${`${step}: ${note}`}, ${tx.json({ by })})`;
}

/** Goes on with the step `next`, whoever works on the saga; what they learn of the step before counts no more. */
export async function skipStep(tx: Transaction, abandoned: Abandoned, next: SagaStep): Promise<void> {
  await noteAbandoned(tx, abandoned);
  await tx`
    update sagas set step = ${next}, lease = null, attempts = 0, due_at = now()
    where order_id = ${abandoned.orderId}`;
}
