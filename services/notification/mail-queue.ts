import { type ConnectionOptions, Queue, Worker } from "bullmq";
import type { Log } from "#observability/log";

export interface MailQueue {
  /** Hands ids over. Neither waits nor fails: what Redis does not take is found again in the database. */
  add(ids: readonly string[]): void;
  /** Takes no new job and resolves when the running ones are done. */
  close(): Promise<void>;
}

const name = "mail";
/** Ids in one job: enough to share a round trip to the database, few enough to be spread over processes. */
const jobSize = 50;
const concurrency = 4;
const closeMs = 5000;
const awayCloseMs = 500;

/**
 * The queue of what is to be sent, on Redis. It only says that there is work: what has to be done, and whether it was, is
 * in the database, so that a lost or doubled job changes nothing.
 */
export function openMailQueue({
  redisUrl,
  prefix = "queue",
  deliver,
  log,
}: {
  redisUrl: string;
  prefix?: string;
  deliver: (ids: readonly string[]) => Promise<void>;
  log: Log;
}): MailQueue {
  const connection = connectionOf(redisUrl);
  const queue = new Queue(name, {
    prefix,
    connection: { ...connection, enableOfflineQueue: false, maxRetriesPerRequest: 1 },
  });
  const worker = new Worker<{ ids: readonly string[] }>(name, ({ data }) => deliver(data.ids), {
    prefix,
    // A worker waits at Redis for its next job, for as long as it takes.
    connection: { ...connection, maxRetriesPerRequest: null },
    concurrency,
  });
  let away = false;
  const onError = (error: Error) => {
    if (!away) log.warn({ err: error }, "the mail queue is away");
    away = true;
  };
  queue.on("error", onError);
  worker.on("error", onError);
  worker.on("ready", () => {
    away = false;
  });
  worker.on("failed", (_job, error) => log.error({ err: error }, "a mail job failed"));

  async function handOver(ids: readonly string[]): Promise<void> {
    const jobs = [];
    for (let at = 0; at < ids.length; at += jobSize) {
      const data = { ids: ids.slice(at, at + jobSize) };
      jobs.push({ name, data, opts: { removeOnComplete: true, removeOnFail: true } });
    }
    await queue.addBulk(jobs);
  }

  return {
    add(ids) {
      if (ids.length > 0) void handOver(ids).catch(onError);
    },
    async close() {
      // Without Redis none of it comes to an end by itself; what is left undone is found again in the database.
      await within(Promise.all([worker.close(), queue.close()]), away ? awayCloseMs : closeMs);
    },
  };
}

/** What `work` gives, or nothing when that takes longer than `ms`. */
function within(work: Promise<unknown>, ms: number): Promise<unknown> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

function connectionOf(redisUrl: string) {
  const { hostname, port, username, password, pathname, protocol } = new URL(redisUrl);
  return {
    host: hostname,
    port: Number(port || 6379),
    ...(username && { username: decodeURIComponent(username) }),
    ...(password && { password: decodeURIComponent(password) }),
    db: Number(pathname.slice(1) || 0),
    ...(protocol === "rediss:" && { tls: {} }),
  } satisfies ConnectionOptions;
}
