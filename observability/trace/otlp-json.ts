import { type Attributes, type Link, SpanStatusCode } from "@opentelemetry/api";
import type { EndedSpan, SpanEvent } from "./ended-span.ts";

/** Bits of `flags` in OTLP's trace.proto: sampled; whether it is known where the parent is; it is elsewhere. */
const sampled = 0x01;
const knownOrigin = 0x100;
const remote = 0x200;

/**
 * One span in OTLP's JSON (opentelemetry-proto 1.x, `trace.proto`): ids in hex, 64-bit numbers as text. Put together by
 * hand, without the dozen objects that a span is in that form.
 * @param epochMs turns a time of `performance.now()` into milliseconds since the epoch
 */
function encodeSpan(span: EndedSpan, epochMs: (at: number) => number): string {
  const { parentSpanId, traceState, attributes, links, events } = span;
  let text = `{"traceId":"${span.traceId}","spanId":"${span.spanId}"`;
  if (parentSpanId !== undefined) text += `,"parentSpanId":"${parentSpanId}"`;
  if (traceState !== undefined) text += `,"traceState":${JSON.stringify(traceState)}`;
  text += `,"flags":${sampled | knownOrigin | (span.parentIsRemote ? remote : 0)},"name":${JSON.stringify(span.name)}`;
  // OTLP counts kinds from 1, the API from 0.
  text += `,"kind":${span.kind + 1},"startTimeUnixNano":"${nanos(epochMs(span.startedAt))}"`;
  text += `,"endTimeUnixNano":"${nanos(epochMs(span.endedAt))}","attributes":${encodeAttributes(attributes)}`;
  if (events?.length) text += `,"events":[${events.map((event) => encodeEvent(event, epochMs)).join()}]`;
  if (links?.length) text += `,"links":[${links.map(encodeLink).join()}]`;
  return span.failed ? `${text},"status":{"code":${SpanStatusCode.ERROR}}}` : `${text}}`;
}

/**
 * A request to `/v1/traces`. A batch is encoded at once, and not each span when it ends: strings that are put together of
 * many parts and kept for seconds cost the collector of garbage three times what they cost to make.
 */
export function encodeRequest(
  resource: string,
  spans: readonly EndedSpan[],
  epochMs: (at: number) => number,
): string {
  let text = `{"resourceSpans":[{"resource":${resource},"scopeSpans":[{"scope":{"name":"ecotrack"},"spans":[`;
  for (let at = 0; at < spans.length; at++)
    text += (at === 0 ? "" : ",") + encodeSpan(spans[at] as EndedSpan, epochMs);
  return `${text}]}]}]}`;
}

export const encodeResource = (attributes: Attributes): string =>
  `{"attributes":${encodeAttributes(attributes)}}`;

function encodeEvent({ name, at, attributes }: SpanEvent, epochMs: (at: number) => number): string {
  return `{"timeUnixNano":"${nanos(epochMs(at))}","name":${JSON.stringify(name)},"attributes":${encodeAttributes(attributes)}}`;
}

function encodeLink({ context, attributes }: Link): string {
  const more = attributes ? `,"attributes":${encodeAttributes(attributes)}` : "";
  return `{"traceId":"${context.traceId}","spanId":"${context.spanId}","flags":${context.traceFlags & sampled}${more}}`;
}

function encodeAttributes(attributes: Attributes): string {
  let text = "[";
  for (const name in attributes) {
    const value = attributes[name];
    if (value === undefined || value === null) continue;
    text += `${text.length > 1 ? "," : ""}${opening(name)}${encodeValue(value)}}`;
  }
  return `${text}]`;
}

/** Names are those that stand in this repository: few, and always the same. */
const openings = new Map<string, string>();
function opening(name: string): string {
  let known = openings.get(name);
  if (known === undefined) {
    known = `{"key":${JSON.stringify(name)},"value":`;
    openings.set(name, known);
  }
  return known;
}

function encodeValue(value: unknown): string {
  if (typeof value === "string") return `{"stringValue":${JSON.stringify(value)}}`;
  if (typeof value === "number")
    return Number.isSafeInteger(value)
      ? `{"intValue":"${value}"}`
      : `{"doubleValue":${JSON.stringify(value)}}`;
  if (typeof value === "boolean") return `{"boolValue":${value}}`;
  return Array.isArray(value) ? `{"arrayValue":{"values":[${value.map(encodeValue).join()}]}}` : "{}";
}

/** Milliseconds as nanoseconds, which are more than a number holds exactly. */
function nanos(ms: number): string {
  const whole = Math.floor(ms);
  return whole + String(Math.floor((ms - whole) * 1e6)).padStart(6, "0");
}
