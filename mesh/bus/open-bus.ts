import type { Log } from "#observability/log";
import type { Bus } from "./bus.ts";
import { openEmbeddedBus } from "./embedded-bus.ts";
import { openKafkaBus } from "./kafka-bus.ts";

/**
 * Kafka where brokers are named, else the embedded bus.
 * @param clientId the process, as the broker or the database shows it
 * @throws when neither or both are given, or the bus is away
 */
export function openBus({
  kafkaBrokers,
  busDatabaseUrl,
  clientId,
  log,
}: {
  kafkaBrokers?: readonly string[] | undefined;
  busDatabaseUrl?: string | undefined;
  clientId: string;
  log: Log;
}): Promise<Bus> {
  if (kafkaBrokers && !busDatabaseUrl) return openKafkaBus({ brokers: kafkaBrokers, clientId, log });
  if (busDatabaseUrl && !kafkaBrokers) return openEmbeddedBus({ databaseUrl: busDatabaseUrl, clientId, log });
  throw new Error("Cannot open the bus: exactly one of KAFKA_BROKERS and BUS_DATABASE_URL is wanted");
}
