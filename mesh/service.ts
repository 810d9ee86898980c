import type { Redis } from "ioredis";
import type { JSONWebKeySet } from "jose";
import { tellBuild } from "#observability/build-info";
import { createLog, type Log } from "#observability/log";
import { changeLogLevelOnSignal } from "#observability/log-level";
import { createMetrics, type Metrics } from "#observability/metrics";
import type { Tracing } from "#observability/trace/tracing";
import type { Bus } from "./bus/bus.ts";
import { openBus } from "./bus/open-bus.ts";
import { measureDeadLetters } from "./dead-letters/measure-dead-letters.ts";
import { createIdentity, type Identity } from "./identity/identity.ts";
import { openRevocations, type Revocations } from "./identity/revocations.ts";
import type { ServiceName } from "./identity/service-name.ts";
import { createServiceTokens, type ServiceTokens } from "./identity/service-tokens.ts";
import { createTokenVerifier } from "./identity/verify-token.ts";
import { listen } from "./listen.ts";
import { openRelayDatabase } from "./outbox/open-relay-database.ts";
import { startRelay } from "./outbox/relay.ts";
import { measurePools } from "./postgres/measure-pools.ts";
import { migrate } from "./postgres/migrate.ts";
import { openDatabase } from "./postgres/open-database.ts";
import { serviceMigrations } from "./postgres/service-migrations.ts";
import type { Autocommit, Sql, Transact } from "./postgres/sql.ts";
import { traceSql } from "./postgres/trace-sql.ts";
import { createProbes, type Probes } from "./probes.ts";
import { measureRedis } from "./redis/measure-redis.ts";
import { openRedis, redisReady } from "./redis/open-redis.ts";
import { traceRedis } from "./redis/trace-redis.ts";
import type { ServiceConfig } from "./service-settings.ts";
import { type Environment, settingsOrExit } from "./settings.ts";
import { openTracing } from "./trace-settings.ts";
import { uuidV7 } from "./uuid-v7.ts";

/** What every service is given. */
export interface ServiceDeps {
  readonly sql: Sql;
  readonly transaction: Transact;
  readonly autocommit: Autocommit;
  readonly redis: Redis;
  readonly revocations: Revocations;
  readonly bus: Bus;
  readonly identity: Identity;
  readonly serviceTokens: ServiceTokens;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly tracing: Tracing;
  readonly now: () => Date;
  readonly newId: () => string;
  /** Adds a dependency without which the service is not ready. */
  readonly ready: Probes["ready"];
  /** What is to be ended after the last request was answered; the last one registered ends first. */
  readonly onClose: (end: () => unknown) => void;
}

export interface ServiceParts {
  readonly app: { fetch(request: Request): Response | Promise<Response> };
  /** Puts in what the service needs to be useful; repeating it changes nothing. */
  readonly seed?: () => Promise<unknown>;
}

export interface ServiceOptions<Config extends ServiceConfig> {
  readonly name: ServiceName;
  /** Turns the environment into settings. @throws SettingsError */
  readonly readConfig: (env: Environment) => Config;
  readonly migrations: URL;
  /** Whether every statement finds its rows by an index; see `openDatabase`. */
  readonly findsByKey?: boolean;
  readonly start: (deps: ServiceDeps, config: Config) => Promise<ServiceParts>;
}

const drainMs = 15_000;
/** What is left of spans gets this long to reach the collector. */
const traceFlushMs = 2000;
const shutdownSignals = ["SIGTERM", "SIGINT"] as const;

/**
 * Runs one service until it is told to stop: `main.ts` serves, `main.ts migrate` and `main.ts seed` do that and end.
 * On SIGTERM it says that it is not ready, answers what it has begun, publishes what waits, and ends.
 */
export async function runService<Config extends ServiceConfig>(
  options: ServiceOptions<Config>,
): Promise<void> {
  const { name, readConfig, migrations, findsByKey = false, start } = options;
  const config = settingsOrExit(() => readConfig(process.env));
  const command = process.argv[2] ?? "serve";
  const log = createLog({ service: name, level: config.logLevel });
  changeLogLevelOnSignal(log);
  const sql = openDatabase({
    url: config.databaseUrl,
    max: config.databasePoolMax,
    applicationName: name,
    findsByKey,
    log,
  });
  try {
    if (command === "migrate" || config.migrateOnStart) {
      const applied = await migrate(sql, serviceMigrations(migrations));
      log.info({ applied }, "database is migrated");
    }
    if (command === "migrate") return await sql.end();
    const service = await openService(name, config, sql, log);
    const parts = await start(service.deps, config);
    if (command === "seed" || config.seedOnStart) await parts.seed?.();
    if (command === "seed") return await service.close();
    serve(config, parts, service, log);
  } catch (error) {
    log.fatal({ err: error }, `Cannot start ${name}: ${(error as Error).message}`);
    log.flush();
    // Whatever is open must not keep a process alive that serves nothing; the log gets the time to be written.
    setTimeout(() => process.exit(1), 200);
  }
}

interface OpenService {
  readonly deps: ServiceDeps;
  readonly probes: Probes;
  close(): Promise<void>;
}

async function openService(
  name: ServiceName,
  config: ServiceConfig,
  plainSql: Sql,
  log: Log,
): Promise<OpenService> {
  const metrics = createMetrics(name);
  metrics.collectRuntime();
  tellBuild(metrics, { version: config.buildVersion, revision: config.buildRevision });
  const tracing = openTracing(name, config, { log, metrics });
  const sql = tracing.on ? traceSql(plainSql, config.databaseUrl) : plainSql;
  const plainRedis = openRedis({ url: config.redisUrl, name, log });
  const redis = tracing.on ? traceRedis(plainRedis) : plainRedis;
  measureRedis(metrics, plainRedis);
  if (!(await redisReady(redis))) log.warn("starting without Redis");
  const revocations = await openRevocations({ redis, log });
  const bus = await openBus({
    kafkaBrokers: config.kafkaBrokers,
    busDatabaseUrl: config.busDatabaseUrl,
    clientId: name,
    log,
  });
  const relaySql = openRelayDatabase(config.databaseUrl, name, log);
  measurePools(metrics, { requests: plainSql, outbox: relaySql });
  measureDeadLetters(metrics, sql);
  const relay = startRelay({ sql: relaySql, bus, log, metrics, tracing });
  const probes = createProbes({ log });
  probes.ready("postgres", async () => {
    await sql`select 1`;
  });
  const ends: (() => unknown)[] = [
    () => tracing.close(traceFlushMs),
    () => sql.end({ timeout: 5 }),
    () => redis.disconnect(),
    () => revocations.close(),
    () => bus.close(),
    () => relaySql.end({ timeout: 5 }),
    () => relay.stop(),
  ];
  const deps: ServiceDeps = {
    sql,
    async transaction(work) {
      const result = await sql.begin((tx) => work(tx));
      relay.wake();
      return result as Awaited<ReturnType<typeof work>>;
    },
    async autocommit(statement) {
      const result = await statement(sql);
      relay.wake();
      return result;
    },
    redis,
    revocations,
    bus,
    identity: openIdentity(name, config, revocations, log),
    serviceTokens: createServiceTokens({ name, key: config.serviceKey }),
    log,
    metrics,
    tracing,
    now: () => new Date(),
    newId: uuidV7,
    ready: probes.ready,
    onClose: (end) => ends.push(end),
  };
  const close = async () => {
    for (const end of ends.reverse()) {
      await Promise.resolve(end()).catch((error: unknown) => log.warn({ err: error }, "did not end cleanly"));
    }
  };
  return { deps, probes, close };
}

function openIdentity(
  name: ServiceName,
  config: ServiceConfig,
  { isRevoked }: Revocations,
  log: Log,
): Identity {
  const trust = JSON.parse(config.serviceTrust) as JSONWebKeySet;
  return createIdentity({
    users: createTokenVerifier({
      keys: { url: config.jwksUrl },
      issuer: config.tokenIssuer,
      audience: config.tokenAudience,
      type: "at+jwt",
      isRevoked,
      log,
    }),
    services: createTokenVerifier({ keys: trust, audience: name }),
  });
}

function serve(
  config: ServiceConfig,
  { app }: ServiceParts,
  { deps, probes, close }: OpenService,
  log: Log,
): void {
  const listener = listen({
    port: config.port,
    hostname: config.host,
    fetch: (request) => probes.answer(request, deps.metrics) ?? app.fetch(request),
  });
  log.info({ port: listener.port }, "serving");
  log.flush();
  let stopping = false;
  const stop = async () => {
    if (stopping) return;
    stopping = true;
    probes.drain();
    await listener.stop(drainMs);
    await close();
    log.info("stopped");
    log.flush();
    process.exit(0);
  };
  for (const signal of shutdownSignals) process.on(signal, () => void stop());
}
