/** A span as it is shown. */
export interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly service: string;
  /** `service.version` of the process, where it tells one. */
  readonly version: string | undefined;
  readonly name: string;
  readonly kind: "internal" | "server" | "client" | "producer" | "consumer";
  /** Milliseconds since the epoch, with fractions. */
  readonly start: number;
  readonly end: number;
  readonly failed: boolean;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly links: readonly SpanRef[];
  readonly events: readonly { readonly name: string; readonly at: number; readonly attributes: Fields }[];
}

export interface SpanRef {
  readonly traceId: string;
  readonly spanId: string;
}

type Fields = Readonly<Record<string, unknown>>;

const kinds = ["internal", "internal", "server", "client", "producer", "consumer"] as const;
const mostAttributes = 64;
const mostLinks = 200;
const mostText = 2000;

/**
 * The spans of an `ExportTraceServiceRequest` (opentelemetry-proto 1.x, in its JSON). A span that lacks what every span has
 * is left out.
 * @throws TypeError when it is no such request
 */
export function readSpans(request: unknown): Span[] {
  const { resourceSpans } = fieldsOf(request);
  if (resourceSpans !== undefined && !Array.isArray(resourceSpans)) {
    throw new TypeError("resourceSpans is no list");
  }
  return listOf(resourceSpans).flatMap((group) => {
    const { resource, scopeSpans } = fieldsOf(group);
    const about = attributesOf(fieldsOf(resource).attributes);
    const spans = listOf(scopeSpans).flatMap((scope) => listOf(fieldsOf(scope).spans));
    return spans.map((span) => readSpan(fieldsOf(span), about)).filter((span) => span !== undefined);
  });
}

function readSpan(span: Fields, resource: Fields): Span | undefined {
  const ref = readRef(span);
  const start = millis(span.startTimeUnixNano);
  const end = millis(span.endTimeUnixNano);
  if (ref === undefined || start === undefined || end === undefined) return undefined;
  const version = resource["service.version"];
  return {
    ...ref,
    parentSpanId: isId(span.parentSpanId, 16) ? span.parentSpanId : undefined,
    service: short(resource["service.name"] ?? "unknown"),
    version: version === undefined ? undefined : short(version),
    name: short(span.name ?? ""),
    kind: kinds[Number(span.kind ?? 0)] ?? "internal",
    start,
    end: Math.max(start, end),
    failed: fieldsOf(span.status).code === 2,
    attributes: attributesOf(span.attributes),
    links: listOf(span.links)
      .slice(0, mostLinks)
      .map((link) => readRef(fieldsOf(link)))
      .filter((link) => link !== undefined),
    events: listOf(span.events)
      .slice(0, mostAttributes)
      .map((event) => readEvent(fieldsOf(event), start)),
  };
}

function readRef({ traceId, spanId }: Fields): SpanRef | undefined {
  return isId(traceId, 32) && isId(spanId, 16) ? { traceId, spanId } : undefined;
}

const readEvent = (event: Fields, start: number) => ({
  name: short(event.name ?? ""),
  at: millis(event.timeUnixNano) ?? start,
  attributes: attributesOf(event.attributes),
});

const isId = (id: unknown, length: number): id is string =>
  typeof id === "string" && id.length === length && /^[0-9a-f]+$/.test(id);

/** A 64-bit number, as text or not: more than a number holds exactly. */
function millis(nanos: unknown): number | undefined {
  const text = String(nanos);
  return /^\d{1,20}$/.test(text) ? Number(BigInt(text) / 1000n) / 1000 : undefined;
}

function attributesOf(attributes: unknown): Record<string, unknown> {
  const pairs = listOf(attributes).slice(0, mostAttributes);
  return Object.fromEntries(
    pairs.map((pair) => {
      const { key, value } = fieldsOf(pair);
      return [short(key), readValue(fieldsOf(value))];
    }),
  );
}

function readValue({ stringValue, intValue, boolValue, doubleValue, arrayValue }: Fields): unknown {
  if (arrayValue !== undefined) {
    const values = listOf(fieldsOf(arrayValue).values).slice(0, mostAttributes);
    return values.map((value) => readValue(fieldsOf(value)));
  }
  if (intValue !== undefined) return Number(intValue);
  if (stringValue !== undefined) return short(stringValue);
  return boolValue ?? doubleValue;
}

const short = (text: unknown): string => String(text).slice(0, mostText);
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const fieldsOf = (value: unknown): Fields =>
  typeof value === "object" && value !== null ? (value as Fields) : {};
