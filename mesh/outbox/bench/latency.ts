import { setTimeout as sleep } from "node:timers/promises";
import { createLog } from "#observability/log";
import { createMetrics } from "#observability/metrics";
import { withBenchStores } from "../../bus/bench/bench-stores.ts";
import type { Bus } from "../../bus/bus.ts";
import { openEmbeddedBus } from "../../bus/embedded-bus.ts";
import { openKafkaBus } from "../../bus/kafka-bus.ts";
import { busDatabase } from "../../bus/testing/bus-database.ts";
import { cloudEvent } from "../../events/cloud-event.ts";
import { startConsumer } from "../../inbox/consume.ts";
import { openDatabase } from "../../postgres/open-database.ts";
import { testDatabase } from "../../postgres/test-database.ts";
import { uuidV7 } from "../../uuid-v7.ts";
import { appendEvents } from "../append.ts";
import { startRelay } from "../relay.ts";

// bun run bench:events [seconds for each = 10] [events a second …= 10 100 400]
// From the commit of an event to its reaction in another service's transaction: outbox, relay, bus, inbox; both services
// in this process, on durable stores of their own. Beside it the CPU of this process for an event.
const [seconds = 10, ...given] = process.argv.slice(2).map(Number);
const rates = given.length > 0 ? given : [10, 100, 400];
const topic = "bench-events";
const type = "ecotrack.bench.happened.v1";
const log = createLog({ service: "bench", level: "error" });

await withBenchStores(async ({ kafka }) => {
  const database = await busDatabase();
  await measure("embedded", await openEmbeddedBus({ databaseUrl: database.url, log }));
  await database.drop();
  const broker = await kafka();
  if ("missing" in broker) console.log(`Kafka: skipped, ${broker.missing}`);
  else await measure("Kafka", await openKafkaBus({ brokers: broker.brokers, clientId: "bench", log }));
});

async function measure(name: string, bus: Bus): Promise<void> {
  const [producer, consumer] = [await testDatabase(), await testDatabase()];
  const relaySql = openDatabase({
    url: producer.url,
    max: 1,
    applicationName: "outbox",
    findsByKey: true,
    log,
  });
  const relay = startRelay({ sql: relaySql, bus, log, metrics: createMetrics("producer") });
  const committed = new Map<string, number>();
  let latencies: number[] = [];
  const consuming = await startConsumer({
    name: "bench",
    bus,
    sql: consumer.sql,
    transaction: consumer.transaction,
    topics: [topic],
    reactions: {
      async [type](_, { id }) {
        latencies.push(performance.now() - (committed.get(id) ?? Number.NaN));
        committed.delete(id);
      },
    },
    log,
    metrics: createMetrics("consumer"),
  });

  async function tell(): Promise<void> {
    const event = cloudEvent("/bench", type, {
      id: uuidV7(),
      subject: uuidV7(),
      time: new Date(),
      data: { padding: "x".repeat(600) },
    });
    await producer.transaction(async (tx) => {
      await appendEvents(tx, topic, [event]);
      // Not later than the commit: what is measured is at most too long.
      committed.set(event.id, performance.now());
    });
    relay.wake();
  }

  async function paced(rate: number, forSeconds: number): Promise<void> {
    const tellings: Promise<void>[] = [];
    const end = performance.now() + forSeconds * 1000;
    for (let next = performance.now(); next < end; next += (1000 / rate) * 2 * Math.random()) {
      await sleep(Math.max(0, next - performance.now()));
      tellings.push(tell());
    }
    await Promise.all(tellings);
    while (committed.size > 0) await sleep(5);
  }

  await paced(50, 2);
  for (const rate of rates) {
    latencies = [];
    const before = process.cpuUsage();
    await paced(rate, seconds);
    const { user, system } = process.cpuUsage(before);
    latencies.sort((a, b) => a - b);
    const at = (q: number) => `${latencies[Math.floor(latencies.length * q)]?.toFixed(1)} ms`;
    const cpu = ((user + system) / latencies.length).toFixed(0);
    console.log(
      `${name.padEnd(8)} ${String(rate).padStart(4)} events/s: p50 ${at(0.5)}, p99 ${at(0.99)}, max ${at(0.9999)}; ${cpu} µs CPU here an event`,
    );
  }
  await consuming.stop();
  await relay.stop();
  await relaySql.end();
  await bus.close();
  await Promise.all([producer.close(), consumer.close()]);
}
