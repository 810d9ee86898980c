import { AsyncLocalStorage } from "node:async_hooks";
import { randomBytes } from "node:crypto";
import { INVALID_SPANID, INVALID_TRACEID, type SpanContext, TraceFlags } from "@opentelemetry/api";

/** What every log line, outgoing call and event of one unit of work has in common. */
export interface RequestContext extends SpanContext {
  /** The span of the caller, if there is one. */
  readonly parentSpanId?: string;
  /** Joins what belongs together across systems; chosen by the client or by the edge. */
  readonly correlationId: string;
  /** When the caller stops waiting, in ms since the epoch. */
  readonly deadline?: number;
  userId?: string;
  /** The route's template, never the raw path. */
  route?: string;
}

const storage = new AsyncLocalStorage<RequestContext>();
const traceparentPattern = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const correlationPattern = /^[\w.:-]{1,128}$/;

/** Carries the time that is left for an answer, in milliseconds. */
export const deadlineHeader = "x-deadline-ms";
export const correlationHeader = "x-correlation-id";

export const currentContext = (): RequestContext | undefined => storage.getStore();

/** Runs `work` so that everything it awaits sees `context`. */
export const runWith = <T>(context: RequestContext, work: () => T): T => storage.run(context, work);

/** A context for work that nobody asked for over the wire: a timer, a sweep. */
export function newContext(): RequestContext {
  const traceId = hex(16);
  return { traceId, spanId: hex(8), traceFlags: TraceFlags.NONE, correlationId: traceId };
}

/**
 * The context of an incoming request: W3C `traceparent` and `x-correlation-id` where they make sense, new ones where not.
 * `now` in ms since the epoch turns the header with the time that is left into a deadline.
 */
export function contextFromHeaders(
  headers: { get(name: string): string | null },
  now: number,
): RequestContext {
  const left = headers.get(deadlineHeader);
  const continued = continueTrace(headers.get("traceparent"), headers.get(correlationHeader));
  if (left === null || !/^\d{1,7}$/.test(left)) return continued;
  return { ...continued, deadline: now + Number(left) };
}

/** The context of work that continues a trace begun elsewhere, such as the handling of an event. */
export function continueTrace(
  traceparentText: string | null | undefined,
  correlation: string | null | undefined,
): RequestContext {
  const match = traceparentText ? traceparentPattern.exec(traceparentText) : null;
  const [, version, foundTrace, foundSpan, flags] = match ?? [];
  // Version ff is forbidden, and zeros mean "none" (W3C Trace Context §3.2).
  const valid =
    foundTrace && version !== "ff" && foundTrace !== INVALID_TRACEID && foundSpan !== INVALID_SPANID;
  const traceId = valid ? foundTrace : hex(16);
  const correlationId = correlation && correlationPattern.test(correlation) ? correlation : traceId;
  const traceFlags = valid && flags ? Number.parseInt(flags, 16) & TraceFlags.SAMPLED : TraceFlags.NONE;
  const own = { traceId, spanId: hex(8), traceFlags, correlationId };
  return valid && foundSpan ? { ...own, parentSpanId: foundSpan } : own;
}

/** The `traceparent` header that makes the receiver a child of this context. */
export function traceparent(context: RequestContext): string {
  return `00-${context.traceId}-${context.spanId}-0${context.traceFlags & TraceFlags.SAMPLED}`;
}

// Asking the system for random bytes costs more than all else here, so they are asked for 4 KiB at a time.
let pool = "";
let used = 0;
function hex(bytes: number): string {
  const length = bytes * 2;
  if (used + length > pool.length) {
    pool = randomBytes(4096).toString("hex");
    used = 0;
  }
  used += length;
  return pool.slice(used - length, used);
}
