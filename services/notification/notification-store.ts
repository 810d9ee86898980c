import type { CloudEvent } from "#mesh/events/cloud-event";
import { notificationTopic } from "#mesh/events/notification-events";
import type { Reader, Sql, Transaction } from "#mesh/postgres/sql";
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
export type ClaimedNotification = Omit<NewNotification, "traceparent" | "correlationId"> & {
  readonly attempts: number;
  readonly traceparent: string | null;
  readonly correlationId: string | null;
  readonly createdAt: Date;
  /** Null while user-service has not told of this person. */
  readonly email: string | null;
  readonly firstName: string | null;
  readonly gone: boolean;
  readonly orderUpdates: boolean | null;
};

/** The queue has it until then; after that it is taken for lost. */
const queuedSeconds = 30;
/** A sender has it until then; after that the sender is taken for dead. */
const claimedSeconds = 30;
const longestReason = 500;

/** What a sender needs of `c`, a row of notifications, beside its recipient `r` and their preferences `p`. */
const claimedColumns = (sql: Reader) => sql`
  c.id, c.key, c.user_id as "userId", c.type, c.order_id as "orderId", c.content, c.attempts, c.traceparent,
  c.correlation_id as "correlationId", c.created_at as "createdAt", r.email, r.first_name as "firstName",
  r.deleted_at is not null as gone, p.order_updates as "orderUpdates"`;

/**
 * Adds those whose key is not there yet and returns them.
 * @param claim whether the caller will send them, or hand them to the queue
 */
export async function addNotifications(
  tx: Transaction,
  added: readonly NewNotification[],
  { at, claim }: { readonly at: Date; readonly claim: boolean },
): Promise<ClaimedNotification[]> {
  if (added.length === 0) return [];
  const [status, attempts, seconds] = claim ? ["sending", 1, claimedSeconds] : ["queued", 0, queuedSeconds];
  return await tx<ClaimedNotification[]>`
    with c as (
      insert into notifications
        (id, key, user_id, type, order_id, content, traceparent, correlation_id, created_at, status, attempts, due_at)
      select id, key, "userId", type, "orderId", content, traceparent, "correlationId", ${at}, ${status}, ${attempts},
        now() + make_interval(secs => ${seconds})
      from json_to_recordset(${JSON.stringify(added)}::text::json) as added(id uuid, key text, "userId" uuid, type text,
        "orderId" uuid, content jsonb, traceparent text, "correlationId" text)
      on conflict (key) do nothing
      returning *
    )
    select ${claimedColumns(tx)}
    from c left join recipients r on r.user_id = c.user_id left join preferences p on p.user_id = c.user_id`;
}

/**
 * Takes those of `ids` that wait, so that nobody else sends them meanwhile. It writes and still takes `sql`: the one
 * statement is its own transaction, which saves two round trips.
 */
export async function claimNotifications(sql: Sql, ids: readonly string[]): Promise<ClaimedNotification[]> {
  return await sql<ClaimedNotification[]>`
    with c as (
      update notifications set status = 'sending', attempts = attempts + 1,
        due_at = now() + make_interval(secs => ${claimedSeconds})
      where id = any(${[...ids]}::uuid[]) and (status = 'queued' or (status = 'sending' and due_at <= now()))
      returning *
    )
    select ${claimedColumns(sql)}
    from c left join recipients r on r.user_id = c.user_id left join preferences p on p.user_id = c.user_id`;
}

/** Says that the sender of these is alive. Those that somebody is writing to at this moment are ended or extended by that. */
export async function extendClaims(tx: Transaction, ids: readonly string[]): Promise<void> {
  await tx`
    update notifications set due_at = now() + make_interval(secs => ${claimedSeconds})
    where id in (
      select id from notifications where id = any(${[...ids]}::uuid[]) and status = 'sending' for update skip locked
    )`;
}

/** How sending one went, as it is written down, and what is told of it. */
export interface SavedOutcome {
  readonly id: string;
  readonly status: NotificationStatus;
  readonly reason: string | undefined;
  /** When it is due again; undefined for one that has ended. */
  readonly afterSeconds: number | undefined;
  readonly event: CloudEvent | undefined;
}

/**
 * Ends those that are still claimed, with their events, or gives them back to be tried again: one statement, which is a
 * transaction of its own. The ids are named twice so that any plan looks them up, also one made while the table was empty.
 */
export async function saveOutcomes(sql: Sql, outcomes: readonly SavedOutcome[]): Promise<void> {
  const given = outcomes.map(({ event, reason, ...outcome }) => ({
    ...outcome,
    reason: reason?.slice(0, longestReason),
    eventId: event?.id,
    event: event && JSON.stringify(event),
  }));
  await sql`
    with ended as (
      update notifications n set status = o.status, reason = o.reason,
        sent_at = case when o.status = 'sent' then now() end,
        due_at = now() + make_interval(secs => o."afterSeconds")
      from json_to_recordset(${JSON.stringify(given)}::text::json)
        as o(id uuid, status text, reason text, "afterSeconds" float8, "eventId" uuid, event text)
      where n.id = o.id and n.id = any(${given.map(({ id }) => id)}::uuid[]) and n.status = 'sending'
      returning n.id, o."eventId", o.event
    )
    insert into outbox (event_id, topic, key, payload)
    select "eventId", ${notificationTopic}, id, event from ended where event is not null`;
}

/** A person has become known: what waited for that is due. */
export async function wakeNotificationsOf(tx: Transaction, userId: string): Promise<void> {
  await tx`update notifications set due_at = now() where user_id = ${userId} and status = 'queued' and attempts > 0`;
}

/** Keeps that there was a message, not what it said. */
export async function eraseContents(tx: Transaction, userId: string): Promise<void> {
  await tx`update notifications set content = '{}' where user_id = ${userId} and content <> '{}'`;
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
