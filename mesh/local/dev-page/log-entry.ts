/** A line of a log as it is shown. */
export interface LogEntry {
  /** The name of the process that wrote it, as in the name of its file. */
  readonly service: string;
  /** Milliseconds since the epoch; of a line that does not say, when it was read. */
  readonly time: number;
  readonly level: LogLevel;
  readonly message: string;
  readonly traceId?: string;
  readonly spanId?: string;
  readonly correlationId?: string;
  /** Everything else that the line says. */
  readonly fields: Readonly<Record<string, unknown>>;
}

export const logLevels = ["trace", "debug", "info", "warn", "error", "fatal"] as const;
export type LogLevel = (typeof logLevels)[number];

const longestPlain = 4000;
const longestLine = 64 * 1024;
const speaksOfTrouble = /\b(error|cannot|failed|panic|fatal|exception)\b/i;

/** What a line says: of our processes JSON, of a runtime or a store whatever it likes to write. */
export function readLogLine(service: string, line: string, now: number): LogEntry | undefined {
  if (line.trim() === "") return undefined;
  return fromJson(service, line, now) ?? fromText(service, line, now);
}

function fromJson(service: string, line: string, now: number): LogEntry | undefined {
  if (!line.startsWith("{") || line.length > longestLine) return undefined;
  let found: unknown;
  try {
    found = JSON.parse(line);
  } catch {
    return undefined;
  }
  const {
    level,
    time,
    service: _service,
    message,
    msg,
    trace_id: traceId,
    span_id: spanId,
    correlation_id: correlationId,
    ...fields
  } = found as Record<string, unknown>;
  const at = typeof time === "number" ? time : Date.parse(String(time));
  return {
    service,
    time: Number.isFinite(at) ? at : now,
    level: logLevels.find((known) => known === level) ?? "info",
    message: messageOf(message ?? msg, fields),
    ...(typeof traceId === "string" && { traceId }),
    ...(typeof spanId === "string" && { spanId }),
    ...(typeof correlationId === "string" && { correlationId }),
    fields,
  };
}

/** `request` alone tells nobody anything. */
function messageOf(message: unknown, fields: Record<string, unknown>): string {
  const { method, route, status, ms, err } = fields;
  const said = typeof message === "string" ? message : "";
  if (said === "request" && method !== undefined) {
    const time = typeof ms === "number" ? `in ${Math.round(ms)} ms` : undefined;
    return [method, route, status, time]
      .filter((part) => part !== undefined)
      .map(textOf)
      .join(" ");
  }
  const cause = (err as { message?: unknown } | undefined)?.message;
  return typeof cause === "string" && !said.includes(cause) ? `${said}: ${cause}` : said;
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

function fromText(service: string, line: string, now: number): LogEntry {
  const [, at = "", severity = "", said] = postgresLine.exec(line) ?? [];
  const text = said === undefined ? line.trimEnd() : `${severity}: ${said}`;
  const level = said === undefined ? undefined : postgresLevel(severity, said);
  return {
    service,
    time: said === undefined ? now : Date.parse(`${at.replace(" ", "T")}Z`),
    level: level ?? (speaksOfTrouble.test(line) ? "error" : "info"),
    message: text.slice(0, longestPlain),
    fields: {},
  };
}

/** As `log_line_prefix` is by default, in the time zone of our own server. */
const postgresLine = /^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+) UTC \[\d+\] ([A-Z]+): {1,2}(.*)/;

/** It calls it fatal, for a connection, to be asked while it is on its way up: so everybody does who waits for it. */
function postgresLevel(severity: string, said: string): LogLevel {
  if (said.startsWith("the database system is starting up")) return "info";
  if (severity === "WARNING") return "warn";
  return ["ERROR", "FATAL", "PANIC"].includes(severity) ? "error" : "info";
}
