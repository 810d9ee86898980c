import type { Admin } from "kafkajs";
import type { SubscribeOptions } from "./bus.ts";

/** How many messages of these topics the group has not committed. What it never committed counts from the oldest kept. */
export async function countWaiting(
  admin: Admin,
  { group, topics }: Pick<SubscribeOptions, "group" | "topics">,
): Promise<number> {
  const [committed, ...ends] = await Promise.all([
    admin.fetchOffsets({ groupId: group, topics: [...topics] }),
    ...topics.map((topic) => admin.fetchTopicOffsets(topic)),
  ]);
  let waiting = 0n;
  for (const { topic, partitions } of committed) {
    const known = new Map((ends[topics.indexOf(topic)] ?? []).map((end) => [end.partition, end]));
    for (const { partition, offset } of partitions) {
      const { high = "0", low = "0" } = known.get(partition) ?? {};
      const next = BigInt(offset);
      waiting += BigInt(high) - (next < 0n ? BigInt(low) : next);
    }
  }
  return Number(waiting);
}
