import { openDatabase } from "#mesh/postgres/open-database";
import { createLog } from "#observability/log";
import type { BusReader, OnBus } from "./bus-order.ts";

/** Reads the embedded bus, which keeps what it was given for days. @param url of its database */
export function embeddedBusReader(url: string): BusReader {
  return async () => {
    const log = createLog({ service: "audit", level: "silent" });
    const sql = openDatabase({ url, max: 1, applicationName: "audit", log });
    try {
      return await sql<OnBus[]>`
        select value::json ->> 'id' as id, key, partition_id::text as partition, md5(value) as digest
        from messages order by partition_id, "offset"`;
    } finally {
      await sql.end();
    }
  };
}
