import { type DestinationStream, type Logger, pino, stdTimeFunctions } from "pino";
import { currentContext } from "./context.ts";
import { describeError, redact } from "./redact.ts";

export type Log = Logger;

/** Written when there are 16 kB or after a second, whichever comes first. */
const batched = { dest: 1, sync: false, minLength: 16_000, maxWrite: 65_536, periodicFlush: 1000 };

/**
 * JSON lines on standard output, each with the ids of the work it belongs to.
 * `destination` is for tests; by default lines go to standard output in batches.
 */
export function createLog({
  service,
  level,
  destination,
}: {
  service: string;
  level: string;
  destination?: DestinationStream;
}): Log {
  const options = {
    level,
    base: { service },
    messageKey: "message",
    timestamp: stdTimeFunctions.isoTime,
    // pino's own redaction costs some 20 µs a line with wildcards in its paths, this walk less than 1.
    formatters: { level: (label: string) => ({ level: label }), log: redact },
    serializers: { err: describeError },
    mixin: contextFields,
  };
  return pino(options, destination ?? pino.destination(batched));
}

function contextFields(): Record<string, string> {
  const context = currentContext();
  if (!context) return {};
  const ids: Record<string, string> = {
    trace_id: context.traceId,
    span_id: context.spanId,
    correlation_id: context.correlationId,
  };
  if (context.userId) ids.user_id = context.userId;
  return ids;
}
