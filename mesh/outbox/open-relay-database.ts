import type { Log } from "#observability/log";
import { openDatabase } from "../postgres/open-database.ts";
import type { Sql } from "../postgres/sql.ts";

/**
 * The relay's own connections: it waits for no request's, and its statements find their rows by key. One is taken for as long
 * as the bus hangs; how many events wait, and for how long, is asked over the other.
 */
export const openRelayDatabase = (url: string, name: string, log: Log): Sql =>
  openDatabase({ url, max: 2, applicationName: `${name} outbox`, findsByKey: true, log });
