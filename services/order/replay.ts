import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { openDatabase } from "#mesh/postgres/open-database";
import { Uuid } from "#mesh/uuid-schema";
import { createLog } from "#observability/log";
import { type Replay, replayOrder } from "./replay-order.ts";

const usage = `Rebuilds an order from the events of its history alone and compares it with its row.

  bun run replay order <id>

Reads the bun dev that runs here, or the database of order-service that DATABASE_URL names.
Ends with 0 when both agree, with 1 when not, with 2 when it was called wrongly.`;

process.exitCode = await main(process.argv.slice(2));

async function main([kind, id = "", ...rest]: readonly string[]): Promise<number> {
  if (kind === "--help" || kind === "-h") {
    console.log(usage);
    return 0;
  }
  if (kind !== "order" || !Value.Check(Uuid, id) || rest.length > 0) {
    console.error(usage);
    return 2;
  }
  try {
    return await replay(await databaseUrl(), id);
  } catch (error) {
    console.error(`Cannot replay order ${id}: ${(error as Error).message}`);
    return 1;
  }
}

async function databaseUrl(): Promise<string> {
  if (process.env.DATABASE_URL) return process.env.DATABASE_URL;
  // The image has no launcher, and always a DATABASE_URL.
  const { serviceDatabaseUrl } = await import("#mesh/local/service-database-url");
  return serviceDatabaseUrl(join(import.meta.dirname, "../.."), "order", process.env);
}

async function replay(url: string, id: string): Promise<number> {
  const log = createLog({ service: "replay", level: "silent" });
  const sql = openDatabase({ url, max: 1, applicationName: "replay", findsByKey: true, log });
  try {
    const found = await replayOrder(sql, id.toLowerCase());
    if ("refused" in found) {
      console.error(
        `Order ${id} cannot be rebuilt: ${"detail" in found ? found.detail : "it does not exist"}`,
      );
      return 1;
    }
    for (const line of linesOf(found)) console.log(line);
    return found.differences.length === 0 ? 0 : 1;
  } finally {
    await sql.end({ timeout: 1 });
  }
}

function linesOf({ history, rebuilt, differences }: Replay): string[] {
  const events = history
    .filter(({ kind }) => kind !== "step")
    .map(
      ({ at, kind, name, detail }) => `  ${at.toISOString()}  ${kind} ${name}${detail ? ` (${detail})` : ""}`,
    );
  const compared = differences.map(
    ({ field, rebuilt: told, row }) =>
      `  ${field}: history ${JSON.stringify(told)}, row ${JSON.stringify(row)}`,
  );
  return [
    "Events",
    ...events,
    "Rebuilt",
    JSON.stringify(rebuilt, null, 2),
    differences.length === 0 ? "Difference to the row: none" : "Difference to the row",
    ...compared,
  ];
}
