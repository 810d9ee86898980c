import { type DestinationStream, type Logger, pino, stdTimeFunctions } from "pino";
import { currentContext } from "./context.ts";

export type Log = Logger;

/** Never written, wherever one of these stands in what is logged. */
const secretFields = [
  "password",
  "token",
  "accessToken",
  "refreshToken",
  "authorization",
  "cookie",
  "secret",
  "apiKey",
  "clientSecret",
  "card",
  "cardNumber",
];

/**
 * JSON lines on standard output, each with the ids of the work it belongs to.
 * `destination` is for tests; by default lines are written in batches and flushed at exit.
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
    formatters: { level: (label: string) => ({ level: label }) },
    redact: {
      paths: secretFields.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]),
      censor: "[redacted]",
    },
    mixin: contextFields,
  };
  return pino(options, destination ?? pino.destination({ dest: 1, sync: false, minLength: 4096 }));
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
