import { createLog } from "#observability/log";
import { openEmbeddedBus } from "../embedded-bus.ts";
import { busDatabase } from "../testing/bus-database.ts";
import { serverCpu } from "./server-cpu.ts";

// TEST_DATABASE_URL=postgres://… bun mesh/bus/bench/embedded.ts [messages per second = 2400] [seconds = 10]
// Publishes in batches as a relay does, reads them in one group, and says what that cost: this process and, when its
// server runs on this machine (/proc), PostgreSQL's backends of this database. Then as fast as it goes, then doing nothing.
const rate = Number(process.argv[2] ?? 2400);
const seconds = Number(process.argv[3] ?? 10);
const everyMs = 20;

const database = await busDatabase();
const bus = await openEmbeddedBus({
  databaseUrl: database.url,
  log: createLog({ service: "bench", level: "error" }),
});
const databaseName = new URL(database.url).pathname.slice(1);
const latencies: number[] = [];
let received = 0;
await bus.subscribe({
  group: "bench",
  topics: ["bench-events"],
  async handle(batch) {
    const now = performance.now();
    for (const { headers } of batch) latencies.push(now - Number(headers?.at));
    received += batch.length;
  },
});
const padding = "x".repeat(700);
let sent = 0;

async function publish(count: number): Promise<void> {
  const headers = { at: String(performance.now()) };
  const batch = Array.from({ length: count }, () => {
    sent += 1;
    return {
      topic: "bench-events",
      key: `order-${sent % 997}`,
      value: `{"n":${sent},"p":"${padding}"}`,
      headers,
    };
  });
  await bus.publish(batch);
}

async function untilAllAreRead(): Promise<void> {
  while (received < sent) await pause(5);
}

async function measured(name: string, work: () => Promise<void>): Promise<void> {
  latencies.length = 0;
  const before = {
    at: performance.now(),
    received,
    own: process.cpuUsage(),
    server: serverCpu(databaseName),
  };
  await work();
  const elapsed = (performance.now() - before.at) / 1000;
  const { user, system } = process.cpuUsage(before.own);
  const ownMs = (user + system) / 1000;
  const serverMs = serverCpu(databaseName) - before.server;
  const messages = received - before.received;
  latencies.sort((a, b) => a - b);
  const quantile = (q: number) => latencies[Math.floor(latencies.length * q)]?.toFixed(1) ?? "-";
  const each = (ms: number) =>
    messages > 0
      ? `${((ms * 1000) / messages).toFixed(0)} µs/message`
      : `${(ms / elapsed / 10).toFixed(2)} % of a core`;
  console.log(
    `${name}: ${Math.round(messages / elapsed)} messages/s, latency p50 ${quantile(0.5)} ms p99 ${quantile(0.99)} ms, ` +
      `CPU here ${each(ownMs)}, PostgreSQL ${each(serverMs)}`,
  );
}

await publish(100);
await untilAllAreRead();
await measured(`at ${rate}/s`, async () => {
  const end = performance.now() + seconds * 1000;
  for (let next = performance.now(); next < end; next += everyMs) {
    await pause(Math.max(0, next - performance.now()));
    await publish(Math.round((rate * everyMs) / 1000));
  }
  await untilAllAreRead();
});
await measured("as fast as it goes", async () => {
  for (let n = 0; n < 100; n += 1) await publish(200);
  await untilAllAreRead();
});
await measured("idle", () => pause(seconds * 1000));
await bus.close();
await database.drop();

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
