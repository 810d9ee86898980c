import type { Redis } from "ioredis";
import type { Log } from "#observability/log";

const everyMs = 1000;
const withinMs = 1000;
/** A process that is busy for a moment answers itself too late; two moments in a row are none. */
const missesToReplace = 2;

/**
 * Replaces a connection that is dead and does not say so (a pulled cable, a firewall that forgot it): TCP itself would
 * notice after a quarter of an hour. The connection must not be used for commands that block.
 * @returns what ends it
 */
export function watchConnection(redis: Redis, log: Log): () => void {
  let misses = 0;
  let asking = false;
  async function ask(): Promise<void> {
    if (asking || redis.status !== "ready") return;
    asking = true;
    misses = (await answers(redis)) ? 0 : misses + 1;
    asking = false;
    if (misses < missesToReplace || redis.status !== "ready") return;
    misses = 0;
    log.warn("a connection to Redis is dead; connecting anew");
    redis.disconnect(true);
  }
  const timer = setInterval(() => void ask(), everyMs);
  timer.unref();
  return () => clearInterval(timer);
}

async function answers(redis: Redis): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), withinMs);
  });
  const answered = redis.ping().then(
    () => true,
    () => false,
  );
  const alive = await Promise.race([answered, late]);
  clearTimeout(timer);
  return alive;
}
