import { type DestinationStream, type LogFn, type Logger, pino, stdTimeFunctions } from "pino";
import { currentContext } from "./context.ts";
import { createLogDestination } from "./log-destination.ts";
import { redact } from "./redact.ts";
import { mask } from "./secret-patterns.ts";

/** Without children: what those always say, pino writes as it is. */
export type Log = Pick<
  Logger,
  "trace" | "debug" | "info" | "warn" | "error" | "fatal" | "level" | "isLevelEnabled" | "bindings" | "flush"
>;

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
    // pino's own redaction is a list of what is not written, and costs some 20 µs a line with wildcards in its paths.
    formatters: { level: (label: string) => ({ level: label }), log: redact },
    // What is written of an error `redact` has said.
    serializers: { err: (described: unknown) => described },
    hooks: { logMethod: maskWords },
    mixin: contextFields,
  };
  return pino(options, destination ?? createLogDestination());
}

/** Of a line without a message pino takes that of its error, as it is. */
function maskWords(this: Logger, args: Parameters<LogFn>, method: LogFn): void {
  const words: unknown[] = args;
  if (words.length === 1 && typeof words[0] === "object") words.push("without a message");
  for (let at = 0; at < words.length; at++) {
    const each = words[at];
    if (typeof each === "string") words[at] = mask(each);
  }
  method.apply(this, args);
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

/**
 * A function that writes lines of this log which are JSON already, for the one line of a request that is written too often to
 * be put together by a library. `write` is given everything from the second member on, without the closing brace.
 */
export function rawLines(log: Log): (members: string, message: string) => void {
  const destination = (log as unknown as Record<symbol, DestinationStream>)[pino.symbols.streamSym];
  if (!destination) throw new Error("The log has no destination");
  const { service } = log.bindings();
  const head = `{"level":"info","time":"`;
  const name = `","service":${JSON.stringify(service)},`;
  let at = 0;
  let beginning = "";
  return (members, message) => {
    const now = Date.now();
    if (now !== at) {
      at = now;
      beginning = head + new Date(now).toISOString() + name;
    }
    destination.write(`${beginning}${members},"message":"${message}"}\n`);
  };
}
