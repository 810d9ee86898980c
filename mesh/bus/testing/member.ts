import { createLog } from "#observability/log";
import { openEmbeddedBus } from "../embedded-bus.ts";
import { openKafkaBus } from "../kafka-bus.ts";
import type { MemberOptions } from "./spawn-member.ts";

// A process of its own that a test can kill or freeze. It writes what it is given, a line each, before it handles it;
// the value "hang" it never finishes.
const { databaseUrl, brokers, group, topics, sessionTimeoutMs } = JSON.parse(
  process.argv[2] ?? "",
) as MemberOptions;
const common = {
  clientId: "member",
  log: createLog({ service: "member", level: "silent" }),
  sessionTimeoutMs,
};
const bus = brokers
  ? await openKafkaBus({ brokers, ...common })
  : await openEmbeddedBus({ databaseUrl: databaseUrl ?? "", ...common });
await bus.subscribe({
  group,
  topics,
  async handle(batch) {
    for (const { value } of batch) {
      process.stdout.write(`${value}\n`);
      if (value === "hang") await new Promise(() => {});
    }
  },
});
