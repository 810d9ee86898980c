import { Redis } from "ioredis";
import postgres from "postgres";
import { LocalFailure } from "./local-failure.ts";

const withinMs = 3000;

/**
 * Sees that the server that DATABASE_URL names answers, before anything is started on it.
 * @throws LocalFailure that names the server but not the password
 */
export async function refuseAwayPostgres(url: string): Promise<void> {
  const host = hostOf("DATABASE_URL", url, ["postgres:", "postgresql:"]);
  const sql = postgres(url, { max: 1, connect_timeout: withinMs / 1000, onnotice: () => {} });
  try {
    await inTime(sql`select 1`);
  } catch (error) {
    throw away("PostgreSQL", host, "DATABASE_URL", error);
  } finally {
    // Not awaited: it would wait for the server that does not answer.
    void sql.end({ timeout: 0 });
  }
}

/** The same for REDIS_URL: it answers a PING, with the password of the URL. */
export async function refuseAwayRedis(url: string): Promise<void> {
  const host = hostOf("REDIS_URL", url, ["redis:", "rediss:"]);
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: withinMs,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  let cause: unknown;
  redis.on("error", (error) => {
    cause = error;
  });
  try {
    await inTime(redis.connect().then(() => redis.ping()));
  } catch (error) {
    throw away("Redis", host, "REDIS_URL", cause ?? error);
  } finally {
    redis.disconnect();
  }
}

function hostOf(name: string, url: string, protocols: readonly string[]): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.host && protocols.includes(parsed.protocol)) return parsed.host;
  throw new LocalFailure(`${name} is not a URL that starts with ${protocols[0]}// and names a host`);
}

async function inTime<T>(answer: PromiseLike<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${withinMs / 1000} s`)), withinMs);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

function away(store: string, host: string, name: string, error: unknown): LocalFailure {
  const { message, code } = error as NodeJS.ErrnoException;
  const why = message || code || "it closed the connection";
  return new LocalFailure(`${store} at ${host} cannot be used (${why}): correct ${name} or unset it`);
}
