import { longestMessageBytes } from "../bus/bus.ts";
import type { Sql, Transaction } from "../postgres/sql.ts";

export interface WaitingRow {
  readonly id: number;
  readonly topic: string;
  readonly key: string;
  readonly payload: string;
}

export interface TakenBatch {
  /** Whether it was this process's turn; only then is the rest of any worth. */
  readonly turn: boolean;
  /** In the order of their ids. */
  readonly rows: readonly WaitingRow[];
  /** Whether more than these were waiting. */
  readonly more: boolean;
  /** Ids of events too long for any bus, which are dead letters now. */
  readonly tooLong: readonly string[];
}

/** Kafka takes no batch of a partition above 1 MiB, and this is what the relay holds in memory. */
const batchBytes = 900_000;
/** One process publishes at a time: the lock ends with the transaction. */
const relayLock = 7_340_003;
const keptDays = 3;

/**
 * Takes the oldest rows out of the outbox and notes them as published, all of which comes true if the caller commits:
 * after the bus has them. The delete looks at each row again, so that nothing is taken that another process has taken
 * between the snapshot and the lock. A row that is too long for the bus does not even leave the database.
 */
export async function takeBatch(tx: Transaction, limit: number): Promise<TakenBatch> {
  const found = await tx<(Partial<WaitingRow> & { turn: boolean; seen: number; eventId: string | null })[]>`
    with turn as materialized (
      select pg_try_advisory_xact_lock(${relayLock}) as mine
    ), oldest as materialized (
      select id, octet_length(payload) as bytes,
        sum(octet_length(payload)) over (order by id rows unbounded preceding) as total
      from (select id, payload from outbox where (select mine from turn) order by id limit ${limit}) as first
    ), taken as (
      delete from outbox using oldest
      where outbox.id = oldest.id and (total <= ${batchBytes} or total = bytes)
      returning outbox.id, event_id, topic, key, payload, bytes
    ), published as (
      insert into outbox_published (event_ids, keys, types)
      select array_agg(event_id order by id), array_agg(key order by id),
        array_agg(coalesce(substring(payload from '"type"\\s*:\\s*"([^"]+)"'), '') order by id)
      from taken where bytes <= ${longestMessageBytes} having count(*) > 0
    ), refused as (
      insert into dead_letters (event_id, origin, topic, key, payload, reason, attempts)
      select event_id, 'outbox', topic, key, payload,
        format('%s bytes are too long for the bus, which takes %s', bytes, ${longestMessageBytes}::int), 1
      from taken where bytes > ${longestMessageBytes}
      on conflict (event_id, origin) do update
      set reason = excluded.reason, attempts = dead_letters.attempts + 1, died_at = now(), replayed_at = null
    )
    select mine as turn, (select count(*) from oldest) as seen, id, topic, key, event_id as "eventId",
      case when bytes <= ${longestMessageBytes} then payload end as payload
    from turn left join taken on true order by id`;
  const rows = found.filter((row) => typeof row.payload === "string") as WaitingRow[];
  const tooLong = found.flatMap(({ payload, eventId }) =>
    eventId && typeof payload !== "string" ? [eventId] : [],
  );
  const [{ turn, seen } = { turn: false, seen: 0 }] = found;
  return { turn, rows, tooLong, more: seen === limit || seen > found.length };
}

/** Makes a dead letter of a row that the bus refuses whatever is tried. */
export async function setAside(sql: Sql, id: number, reason: string): Promise<void> {
  await sql`
    with refused as (delete from outbox where id = ${id} returning event_id, topic, key, payload)
    insert into dead_letters (event_id, origin, topic, key, payload, reason, attempts)
    select event_id, 'outbox', topic, key, payload, ${reason.slice(0, 2000)}, 1 from refused
    on conflict (event_id, origin) do update
    set reason = excluded.reason, attempts = dead_letters.attempts + 1, died_at = now(), replayed_at = null`;
}

/** How many rows wait and for how many seconds the oldest of them has. */
export async function measureLag(sql: Sql): Promise<{ waiting: number; seconds: number }> {
  const [row] = await sql<{ waiting: number; seconds: number }[]>`
    select count(*) as waiting, coalesce(extract(epoch from now() - min(created_at)), 0)::float8 as seconds from outbox`;
  return row ?? { waiting: 0, seconds: 0 };
}

/** Forgets what was published days ago, oldest first. */
export async function pruneOutbox(sql: Sql): Promise<void> {
  await sql`
    delete from outbox_published where id = any(array(
      select id from (select id, published_at from outbox_published order by id limit 5000) as oldest
      where published_at < now() - make_interval(days => ${keptDays})
    ))`;
}
