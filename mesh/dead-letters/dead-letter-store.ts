import type { Reader, Sql, Transaction } from "../postgres/sql.ts";

export interface DeadLetter {
  readonly eventId: string;
  /** `inbox`: its reaction failed for good here. `outbox`: the bus refused it for good. */
  readonly origin: "inbox" | "outbox";
  readonly topic: string;
  readonly key: string;
  readonly payload: string;
  readonly reason: string;
  readonly attempts: number;
  readonly diedAt: Date;
  readonly replayRequestedAt: Date | null;
  readonly replayedAt: Date | null;
}

/** Keeps an event whose reaction failed for good; once more, its reason and attempts are brought up to date. */
export async function bury(
  tx: Transaction,
  {
    eventId,
    topic,
    key,
    payload,
    reason,
    attempts,
  }: Omit<DeadLetter, "origin" | "diedAt" | "replayRequestedAt" | "replayedAt">,
): Promise<void> {
  await tx`
    insert into dead_letters (event_id, origin, topic, key, payload, reason, attempts)
    values (${eventId}, 'inbox', ${topic}, ${storable(key)}, ${storable(payload)}, ${storable(reason).slice(0, 2000)}, ${attempts})
    on conflict (event_id, origin) do update
    set reason = excluded.reason, attempts = dead_letters.attempts + excluded.attempts`;
}

/** PostgreSQL keeps no U+0000 in a text; its visible picture stands for it. */
const storable = (text: string): string => text.replaceAll("\u0000", "\u2400");

/** The oldest one that somebody wants tried again, for this transaction alone. */
export async function takeRequested(tx: Transaction): Promise<DeadLetter | undefined> {
  const [row] = await tx<DeadLetter[]>`
    select ${columns(tx)} from dead_letters
    where replay_requested_at is not null and origin = 'inbox'
    order by replay_requested_at limit 1 for update skip locked`;
  return row;
}

export async function markReplayed(tx: Transaction, eventId: string): Promise<void> {
  await tx`
    update dead_letters set replayed_at = now(), replay_requested_at = null, attempts = attempts + 1
    where event_id = ${eventId} and origin = 'inbox'`;
}

/** It stays a dead letter, with what it failed for this time. */
export async function markFailedAgain(tx: Transaction, eventId: string, reason: string): Promise<void> {
  await tx`
    update dead_letters
    set reason = ${storable(reason).slice(0, 2000)}, replay_requested_at = null, attempts = attempts + 1
    where event_id = ${eventId} and origin = 'inbox'`;
}

export interface DeadLetterQuery {
  readonly id?: string | undefined;
  /** With those that were replayed; otherwise only those that still wait for somebody. */
  readonly replayed: boolean;
  readonly limit: number;
  /** Only those behind this one. */
  readonly after?: Pick<DeadLetter, "eventId" | "origin"> | undefined;
}

/** In the order of their ids, which is that of their making; it stays the same while some are replayed. */
export async function readDeadLetters(
  sql: Sql,
  { id, replayed, limit, after }: DeadLetterQuery,
): Promise<DeadLetter[]> {
  return await sql<DeadLetter[]>`
    select ${columns(sql)} from dead_letters
    where (${id ?? null}::uuid is null or event_id = ${id ?? null}) and (${replayed} or replayed_at is null)
      and (event_id, origin) > (${after?.eventId ?? "00000000-0000-0000-0000-000000000000"}, ${after?.origin ?? ""})
    order by event_id, origin limit ${limit}`;
}

/**
 * Asks for one to be tried again: the service itself reacts to an event of its inbox, in a transaction that claims it;
 * an event of the outbox is put back into it. Repeating it changes nothing.
 */
export async function requestReplay(sql: Sql, { eventId, origin }: DeadLetter): Promise<void> {
  if (origin === "inbox") {
    await sql`
      update dead_letters set replay_requested_at = now()
      where event_id = ${eventId} and origin = 'inbox' and replayed_at is null and replay_requested_at is null`;
    return;
  }
  await sql`
    with freed as (
      update dead_letters set replayed_at = now()
      where event_id = ${eventId} and origin = 'outbox' and replayed_at is null
      returning event_id, topic, key, payload
    )
    insert into outbox (event_id, topic, key, payload) select event_id, topic, key, payload from freed`;
}

/** Whether an event still waits to be published. */
export async function isInOutbox(sql: Sql, eventId: string): Promise<boolean> {
  return (await sql`select 1 from outbox where event_id = ${eventId} limit 1`).length > 0;
}

/** How many wait for somebody to look. */
export async function countDeadLetters(sql: Sql): Promise<number> {
  const [row] = await sql<
    { count: number }[]
  >`select count(*) as count from dead_letters where replayed_at is null`;
  return row?.count ?? 0;
}

export async function isReplayRequested(sql: Sql): Promise<boolean> {
  const rows = await sql`
    select 1 from dead_letters where replay_requested_at is not null and origin = 'inbox' limit 1`;
  return rows.length > 0;
}

const columns = (sql: Reader) => sql`
  event_id as "eventId", origin, topic, key, payload, reason, attempts, died_at as "diedAt",
  replay_requested_at as "replayRequestedAt", replayed_at as "replayedAt"`;
