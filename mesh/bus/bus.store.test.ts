import { describe } from "bun:test";
import { createLog } from "#observability/log";
import { openEmbeddedBus } from "./embedded-bus.ts";
import { openKafkaBus } from "./kafka-bus.ts";
import { busDatabase } from "./testing/bus-database.ts";
import { busConformance } from "./testing/conformance.ts";

const log = createLog({ service: "test", level: process.env.LOG_LEVEL ?? "silent" });
const brokers = process.env.KAFKA_BROKERS?.split(",");

describe("embedded bus", () => {
  busConformance(async () => {
    const database = await busDatabase();
    return {
      open: ({ sessionTimeoutMs }) => openEmbeddedBus({ databaseUrl: database.url, log, sessionTimeoutMs }),
      openAway: () => openEmbeddedBus({ databaseUrl: "postgres://nobody@127.0.0.1:1/bus", log }),
      place: { databaseUrl: database.url },
      close: () => database.drop(),
    };
  });
});

describe.skipIf(!brokers)("Kafka bus", () => {
  busConformance(async () => ({
    open: ({ sessionTimeoutMs }) =>
      openKafkaBus({ brokers: brokers ?? [], clientId: "test", log, sessionTimeoutMs }),
    openAway: () => openKafkaBus({ brokers: ["127.0.0.1:1"], clientId: "test", log }),
    place: { brokers: brokers ?? [] },
    async close() {},
  }));
});
