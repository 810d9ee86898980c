import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { LocalFailure } from "./local-failure.ts";
import type { Secrets } from "./secrets.ts";
import { type ServiceName, serviceNames } from "./service-names.ts";

/**
 * The databases of the system that `bun dev` runs in this folder, for a command beside it.
 * @throws LocalFailure when none runs there
 */
export function runningDatabases(directory: string): Record<ServiceName, string> {
  // PostgreSQL's own file while it runs; its fourth line is the port.
  const lock = join(directory, "postgres", "postmaster.pid");
  const secrets = join(directory, "secrets.json");
  if (!existsSync(lock) || !existsSync(secrets)) {
    throw new LocalFailure(
      `No EcoTrack with a PostgreSQL of its own runs in ${directory}: start it with bun dev, or set DATABASE_URL to the database of one service`,
    );
  }
  const port = readFileSync(lock, "utf8").split("\n")[3];
  const { databasePasswords } = JSON.parse(readFileSync(secrets, "utf8")) as Secrets;
  return Object.fromEntries(
    serviceNames.map((name) => [
      name,
      `postgres://ecotrack_${name}:${databasePasswords[name]}@127.0.0.1:${port}/ecotrack_${name}`,
    ]),
  ) as Record<ServiceName, string>;
}
