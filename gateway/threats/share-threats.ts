import { randomUUID } from "node:crypto";
import type { Redis } from "ioredis";
import type { Log } from "#observability/log";
import type { ThreatNews, Threats } from "./threats.ts";

const maxMessageBytes = 512;

export interface SharedThreats extends ThreatNews {
  /** What the others tell goes there. */
  tellTo(threats: Pick<Threats, "blockedElsewhere" | "pardonedElsewhere">): void;
  close(): void;
}

/**
 * Tells the other gateways of blocks and pardons. Scores stay where they were earned: with clients spread over n gateways it
 * takes up to n times as many failures until the first one blocks, and then all do. What was told while Redis was away,
 * or before a gateway started, it learns by itself: a block is short.
 */
export function shareThreats({
  redis,
  log,
  group = "gateway",
}: {
  redis: Redis;
  log: Log;
  /** Gateways of one name tell each other. */
  group?: string;
}): SharedThreats {
  const own = randomUUID();
  const channel = `${group}:threats`;
  const subscriber = redis.duplicate({ maxRetriesPerRequest: null, enableOfflineQueue: true });
  subscriber.on("error", () => {});
  // Every reconnection subscribes again by itself.
  subscriber.subscribe(channel).catch((error: unknown) => log.warn({ err: error }, "blocks are not shared"));
  let threats: Parameters<SharedThreats["tellTo"]>[0] | undefined;
  subscriber.on("message", (_channel: string, message: string) => {
    const read = readMessage(message, own);
    if (read === undefined) return;
    if (read.forMs > 0) threats?.blockedElsewhere(read.key, read.forMs);
    else threats?.pardonedElsewhere(read.key);
  });
  // Relative times: clocks of machines differ.
  const tell = (forMs: number, key: string) => {
    redis.publish(channel, `${own} ${Math.ceil(forMs)} ${key}`).catch(() => {});
  };
  return {
    blocked: (key, forMs) => tell(forMs, key),
    pardoned: (key) => tell(0, key),
    tellTo: (to) => {
      threats = to;
    },
    close: () => subscriber.disconnect(),
  };
}

const form = /^([0-9a-f-]{36}) (\d{1,9}) ([a-z]+:\S.*)$/;

/** @returns undefined for what is no message, or one's own */
export function readMessage(message: string, own: string): { key: string; forMs: number } | undefined {
  if (message.length > maxMessageBytes) return undefined;
  const match = form.exec(message);
  if (!match || match[1] === own) return undefined;
  return { key: match[3] as string, forMs: Number(match[2]) };
}
