import { Redis } from "ioredis";
import type { Log } from "#observability/log";

/**
 * A connection that fails fast: a command waits at most a second and is refused at once while there is no connection,
 * so that whoever has a way around Redis takes it. It reconnects by itself for ever.
 */
export function openRedis({ url, name, log }: { url: string; name: string; log: Log }): Redis {
  const redis = new Redis(url, {
    connectionName: name,
    connectTimeout: 2000,
    commandTimeout: 1000,
    maxRetriesPerRequest: 1,
    enableOfflineQueue: false,
    retryStrategy: (attempt) => Math.min(50 * 2 ** attempt, 2000),
  });
  let away = false;
  redis.on("error", (error: Error) => {
    if (!away) log.warn({ err: error }, "Redis is away");
    away = true;
  });
  redis.on("ready", () => {
    if (away) log.info("Redis is back");
    away = false;
  });
  return redis;
}

/** Resolves when the first connection stands, or after `withinMs` without one: a start does not wait for ever. */
export async function redisReady(redis: Redis, withinMs = 2000): Promise<boolean> {
  if (redis.status === "ready") return true;
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), withinMs);
    redis.once("ready", () => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}
