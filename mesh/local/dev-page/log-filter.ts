import { type LogEntry, type LogLevel, logLevels } from "./log-entry.ts";

/** What a person wants to see of the lines; all of it has to fit. */
export interface LogFilter {
  readonly service?: string | undefined;
  /** This one and worse. */
  readonly level?: LogLevel | undefined;
  /** Anywhere in the line, in any case; also a trace's or a correlation id. */
  readonly text?: string | undefined;
  readonly traceId?: string | undefined;
  readonly correlationId?: string | undefined;
}

export function readLogFilter(query: URLSearchParams): LogFilter {
  const value = (name: string) => query.get(name)?.trim().slice(0, 200) || undefined;
  return {
    service: value("service"),
    level: logLevels.find((known) => known === query.get("level")),
    text: value("text"),
    traceId: value("trace"),
    correlationId: value("correlation"),
  };
}

/** A test that a line of a log passes when it fits. */
export function logFilter(wanted: LogFilter): (entry: LogEntry) => boolean {
  const { service, traceId, correlationId } = wanted;
  const least = wanted.level === undefined ? 0 : logLevels.indexOf(wanted.level);
  const text = wanted.text?.toLowerCase();
  return (entry) =>
    (service === undefined || entry.service === service) &&
    logLevels.indexOf(entry.level) >= least &&
    (traceId === undefined || entry.traceId === traceId) &&
    (correlationId === undefined || entry.correlationId === correlationId) &&
    (text === undefined || textOf(entry).includes(text));
}

function textOf({ message, traceId = "", correlationId = "", fields }: LogEntry): string {
  return `${message}\n${traceId}\n${correlationId}\n${JSON.stringify(fields)}`.toLowerCase();
}
