import type { Sql } from "postgres";

/** Held while the tables are made, so that processes that start together do not collide. */
const schemaLock = 7_350_001;

/**
 * Creates the tables of the embedded bus where they are not there yet.
 *
 * - `partitions.next_offset` is what the next message gets; the row's lock makes offsets gapless and visible in order.
 * - `messages.partition_id` references nothing: what appends has just locked and updated the partition, and no partition is
 *   ever deleted, so the check of each message would only cost (a quarter of appending).
 * - `offsets.next_offset` is what the group reads next in the partition.
 * - Who lives and who reads which partition is in no table: session advisory locks say it (embedded-session.ts).
 *
 * Rows that are updated all the time have room beside them (fillfactor), so that no index is touched.
 */
export async function createSchema(sql: Sql): Promise<void> {
  await sql.begin(async (tx) => {
    await tx`select pg_advisory_xact_lock(${schemaLock})`;
    await tx`
      create table if not exists partitions (
        id int generated always as identity primary key,
        topic text not null,
        number int not null,
        next_offset bigint not null default 0,
        unique (topic, number)
      ) with (fillfactor = 20)`;
    await tx`
      create table if not exists messages (
        partition_id int not null,
        "offset" bigint not null,
        key text not null,
        value text not null,
        headers json,
        at timestamptz not null default now(),
        primary key (partition_id, "offset")
      )`;
    // Tables of before had the reference.
    await tx`
      do $$ begin
        if exists (select from pg_constraint where conname = 'messages_partition_id_fkey') then
          alter table messages drop constraint messages_partition_id_fkey;
        end if;
      end $$`;
    await tx`
      create table if not exists groups (
        id int generated always as identity primary key,
        name text not null unique
      )`;
    await tx`
      create table if not exists offsets (
        group_id int not null references groups on delete cascade,
        partition_id int not null references partitions,
        next_offset bigint not null default 0,
        primary key (group_id, partition_id)
      ) with (fillfactor = 20)`;
  });
}
