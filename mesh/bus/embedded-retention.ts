import { setTimeout as sleep } from "node:timers/promises";
import type { Sql } from "postgres";
import type { Log } from "#observability/log";

/** One process at a time prunes. */
const pruneLock = 7_350_002;
const everyMs = 60 * 60 * 1000;
/** Of each partition at once. */
const rowsAtOnce = 500;
const pauseMs = 200;

/**
 * Deletes messages that are older than `keptDays` and that every group of their topic has read, oldest first, in small
 * transactions. A group that is gone for good holds its topics' messages until it is deleted from `groups`.
 * @returns how many were deleted
 */
export async function prune(sql: Sql, keptDays: number, ended: AbortSignal): Promise<number> {
  let total = 0;
  for (;;) {
    const deleted = await sql.begin(async (tx) => {
      const [lock] = await tx<{ taken: boolean }[]>`select pg_try_advisory_xact_lock(${pruneLock}) as taken`;
      if (!lock?.taken) return 0;
      const { count } = await tx`
        delete from messages using (
          select oldest.* from partitions
          cross join lateral (
            select partition_id, "offset", at from messages
            where partition_id = partitions.id and "offset" < coalesce(
              (select min(next_offset) from offsets where offsets.partition_id = partitions.id),
              partitions.next_offset)
            order by "offset" limit ${rowsAtOnce}
          ) as oldest
          where oldest.at < now() - make_interval(days => ${keptDays})
        ) as old
        where messages.partition_id = old.partition_id and messages."offset" = old."offset"`;
      return count;
    });
    total += deleted;
    if (deleted === 0 || ended.aborted) return total;
    await sleep(pauseMs, undefined, { signal: ended }).catch(() => {});
  }
}

/** Prunes every hour, the first time at a random moment of it, until `ended`. */
export async function keepPruning(
  pruneOnce: () => Promise<number>,
  { ended, log }: { ended: AbortSignal; log: Log },
): Promise<void> {
  let waitMs = Math.random() * everyMs;
  for (;;) {
    await sleep(waitMs, undefined, { signal: ended, ref: false }).catch(() => {});
    if (ended.aborted) return;
    await pruneOnce().catch((err: unknown) => log.warn({ err }, "pruning the bus failed"));
    waitMs = everyMs;
  }
}
