import type { MigrationSource } from "./migrate.ts";

/** What a service's database consists of: outbox and inbox, as every service has them, then its own tables. */
export function serviceMigrations(own?: URL): MigrationSource[] {
  return [
    { prefix: "outbox", directory: new URL("../outbox/migrations/", import.meta.url) },
    { prefix: "inbox", directory: new URL("../inbox/migrations/", import.meta.url) },
    ...(own ? [{ prefix: "own", directory: own }] : []),
  ];
}
