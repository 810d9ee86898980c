import type { Reader, Transaction } from "#mesh/postgres/sql";
import type { NewNotification, NotificationStatus, NotificationType } from "./notification.ts";

export interface NotificationRow {
  readonly id: string;
  readonly userId: string;
  readonly type: NotificationType;
  readonly channel: string;
  readonly status: NotificationStatus;
  readonly orderId: string | null;
  readonly createdAt: Date;
  readonly sentAt: Date | null;
}

/** A notification that was taken in order to be sent, with whom it goes to. */
export type ClaimedNotification = NewNotification & {
  readonly attempts: number;
  /** Null while user-service has not told of this person. */
  readonly email: string | null;
  readonly firstName: string | null;
  readonly gone: boolean;
  readonly orderUpdates: boolean | null;
};

/** The queue has it until then; after that it is taken for lost. */
const queuedSeconds = 30;
/** A sender has it until then; after that the sender is taken for dead. */
const claimedSeconds = 120;

/** Adds what is not there yet and says whether it was added. */
export async function addNotification(
  tx: Transaction,
  { content, ...added }: NewNotification,
  at: Date,
): Promise<boolean> {
  const rows = await tx`
    insert into notifications (id, key, user_id, type, order_id, content, created_at, due_at)
    values (${added.id}, ${added.key}, ${added.userId}, ${added.type}, ${added.orderId ?? null},
      ${JSON.stringify(content)}::text::jsonb, ${at}, now() + make_interval(secs => ${queuedSeconds}))
    on conflict (key) do nothing`;
  return rows.count === 1;
}

/** Takes those of `ids` that wait, so that nobody else sends them meanwhile. */
export function claimNotifications(tx: Transaction, ids: readonly string[]): Promise<ClaimedNotification[]> {
  return tx<ClaimedNotification[]>`
    with claimed as (
      update notifications set status = 'sending', attempts = attempts + 1,
        due_at = now() + make_interval(secs => ${claimedSeconds})
      where id = any(${[...ids]}::uuid[]) and (status = 'queued' or (status = 'sending' and due_at <= now()))
      returning id, key, user_id, type, order_id, content, attempts
    )
    select c.id, c.key, c.user_id as "userId", c.type, c.order_id as "orderId", c.content, c.attempts,
      r.email, r.first_name as "firstName", r.deleted_at is not null as gone, p.order_updates as "orderUpdates"
    from claimed c
    left join recipients r on r.user_id = c.user_id
    left join preferences p on p.user_id = c.user_id`.then((rows) => [...rows]);
}

export type Ending = "sent" | "skipped" | "failed";

/** Ends those that are still this sender's. */
export async function endNotifications(
  tx: Transaction,
  ending: Ending,
  ids: readonly string[],
  reason?: string,
): Promise<void> {
  if (ids.length === 0) return;
  await tx`
    update notifications set status = ${ending}, due_at = null, reason = ${reason ?? null},
      sent_at = case when ${ending} = 'sent' then now() end
    where id = any(${[...ids]}::uuid[]) and status = 'sending'`;
}

/** Gives one back to be tried again. */
export async function postponeNotification(
  tx: Transaction,
  id: string,
  afterMs: number,
  reason: string,
): Promise<void> {
  await tx`
    update notifications set status = 'queued', reason = ${reason.slice(0, 500)},
      due_at = now() + make_interval(secs => ${afterMs / 1000})
    where id = ${id} and status = 'sending'`;
}

/** Those that are due, at most `limit`, given to the caller for as long as the queue may take. */
export async function takeDue(tx: Transaction, limit: number): Promise<string[]> {
  const rows = await tx<{ id: string }[]>`
    update notifications set due_at = now() + make_interval(secs => ${queuedSeconds}), status = 'queued'
    where id in (
      select id from notifications where due_at <= now() order by due_at limit ${limit} for update skip locked
    ) returning id`;
  return rows.map(({ id }) => id);
}

/** A person's notifications, the newest first, from below `before`. */
export async function listNotifications(
  sql: Reader,
  { userId, before, limit }: { userId: string; before: string | undefined; limit: number },
): Promise<NotificationRow[]> {
  return await sql<NotificationRow[]>`
    select id, user_id as "userId", type, channel, status, order_id as "orderId", created_at as "createdAt", sent_at as "sentAt"
    from notifications
    where user_id = ${userId} ${before === undefined ? sql`` : sql`and id < ${before}`}
    order by id desc limit ${limit}`;
}

/** How many wait and for how long the oldest has, in seconds. */
export async function queueDepth(sql: Reader): Promise<{ depth: number; ageSeconds: number }> {
  const [row] = await sql<{ depth: number; ageSeconds: number }[]>`
    select count(*) as depth, coalesce(extract(epoch from now() - min(created_at)), 0)::float8 as "ageSeconds"
    from notifications where due_at is not null`;
  return row ?? { depth: 0, ageSeconds: 0 };
}
