import { randomUUID } from "node:crypto";
import postgres, { type Sql } from "postgres";
import type { DeliveredMessage } from "./bus.ts";
import type { Partition } from "./embedded-log.ts";
import { fairShare } from "./fair-share.ts";

/** Payload: the id of a group whose members or whose free partitions changed. */
export const membersChannel = "bus_members";

export interface Round {
  readonly messages: readonly DeliveredMessage[];
  /** What the group reads next, by partition id, once the messages are handled. */
  readonly next: ReadonlyMap<number, number>;
  /** Some partition had as many messages as were asked for: there are probably more. */
  readonly full: boolean;
}

export interface SessionOptions {
  readonly databaseUrl: string;
  readonly clientId: string;
  readonly group: string;
  /** Every partition of every topic that is subscribed to. */
  readonly partitions: readonly Partition[];
  /** The server ends a session that is silent for so long, and with it frees the partitions of a process that hangs. */
  readonly sessionTimeoutMs: number;
}

/** So much is held in memory at once, however large the messages are. */
const roundBytes = 4_000_000;

interface MessageRow {
  id: number;
  offset: string;
  key: string;
  value: string;
  headers: Record<string, string> | null;
}

/**
 * One member of a group, as long as its one connection lives. Everything that it holds is a session advisory lock: a
 * shared one per topic says "I am a member", an exclusive one per partition "I read this". So the death of a process, a
 * lost connection and a silent process (idle_session_timeout) all free its partitions, and no clocks are compared.
 * postgres.js reconnects by itself; the new session has neither the locks nor the token, and then nothing is committed.
 */
export class EmbeddedSession {
  readonly #sql: Sql;
  readonly #group: string;
  readonly #groupId: Promise<number>;
  readonly #byId: ReadonlyMap<number, Partition>;
  readonly #topics: ReadonlyMap<string, readonly Partition[]>;
  readonly #token = randomUUID();
  readonly #lost = new AbortController();
  readonly #heartbeat: ReturnType<typeof setInterval>;
  /** The next offset of every partition that is held. */
  readonly #held = new Map<number, number>();
  #silent = false;
  #turn = 0;

  constructor({ databaseUrl, clientId, group, partitions, sessionTimeoutMs }: SessionOptions) {
    this.#group = group;
    this.#byId = new Map(partitions.map((partition) => [partition.id, partition]));
    this.#topics = Map.groupBy(partitions, ({ topic }) => topic);
    this.#sql = postgres(databaseUrl, {
      max: 1,
      max_lifetime: null,
      connect_timeout: 5,
      connection: {
        application_name: `bus ${clientId} ${group}`.slice(0, 63),
        idle_session_timeout: sessionTimeoutMs,
        synchronous_commit: "on",
        jit: "off",
      },
      onclose: () => this.abandon(),
    });
    this.#heartbeat = setInterval(() => this.#beat(), sessionTimeoutMs / 3);
    this.#groupId = this.#join();
    this.#groupId.catch(() => this.abandon());
  }

  /** Aborted when the locks are gone. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** Resolves to the group's id once this session is a member, so that the others leave it its share. */
  ready(): Promise<number> {
    return this.#groupId;
  }

  holds(partitionId: number): boolean {
    return this.#held.has(partitionId);
  }

  async #join(): Promise<number> {
    const sql = this.#sql;
    await sql`select set_config('bus.session', ${this.#token}, false)`;
    await sql`insert into groups (name) values (${this.#group}) on conflict do nothing`;
    const [group] = await sql<{ id: number }[]>`select id from groups where name = ${this.#group}`;
    if (!group) throw new Error(`Group ${this.#group} was deleted while it was joined`);
    await sql`
      insert into offsets (group_id, partition_id)
      select ${group.id}, id from unnest(${[...this.#byId.keys()]}::int[]) as id
      on conflict do nothing`;
    await sql`
      select pg_advisory_lock_shared(${memberSpace(group.id)}::int, id), pg_notify(${membersChannel}, ${String(group.id)})
      from unnest(${[...this.#topics.values()].map(topicLock)}::int[]) as id`;
    return group.id;
  }

  /** A query that was not answered since the last beat means that the server is not reached any more. */
  #beat(): void {
    if (this.#silent) {
      this.abandon();
      return;
    }
    this.#silent = true;
    this.#sql`select 1`.then(
      () => {
        this.#silent = false;
      },
      () => this.abandon(),
    );
  }

  /** Ends the connection, and with it everything that is held, at once. */
  abandon(): void {
    if (this.lost.aborted) return;
    clearInterval(this.#heartbeat);
    this.#lost.abort();
    void this.#sql.end({ timeout: 0 });
  }

  /**
   * Takes free partitions up to a fair share of each topic and gives back what is above it. To be called between batches
   * only: a partition must not be given away while its messages are handled.
   */
  async rebalance(): Promise<void> {
    const groupId = await this.#groupId;
    const locks = await this.#sql<{ space: number; id: number; holders: number }[]>`
      select classid::int as space, objid::int as id, count(*)::int as holders
      from pg_locks
      where locktype = 'advisory' and objsubid = 2 and granted
        and classid in (${partitionSpace(groupId)}, ${memberSpace(groupId)})
        and database = (select oid from pg_database where datname = current_database())
      group by 1, 2`;
    const members = new Map<number, number>();
    const taken = new Set<number>();
    for (const { space, id, holders } of locks) {
      if (space === memberSpace(groupId)) members.set(id, holders);
      else taken.add(id);
    }
    const shares = [...this.#topics.values()].map((partitions) =>
      fairShare({ partitions, members: members.get(topicLock(partitions)) ?? 1, held: this.#held, taken }),
    );
    const surplus = shares.flatMap((share) => share.surplus);
    const wanted = shares.flatMap((share) => share.wanted);
    if (surplus.length > 0) await this.#release(groupId, surplus);
    if (wanted.length > 0) await this.#take(groupId, wanted);
  }

  async #release(groupId: number, ids: readonly number[]): Promise<void> {
    for (const id of ids) this.#held.delete(id);
    await this.#sql`
      select pg_advisory_unlock(${partitionSpace(groupId)}::int, id), pg_notify(${membersChannel}, ${String(groupId)})
      from unnest(${ids}::int[]) as id`;
  }

  async #take(groupId: number, ids: readonly number[]): Promise<void> {
    const locked = await this.#sql<{ id: number }[]>`
      select id from (
        select id, pg_try_advisory_lock(${partitionSpace(groupId)}::int, id) as locked
        from unnest(${ids}::int[]) as id
      ) as tried where locked`;
    if (locked.length === 0) return;
    // A statement of its own: it must see what the partition's last holder committed before it let go.
    const offsets = await this.#sql<{ partition_id: number; next_offset: string }[]>`
      select partition_id, next_offset from offsets
      where group_id = ${groupId} and partition_id = any(${locked.map(({ id }) => id)}::int[])`;
    for (const { partition_id, next_offset } of offsets) this.#held.set(partition_id, Number(next_offset));
  }

  /**
   * Up to `limit` messages, at most a quarter of them from one partition, each time beginning with another one; and no
   * more than `roundBytes` of them, but for one that is longer alone.
   */
  async fetch(limit: number): Promise<Round> {
    const perPartition = Math.ceil(limit / 4);
    const ids = [...this.#held.keys()];
    if (ids.length === 0) return { messages: [], next: new Map(), full: false };
    this.#turn = (this.#turn + 1) % ids.length;
    const turns = [...ids.slice(this.#turn), ...ids.slice(0, this.#turn)];
    const rows = await this.#sql<MessageRow[]>`
      select id, "offset", key, value, headers from (
        select held.id, turn, message.*, octet_length(value) as bytes,
          sum(octet_length(value)) over (order by turn, "offset" rows unbounded preceding) as total
        from unnest(${turns}::int[], ${turns.map((id) => this.#held.get(id) ?? 0)}::bigint[])
          with ordinality as held (id, next_offset, turn)
        join partitions on partitions.id = held.id and partitions.next_offset > held.next_offset
        cross join lateral (
          select "offset", key, value, headers from messages
          where partition_id = held.id and "offset" >= held.next_offset
          order by "offset" limit ${perPartition}
        ) as message
        order by turn, "offset"
        limit ${limit}
      ) as found
      where total <= ${roundBytes} or total = bytes
      order by turn, "offset"`;
    return this.#round(rows, perPartition);
  }

  #round(rows: readonly MessageRow[], perPartition: number): Round {
    const next = new Map<number, number>();
    const counts = new Map<number, number>();
    const messages = rows.map(({ id, offset, key, value, headers }): DeliveredMessage => {
      const { topic, number } = this.#byId.get(id) as Partition;
      next.set(id, Number(offset) + 1);
      counts.set(id, (counts.get(id) ?? 0) + 1);
      return { topic, key, value, partition: number, offset, ...(headers && { headers }) };
    });
    return { messages, next, full: [...counts.values()].some((count) => count >= perPartition) };
  }

  /** @throws when the session lost its locks: another member may be reading, and will read this batch again */
  async commit(next: ReadonlyMap<number, number>): Promise<void> {
    const { count } = await this.#sql`
      update offsets set next_offset = committed.next_offset
      from unnest(${[...next.keys()]}::int[], ${[...next.values()]}::bigint[]) as committed (id, next_offset)
      where group_id = ${await this.#groupId} and partition_id = committed.id
        and current_setting('bus.session', true) = ${this.#token}`;
    if (count !== next.size) throw new Error(`Group ${this.#group} lost its session before a commit`);
    for (const [id, offset] of next) this.#held.set(id, offset);
  }

  async leave(): Promise<void> {
    if (!this.lost.aborted) {
      const groupId = String(await this.#groupId);
      await this.#sql`select pg_advisory_unlock_all(), pg_notify(${membersChannel}, ${groupId})`;
    }
    this.abandon();
  }
}

/** Two spaces of locks for each group: its partitions by id, its topics by the id of their first partition. */
const partitionSpace = (groupId: number) => groupId * 2;
const memberSpace = (groupId: number) => groupId * 2 + 1;
const topicLock = (partitions: readonly Partition[]) => partitions[0]?.id ?? 0;
