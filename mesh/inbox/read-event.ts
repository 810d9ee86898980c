import { createHash } from "node:crypto";
import type { DeliveredMessage } from "../bus/bus.ts";
import type { CloudEvent } from "../events/cloud-event.ts";

export interface NoEvent {
  /** Made from the message's place on the bus, so that it is the same when the message comes again. */
  readonly id: string;
  readonly refused: string;
}

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** The CloudEvent in a message, or why it is none that can be worked with. */
export function readEvent(message: DeliveredMessage): CloudEvent | NoEvent {
  const found = parse(message.value);
  const wrong =
    found === undefined
      ? "is no JSON object"
      : found.specversion !== "1.0"
        ? `has specversion ${JSON.stringify(found.specversion)}, not "1.0"`
        : mistakeIn(found);
  if (wrong === undefined) return found as unknown as CloudEvent;
  return { id: placeId(message), refused: `The message is no CloudEvent of ours: it ${wrong}` };
}

function mistakeIn(event: Readonly<Record<string, unknown>>): string | undefined {
  const missing = ["id", "type", "subject", "source"].find(
    (name) => typeof event[name] !== "string" || event[name] === "",
  );
  if (missing) return `has no ${missing}`;
  return uuidPattern.test(event.id as string)
    ? undefined
    : `has the id ${JSON.stringify(event.id)}, not a UUID`;
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** As a UUID of version 8, whose bits are whoever's makes it (RFC 9562 §5.8). */
function placeId({ topic, partition, offset }: DeliveredMessage): string {
  const hex = createHash("sha256").update(`${topic}/${partition}/${offset}`).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
