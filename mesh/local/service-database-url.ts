import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Environment } from "#mesh/settings";
import { LocalFailure } from "./local-failure.ts";
import type { DatabaseName, Secrets } from "./secrets.ts";

/**
 * The database that an operator's command reads: the one of `DATABASE_URL`, else that of the service in the `bun dev`
 * whose folder is `ECOTRACK_HOME` or `.ecotrack`.
 * @throws LocalFailure that says what to do when there is neither
 */
export function serviceDatabaseUrl(root: string, name: DatabaseName, env: Environment): string {
  if (env.DATABASE_URL) return env.DATABASE_URL;
  const home = resolve(root, env.ECOTRACK_HOME ?? ".ecotrack");
  try {
    const secrets = JSON.parse(readFileSync(join(home, "secrets.json"), "utf8")) as Secrets;
    // The fourth line of this file is the port (PostgreSQL, src/include/utils/pidfile.h); it goes when the server stops.
    const port = Number(readFileSync(join(home, "postgres/postmaster.pid"), "utf8").split("\n")[3]);
    return `postgres://ecotrack_${name}:${secrets.databasePasswords[name]}@127.0.0.1:${port}/ecotrack_${name}`;
  } catch (error) {
    if ((error as { code?: string }).code !== "ENOENT") throw error;
    throw new LocalFailure(
      `No bun dev runs in ${home}: start it, or name the database of ${name}-service in DATABASE_URL`,
    );
  }
}
