import type { Sql } from "postgres";
import type { BusMessage } from "./bus.ts";

export interface Partition {
  readonly id: number;
  readonly topic: string;
  readonly number: number;
}

/** Payload: the ids of the partitions, comma separated; empty when they are too many to name. */
export const publishedChannel = "bus_published";
/** PostgreSQL refuses a notification of 8000 bytes. */
const longestPayload = 7000;

/** The writing side of the embedded log: topics and their partitions, and the one statement that appends. */
export function openEmbeddedLog({ partitionsPerTopic }: { partitionsPerTopic: number }) {
  const known = new Map<string, readonly Partition[]>();

  /** A topic keeps the number of partitions that it was created with. */
  async function partitionsOf(sql: Sql, topic: string): Promise<readonly Partition[]> {
    const cached = known.get(topic);
    if (cached) return cached;
    let rows = await readPartitions(sql, topic);
    if (rows.length === 0) {
      await sql`
        insert into partitions (topic, number)
        select ${topic}, number from generate_series(0, ${partitionsPerTopic - 1}::int) as number
        on conflict do nothing`;
      rows = await readPartitions(sql, topic);
    }
    known.set(topic, rows);
    return rows;
  }

  const readPartitions = (sql: Sql, topic: string) =>
    sql<Partition[]>`select id, topic, number from partitions where topic = ${topic} order by number`;

  /**
   * Appends all or nothing, in one statement. Partitions are locked in the order of their ids, so that publishers wait
   * for each other instead of deadlocking, and until the commit: the offsets have no gap and appear in order.
   */
  async function append(sql: Sql, messages: readonly BusMessage[]): Promise<void> {
    const counts = new Map<number, number>();
    const partitionIds: number[] = [];
    const positions: number[] = [];
    for (const { topic, key } of messages) {
      const partitions = known.get(topic) ?? (await partitionsOf(sql, topic));
      const { id } = partitions[hash(key) % partitions.length] as Partition;
      const position = counts.get(id) ?? 0;
      counts.set(id, position + 1);
      partitionIds.push(id);
      positions.push(position);
    }
    const ids = [...counts.keys()];
    const payload = ids.join(",");
    await sql`
      with locked as materialized (
        select id from partitions where id = any(${ids}::int[]) order by id for update
      ), bumped as (
        update partitions set next_offset = next_offset + appended.messages
        from unnest(${ids}::int[], ${[...counts.values()]}::int[]) as appended (id, messages)
        join locked using (id)
        where partitions.id = appended.id
        returning partitions.id, next_offset - appended.messages as first_offset
      ), inserted as (
        insert into messages (partition_id, "offset", key, value, headers)
        select bumped.id, first_offset + position, key, value, headers::json
        from unnest(
          ${partitionIds}::int[], ${positions}::int[], ${messages.map(({ key }) => key)}::text[],
          ${messages.map(({ value }) => value)}::text[], ${messages.map(headersOf)}::text[]
        ) as message (id, position, key, value, headers)
        join bumped using (id)
      )
      select pg_notify(${publishedChannel}, ${payload.length > longestPayload ? "" : payload})`;
  }

  /** How many messages of these partitions the group has not read. */
  async function waiting(sql: Sql, group: string, partitionIds: readonly number[]): Promise<number> {
    const [row] = await sql<{ waiting: number }[]>`
      select sum(partitions.next_offset - offsets.next_offset)::float8 as waiting
      from offsets join partitions on partitions.id = partition_id
      where group_id = (select id from groups where name = ${group})
        and partition_id = any(${[...partitionIds]}::int[])`;
    return row?.waiting ?? 0;
  }

  return { partitionsOf, append, waiting };
}

const headersOf = ({ headers }: BusMessage) => (headers ? JSON.stringify(headers) : null);

/** FNV-1a over UTF-16 units. Changing it would send a key's next messages to another partition, out of order. */
function hash(key: string): number {
  let value = 0x811c9dc5;
  for (let at = 0; at < key.length; at += 1) value = Math.imul(value ^ key.charCodeAt(at), 0x01000193);
  return value >>> 0;
}
