import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";

/** A span as it arrived, with the attributes as plain values. */
export interface ReceivedSpan {
  readonly service: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly name: string;
  readonly kind: "internal" | "server" | "client" | "producer" | "consumer";
  /** Milliseconds since the epoch, with fractions. */
  readonly start: number;
  readonly end: number;
  readonly failed: boolean;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly resource: Readonly<Record<string, unknown>>;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
}

export interface OtlpReceiver {
  /** For `OTEL_EXPORTER_OTLP_ENDPOINT`. */
  readonly endpoint: string;
  /** Everything that was sent, as text. */
  readonly bodies: readonly string[];
  readonly spans: readonly ReceivedSpan[];
  /** Forgets what came. */
  clear(): void;
  close(): Promise<void>;
}

interface ReceiverOptions {
  readonly port?: number;
  /** Told of each batch as it comes. */
  readonly onSpans?: (spans: readonly ReceivedSpan[]) => void;
  /** A status to refuse with, if it is to be refused. */
  readonly answer?: () => number | undefined;
}

const mostBytes = 16 * 1024 * 1024;
/** The oldest are forgotten beyond. */
const mostSpans = 50_000;
const mostBodies = 500;

/**
 * Takes traces by OTLP over HTTP with JSON, on 127.0.0.1, and keeps them: what a collector is to production. Tells the
 * spans of one, and those that a link leads from to it, at `GET /traces/<trace id>`, and all that are kept at `GET /traces`.
 */
export async function startOtlpReceiver(options: ReceiverOptions = {}): Promise<OtlpReceiver> {
  let bodies: string[] = [];
  let spans: ReceivedSpan[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    let bytes = 0;
    request.on("data", (part: Buffer) => {
      bytes += part.length;
      if (bytes <= mostBytes) parts.push(part);
    });
    request.on("end", () => {
      if (request.method === "GET" && request.url === "/traces") {
        response.end(JSON.stringify(spans));
        return;
      }
      const [, wanted] = /^\/traces\/([0-9a-f]{32})$/.exec(request.url ?? "") ?? [];
      if (request.method === "GET" && wanted !== undefined) {
        response.writeHead(200, { "content-type": "application/json" });
        response.end(JSON.stringify(spans.filter((span) => belongsTo(span, wanted))));
        return;
      }
      const refusal = bytes > mostBytes ? 413 : options.answer?.();
      const status = refusal ?? take(Buffer.concat(parts), request.headers["content-encoding"]);
      response.writeHead(status, { "content-type": "application/json" }).end("{}");
    });
  });

  function take(body: Buffer, encoding: string | undefined): number {
    try {
      const text = (encoding === "gzip" ? gunzipSync(body) : body).toString("utf8");
      const found = readSpans(JSON.parse(text) as TracesRequest);
      bodies = [...bodies.slice(1 - mostBodies), text];
      spans = [...spans, ...found].slice(-mostSpans);
      options.onSpans?.(found);
      return 200;
    } catch {
      return 400;
    }
  }

  await new Promise<void>((resolve, reject) => {
    server.on("error", reject);
    server.listen(options.port ?? 0, "127.0.0.1", resolve);
  });
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get bodies() {
      return bodies;
    },
    get spans() {
      return spans;
    },
    clear() {
      bodies = [];
      spans = [];
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const belongsTo = ({ traceId, links }: ReceivedSpan, wanted: string): boolean =>
  traceId === wanted || links.some((link) => link.traceId === wanted);

/** `ExportTraceServiceRequest` of opentelemetry-proto 1.x, as far as it is read here. */
interface TracesRequest {
  readonly resourceSpans?: readonly {
    readonly resource?: { readonly attributes?: readonly KeyValue[] };
    readonly scopeSpans?: readonly { readonly spans?: readonly WireSpan[] }[];
  }[];
}

interface KeyValue {
  readonly key: string;
  readonly value: WireValue;
}

interface WireValue {
  readonly stringValue?: string;
  readonly boolValue?: boolean;
  readonly intValue?: string | number;
  readonly doubleValue?: number;
  readonly arrayValue?: { readonly values?: readonly WireValue[] };
}

interface WireSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind?: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes?: readonly KeyValue[];
  readonly links?: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly status?: { readonly code?: number };
}

const kinds = ["internal", "internal", "server", "client", "producer", "consumer"] as const;

function readSpans({ resourceSpans = [] }: TracesRequest): ReceivedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans = [] }) => {
    const about = readAttributes(resource?.attributes);
    return scopeSpans.flatMap(({ spans = [] }) => spans.map((span) => readSpan(span, about)));
  });
}

function readSpan(span: WireSpan, resource: Readonly<Record<string, unknown>>): ReceivedSpan {
  return {
    service: String(resource["service.name"]),
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId === "" ? undefined : span.parentSpanId,
    name: span.name,
    kind: kinds[span.kind ?? 0] ?? "internal",
    start: millis(span.startTimeUnixNano),
    end: millis(span.endTimeUnixNano),
    failed: span.status?.code === 2,
    attributes: readAttributes(span.attributes),
    resource,
    links: (span.links ?? []).map(({ traceId, spanId }) => ({ traceId, spanId })),
  };
}

const millis = (nanos: string): number => Number(BigInt(nanos) / 1000n) / 1000;

const readAttributes = (attributes: readonly KeyValue[] = []): Record<string, unknown> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, readValue(value)]));

function readValue(value: WireValue): unknown {
  if (value.intValue !== undefined) return Number(value.intValue);
  if (value.arrayValue) return (value.arrayValue.values ?? []).map(readValue);
  return value.stringValue ?? value.boolValue ?? value.doubleValue;
}
