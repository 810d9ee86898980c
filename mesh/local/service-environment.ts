import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Environment } from "#mesh/settings";
import { developmentPorts } from "./ports.ts";
import { type DatabaseName, databaseNames, type Secrets } from "./secrets.ts";
import { serviceDatabaseUrl } from "./service-database-url.ts";
import type { ServiceName } from "./service-names.ts";
import { systemProcesses } from "./system-processes.ts";

/**
 * The environment in which an operator's command does what a service does: the caller's own where that names a
 * database, as in the service's container, else the one that `bun dev` gives to the service.
 * @throws LocalFailure that says what to do when there is neither
 */
export function serviceEnvironment(root: string, name: ServiceName, env: Environment): Environment {
  if (env.DATABASE_URL || env.DATABASE_URL_FILE) return env;
  const databaseUrls = Object.fromEntries(
    databaseNames.map((each) => [each, serviceDatabaseUrl(root, each, env)]),
  ) as Record<DatabaseName, string>;
  const file = join(resolve(root, env.ECOTRACK_HOME ?? ".ecotrack"), "secrets.json");
  const definitions = systemProcesses({
    ports: developmentPorts(env.ECOTRACK_PORT_OFFSET),
    stores: { databaseUrls, redisUrl: "redis://127.0.0.1" },
    secrets: JSON.parse(readFileSync(file, "utf8")) as Secrets,
    chosen: env,
  });
  const found = definitions.find((each) => each.name === `${name}-service`);
  if (found === undefined) throw new Error(`There is no ${name}-service`);
  return found.env;
}
