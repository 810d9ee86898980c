import { afterAll, expect, test } from "bun:test";
import { eventually } from "#mesh/eventually";
import { createLog } from "#observability/log";
import { createMetrics } from "#observability/metrics";
import { measurePools } from "./measure-pools.ts";
import { openDatabase } from "./open-database.ts";

const url = process.env.TEST_DATABASE_URL;
if (!url) throw new Error("TEST_DATABASE_URL is not set; run the tests with `bun run test`");
const log = createLog({ service: "test", level: "silent" });
const sql = openDatabase({ url, max: 2, applicationName: "test pools", log });
afterAll(() => sql.end());

test("a pool tells what is used, what is free, and what waits", async () => {
  const metrics = createMetrics("test");
  measurePools(metrics, { requests: sql });
  const expectPool = async (wanted: { used: number; idle: number; waiting: number }) => {
    const text = await metrics.text();
    const of = (sample: string) =>
      Number(new RegExp(`^${sample},service="test"\\} (\\d+)$`, "m").exec(text)?.[1]);
    expect({
      used: of('db_client_connection_count\\{pool="requests",state="used"'),
      idle: of('db_client_connection_count\\{pool="requests",state="idle"'),
      waiting: of('db_client_connection_pending_requests\\{pool="requests"'),
    }).toEqual(wanted);
    expect(of('db_client_connection_max\\{pool="requests"')).toBe(2);
    return true;
  };
  await expectPool({ used: 0, idle: 0, waiting: 0 });
  const released = Promise.withResolvers<void>();
  const hold = () =>
    sql.begin(async (tx) => {
      await tx`select 1`;
      await released.promise;
    });
  const held = [hold(), hold(), hold(), hold()];
  await eventually(() => expectPool({ used: 2, idle: 0, waiting: 2 }), { withinMs: 5000 }).finally(
    released.resolve,
  );
  await Promise.all(held);
  await eventually(() => expectPool({ used: 0, idle: 2, waiting: 0 }), { withinMs: 5000 });
});
