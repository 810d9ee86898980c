import { type Attributes, type Link, SpanStatusCode } from "@opentelemetry/api";
import type { EndedSpan, SpanEvent, SpanShape } from "./ended-span.ts";

/** Bits of `flags` in OTLP's trace.proto: sampled; whether it is known where the parent is; it is elsewhere. */
const sampled = 0x01;
const knownOrigin = 0x100;
const remote = 0x200;

/**
 * One span in OTLP's JSON (opentelemetry-proto 1.x, `trace.proto`): ids in hex, 64-bit numbers as text. Put together by
 * hand, without the dozen objects that a span is in that form, and of as few pieces as can be: each costs 50 ns.
 * @param epochMs turns a time of `performance.now()` into milliseconds since the epoch
 */
export function encodeSpan(span: EndedSpan, epochMs: (at: number) => number): string {
  const { parentSpanId, traceState, links, events } = span;
  let text = `{"traceId":"${span.traceId}","spanId":"${span.spanId}`;
  if (parentSpanId !== undefined) text += `","parentSpanId":"${parentSpanId}`;
  text += span.parentIsRemote ? afterIds.remote : afterIds.local;
  text += `${nanos(epochMs(span.startedAt))}","endTimeUnixNano":"${nanos(epochMs(span.endedAt))}"`;
  if (traceState !== undefined) text += `,"traceState":${JSON.stringify(traceState)}`;
  if (events?.length) text += `,"events":[${events.map((event) => encodeEvent(event, epochMs)).join()}]`;
  if (links?.length) text += `,"links":[${links.map(encodeLink).join()}]`;
  return text + (span.encoded ?? encodeShape(span));
}

const afterIds = {
  remote: `","flags":${sampled | knownOrigin | remote},"startTimeUnixNano":"`,
  local: `","flags":${sampled | knownOrigin},"startTimeUnixNano":"`,
} as const;

/** The end of a span: what does not differ from one to the next. */
export function encodeShape({ name, kind, attributes, failed }: SpanShape): string {
  // OTLP counts kinds from 1, the API from 0.
  const text = `,"name":${JSON.stringify(name)},"kind":${kind + 1},"attributes":${encodeAttributes(attributes)}`;
  return failed ? `${text},"status":{"code":${SpanStatusCode.ERROR}}}` : `${text}}`;
}

/** What stands before and after the spans, which a comma parts, in a request to `/v1/traces`. */
export const requestOpening = (resource: string): string =>
  `{"resourceSpans":[{"resource":${resource},"scopeSpans":[{"scope":{"name":"ecotrack"},"spans":[`;
export const requestEnd = "]}]}]}";

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

/** Milliseconds as nanoseconds, which are more than a number holds exactly; 32 bits hold those of one second. */
function nanos(ms: number): string {
  const second = Math.floor(ms / 1000);
  if (second !== knownSecond) {
    knownSecond = second;
    secondText = String(second);
  }
  return secondText + String(1e9 + Math.floor((ms - second * 1000) * 1e6)).slice(1);
}
let knownSecond = Number.NaN;
let secondText = "";
