import { buildSettings } from "./build-settings.ts";
import {
  choice,
  databaseUrl,
  flag,
  integer,
  list,
  optional,
  secret,
  text,
  url,
  type Values,
} from "./settings.ts";
import { traceSettings } from "./trace-settings.ts";

/** What every service reads from its environment. Each service's `config.ts` adds its own to these. */
export function serviceSettings(defaultPort: number) {
  return {
    port: integer("PORT", { min: 0, max: 65_535, default: defaultPort }),
    host: text("HOST", { default: "127.0.0.1" }),
    logLevel: choice("LOG_LEVEL", ["trace", "debug", "info", "warn", "error", "fatal"], { default: "info" }),
    databaseUrl: databaseUrl("DATABASE_URL"),
    databasePoolMax: integer("DATABASE_POOL_MAX", { min: 2, max: 100, default: 20 }),
    redisUrl: { ...url("REDIS_URL", { protocols: ["redis", "rediss"] }), secret: true },
    kafkaBrokers: optional(list("KAFKA_BROKERS")),
    busDatabaseUrl: optional(databaseUrl("BUS_DATABASE_URL")),
    jwksUrl: url("JWKS_URL", { protocols: ["http", "https"] }),
    tokenIssuer: text("TOKEN_ISSUER", { default: "https://ecotrack.test" }),
    tokenAudience: text("TOKEN_AUDIENCE", { default: "ecotrack" }),
    serviceKey: secret("SERVICE_KEY"),
    serviceTrust: secret("SERVICE_TRUST"),
    migrateOnStart: flag("MIGRATE_ON_START", { default: false }),
    seedOnStart: flag("SEED_ON_START", { default: false }),
    ...buildSettings(),
    ...traceSettings(),
  };
}

export type ServiceConfig = Values<ReturnType<typeof serviceSettings>>;
