import { SpanKind } from "@opentelemetry/api";
import type { Redis } from "ioredis";
import { currentContext, newSpanId, type RequestContext } from "#observability/context";
import { errorTypeOf } from "#observability/trace/error-type";

/** ioredis's `sendCommand`, which every command goes through. */
type Send = (
  command: { readonly name: string; readonly promise: Promise<unknown> },
  stream?: unknown,
) => unknown;

/**
 * Tells of each command by a span where the trace is recorded, by its name alone: keys are made of who it is about.
 * @returns the same connection
 */
export function traceRedis(redis: Redis): Redis {
  const send = redis.sendCommand.bind(redis) as unknown as Send;
  const traced: Send = (command, stream) => {
    const context = currentContext();
    if (!context?.tracing) return send(command, stream);
    const startedAt = performance.now();
    const sent = send(command, stream);
    command.promise.then(
      () => record(redis, context, { name: command.name, startedAt }),
      (error: unknown) => record(redis, context, { name: command.name, startedAt, error }),
    );
    return sent;
  };
  return Object.assign(redis, { sendCommand: traced });
}

function record(
  { options }: Redis,
  { traceId, spanId: parentSpanId, tracing }: RequestContext,
  { name, startedAt, error }: { name: string; startedAt: number; error?: unknown },
): void {
  const operation = name.toUpperCase();
  tracing?.record({
    traceId,
    spanId: newSpanId(),
    parentSpanId,
    name: operation,
    kind: SpanKind.CLIENT,
    startedAt,
    endedAt: performance.now(),
    attributes: {
      "db.system.name": "redis",
      "db.operation.name": operation,
      "db.namespace": String(options.db ?? 0),
      "server.address": options.host,
      "server.port": options.port,
      ...(error !== undefined && {
        "error.type": errorTypeOf(error),
        // The first word of what Redis answers, as in `WRONGTYPE Operation against …`.
        "db.response.status_code": /^[A-Z]+(?= )/.exec(error instanceof Error ? error.message : "")?.[0],
      }),
    },
    failed: error !== undefined,
  });
}
