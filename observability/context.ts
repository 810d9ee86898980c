import { AsyncLocalStorage } from "node:async_hooks";
import { randomBytes } from "node:crypto";
import { INVALID_SPANID, INVALID_TRACEID, type SpanContext, TraceFlags } from "@opentelemetry/api";
import type { Tracing } from "./trace/tracing.ts";

/** What every log line, outgoing call and event of one unit of work has in common. */
export interface RequestContext extends SpanContext {
  /** The span of the caller, if there is one. */
  readonly parentSpanId?: string;
  /** Joins what belongs together across systems; chosen by the client or by the edge. */
  readonly correlationId: string;
  /** Who takes the spans of this work; only there when its trace is recorded. */
  tracing?: Tracing | undefined;
  /** W3C `tracestate` and `baggage`, which go on as they came. */
  readonly tracestate?: string;
  readonly baggage?: string;
  /** When the caller stops waiting, in ms since the epoch. */
  readonly deadline?: number;
  userId?: string;
  /** The route's template, never the raw path. */
  route?: string;
}

const storage = new AsyncLocalStorage<RequestContext | undefined>();
const traceparentPattern = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const correlationPattern = /^[\w.:-]{1,128}$/;

/** W3C Trace Context §3.3.1.5 and Baggage §3.3.2: how much of each has to go on; more than that does not. */
const longestTracestate = 512;
const longestBaggage = 8192;
const printable = /^[\x20-\x7e]+$/;

/** Carries the time that is left for an answer, in milliseconds. */
export const deadlineHeader = "x-deadline-ms";
export const correlationHeader = "x-correlation-id";

export const currentContext = (): RequestContext | undefined => storage.getStore();

/** Runs `work` so that everything it awaits sees `context`; undefined for work that belongs to nothing. */
export const runWith = <T>(context: RequestContext | undefined, work: () => T): T =>
  storage.run(context, work);

/** A context for work that nobody asked for over the wire: a timer, a sweep. */
export function newContext(): RequestContext {
  const traceId = hex(16);
  return { traceId, spanId: newSpanId(), traceFlags: TraceFlags.NONE, correlationId: traceId };
}

export const newSpanId = (): string => hex(8);

/**
 * The context of an incoming request: W3C `traceparent` and `x-correlation-id` where they make sense, new ones where not.
 * `now` in ms since the epoch turns the header with the time that is left into a deadline.
 */
export function contextFromHeaders(
  headers: { get(name: string): string | null },
  now: number,
): RequestContext {
  const left = headers.get(deadlineHeader);
  const tracestate = passable(headers.get("tracestate"), longestTracestate);
  const baggage = passable(headers.get("baggage"), longestBaggage);
  const continued = continueTrace(headers.get("traceparent"), headers.get(correlationHeader));
  return {
    ...continued,
    ...(left !== null && /^\d{1,7}$/.test(left) && { deadline: now + Number(left) }),
    ...(tracestate !== undefined && continued.parentSpanId !== undefined && { tracestate }),
    ...(baggage !== undefined && { baggage }),
  };
}

/** The headers that make the receiver a child of `spanId`, which is a span of this context. */
export function traceHeaders(context: RequestContext, spanId = context.spanId): Record<string, string> {
  const { tracestate, baggage, correlationId } = context;
  return {
    traceparent: traceparent(context, spanId),
    [correlationHeader]: correlationId,
    ...(tracestate !== undefined && { tracestate }),
    ...(baggage !== undefined && { baggage }),
  };
}

const passable = (value: string | null, longest: number): string | undefined =>
  value !== null && value.length <= longest && printable.test(value) ? value : undefined;

/**
 * The context of work that continues a trace begun elsewhere, such as the handling of an event.
 * @param decided whether it is recorded; left out: as whoever began it decided
 */
export function continueTrace(
  traceparentText: string | null | undefined,
  correlation: string | null | undefined,
  decided?: TraceFlags,
): RequestContext {
  const match = traceparentText ? traceparentPattern.exec(traceparentText) : null;
  const [, version, foundTrace, foundSpan, flags] = match ?? [];
  // Version ff is forbidden, and zeros mean "none" (W3C Trace Context §3.2).
  const valid =
    foundTrace && version !== "ff" && foundTrace !== INVALID_TRACEID && foundSpan !== INVALID_SPANID;
  const traceId = valid ? foundTrace : hex(16);
  const correlationId = correlation && correlationPattern.test(correlation) ? correlation : traceId;
  const theirs = valid && flags ? Number.parseInt(flags, 16) & TraceFlags.SAMPLED : TraceFlags.NONE;
  const own = {
    traceId,
    spanId: newSpanId(),
    traceFlags: decided ?? theirs,
    correlationId,
    tracing: undefined,
  };
  return valid && foundSpan ? { ...own, parentSpanId: foundSpan } : own;
}

/** The `traceparent` header that makes the receiver a child of this context, or of another span in it. */
export function traceparent(context: SpanContext, spanId = context.spanId): string {
  return `00-${context.traceId}-${spanId}-0${context.traceFlags & TraceFlags.SAMPLED}`;
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
