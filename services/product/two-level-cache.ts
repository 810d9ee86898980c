import type { Redis } from "ioredis";
import type { Log } from "#observability/log";
import { type BoundedMemory, createBoundedMemory } from "./bounded-memory.ts";
import type { CatalogueVersion } from "./catalogue-version.ts";
import type { ProductMetrics } from "./product-metrics.ts";

/** What is cached, and how long Redis keeps it (mission 4.2). The process keeps all of it for a minute. */
const redisSeconds = { product: 600, category: 3600, search: 300, popular: 3600 } as const;
export type CacheKind = keyof typeof redisSeconds;

const processEntries = 5000;
const processTtlMs = 60_000;

export interface TwoLevelCache {
  /** The value under `key`, from the process, else Redis, else `load`; loading once however many ask. */
  one<T>(kind: CacheKind, key: string, load: () => Promise<T>): Promise<T>;
  /** Values by key; `load` gets the keys that no level knows and may leave out what does not exist. */
  many<T>(kind: CacheKind, keys: readonly string[], load: Loader<T>): Promise<Map<string, T>>;
}
type Loader<T> = (missing: readonly string[]) => Promise<ReadonlyMap<string, T>>;

export interface TwoLevelCacheOptions {
  readonly redis: Redis;
  readonly version: CatalogueVersion;
  readonly metrics: ProductMetrics;
  readonly log: Log;
  readonly now: () => number;
}

/** Process memory before Redis before the loader. Every key carries the catalogue's version; without Redis it goes on. */
export function createTwoLevelCache({
  redis,
  version,
  metrics,
  log,
  now,
}: TwoLevelCacheOptions): TwoLevelCache {
  // Values of all kinds lie in one memory. Their type is that of the loader that belongs to the kind.
  const memory: BoundedMemory<unknown> = createBoundedMemory({
    max: processEntries,
    ttlMs: processTtlMs,
    now,
  });
  const loading = new Map<string, Promise<unknown>>();

  async function readRedis(names: readonly string[]): Promise<(string | null)[]> {
    if (redis.status !== "ready") return names.map(() => null);
    return redis.mget([...names]).catch((error: unknown) => {
      log.debug({ err: error }, "read past Redis");
      return names.map(() => null);
    });
  }

  /** Nobody waits for it: the answer is known already. */
  function writeRedis(kind: CacheKind, values: ReadonlyMap<string, unknown>): void {
    if (redis.status !== "ready" || values.size === 0) return;
    const pipeline = redis.pipeline();
    for (const [name, value] of values) pipeline.set(name, JSON.stringify(value), "EX", redisSeconds[kind]);
    pipeline.exec().catch((error: unknown) => log.debug({ err: error }, "wrote past Redis"));
  }

  async function many<T>(kind: CacheKind, keys: readonly string[], load: Loader<T>): Promise<Map<string, T>> {
    const prefix = `product-service:${await version.current()}:${kind}:`;
    const found = new Map<string, T>();
    let missing: string[] = [];
    for (const key of keys) {
      const value = memory.get(prefix + key) as T | undefined;
      if (value === undefined) missing.push(key);
      else found.set(key, value);
    }
    metrics.cacheLookups.inc({ kind, level: "process" }, found.size);
    if (missing.length === 0) return found;

    const texts = await readRedis(missing.map((key) => prefix + key));
    const keep = (key: string, value: T) => {
      memory.set(prefix + key, value);
      found.set(key, value);
    };
    missing = missing.filter((key, index) => {
      const text = texts[index];
      if (typeof text !== "string") return true;
      keep(key, JSON.parse(text) as T);
      return false;
    });
    metrics.cacheLookups.inc({ kind, level: "redis" }, texts.length - missing.length);
    if (missing.length === 0) return found;

    metrics.cacheLookups.inc({ kind, level: "none" }, missing.length);
    const loaded = await load(missing);
    for (const [key, value] of loaded) keep(key, value);
    writeRedis(kind, new Map([...loaded].map(([key, value]) => [prefix + key, value])));
    return found;
  }

  async function one<T>(kind: CacheKind, key: string, load: () => Promise<T>): Promise<T> {
    const flight = `${await version.current()}:${kind}:${key}`;
    const running = loading.get(flight) as Promise<T> | undefined;
    if (running !== undefined) return running;
    const work = many<T>(kind, [key], async () => new Map([[key, await load()]])).then(
      (values) => values.get(key) as T,
    );
    loading.set(flight, work);
    return work.finally(() => loading.delete(flight));
  }

  return { many, one };
}
