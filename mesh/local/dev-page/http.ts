import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { guard, refusal } from "./guard.ts";
import { type LiveSources, liveStream } from "./live-stream.ts";
import { logFilter, readLogFilter } from "./log-filter.ts";
import { readSpans } from "./read-spans.ts";
import { waterfall } from "./waterfall.ts";

/** What the page is told once: nothing of it changes while this process runs. */
export interface PageFacts {
  readonly links: Readonly<Record<string, string>>;
  readonly orderExample: string;
  readonly tracesElsewhere?: string | undefined;
}

export interface DevPageParts extends LiveSources {
  readonly facts: PageFacts;
  /** What browsers and services call it by. */
  readonly port: () => number;
  /** Told how many watch. */
  readonly watching: (change: 1 | -1) => void;
}

const read = (name: string) => readFileSync(new URL(`./page/${name}`, import.meta.url), "utf8");
const served = (name: string, type: string) =>
  [`/${name}`, { type: `${type}; charset=utf-8`, body: read(name) }] as const;
/** All there is: no path is ever made into the name of a file. */
const files = new Map([
  ["/", { type: "text/html; charset=utf-8", body: read("dev-page.html") }],
  ...["dev-page.css", "views.css"].map((name) => served(name, "text/css")),
  ...["dev-page.js", "elements.js", "house-view.js", "trace-view.js", "log-view.js"].map((name) =>
    served(name, "text/javascript"),
  ),
]);

const headers = {
  "cache-control": "no-store",
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

const mostBytes = 16 * 1024 * 1024;
const mostLines = 500;

/** The page, what it shows, and `POST /v1/traces`, where spans come in. */
export function devPageHandler(parts: DevPageParts): (request: Request) => Response | Promise<Response> {
  return (request) => {
    const refused = guard(request, parts.port());
    if (refused) return refused;
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/v1/traces") {
      return request.method === "POST" ? takeSpans(parts, request) : refusal(405, "Only POST here");
    }
    if (request.method !== "GET" && request.method !== "HEAD") return refusal(405, "Only GET here");
    const file = files.get(pathname);
    if (file) return new Response(file.body, { headers: { ...headers, "content-type": file.type } });
    if (pathname === "/api/facts") return json(parts.facts);
    if (pathname === "/api/live") return live(parts, searchParams, request.signal);
    if (pathname === "/health/ready" || pathname === "/health/live") return json({ status: "ready" });
    const [, traceId] = /^\/api\/traces\/([0-9a-f]{32})$/.exec(pathname) ?? [];
    return (traceId && trace(parts, traceId)) || refusal(404, "There is nothing here");
  };
}

function live(parts: DevPageParts, query: URLSearchParams, signal: AbortSignal): Response {
  parts.watching(1);
  signal.addEventListener("abort", () => parts.watching(-1), { once: true });
  const body = liveStream(parts, logFilter(readLogFilter(query)), signal);
  return new Response(body, { headers: { ...headers, "content-type": "text/event-stream" } });
}

/** A trace as a picture, with the lines that its work wrote. */
function trace({ spans, logs }: DevPageParts, traceId: string): Response | undefined {
  const own = spans.get(traceId);
  const lines = logs.last(mostLines, (entry) => entry.traceId === traceId).sort((a, b) => a.time - b.time);
  if (own.length === 0 && lines.length === 0) return undefined;
  const picture = waterfall({
    spans: own,
    leading: spans.leadingTo(traceId),
    find: (ref) => spans.find(ref),
    traceOf: (other) => spans.get(other),
  });
  return json({ traceId, ...picture, dropped: spans.droppedOf(traceId), lines });
}

/** OTLP 1.x over HTTP, `ExportTraceServiceRequest` in JSON. */
async function takeSpans({ spans }: DevPageParts, request: Request): Promise<Response> {
  const type = request.headers.get("content-type") ?? "";
  if (!/^application\/json\b/.test(type)) return refusal(415, "Only application/json");
  const body = await readBody(request);
  if (body === undefined) return refusal(413, `More than ${mostBytes} bytes`);
  try {
    const zipped = request.headers.get("content-encoding") === "gzip";
    const text = zipped ? gunzipSync(body, { maxOutputLength: mostBytes }) : body;
    spans.add(readSpans(JSON.parse(text.toString("utf8"))));
    return json({});
  } catch {
    return refusal(400, "This is no ExportTraceServiceRequest in JSON");
  }
}

/** Undefined when there is too much of it. */
async function readBody(request: Request): Promise<Buffer | undefined> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of request.body ?? []) {
    bytes += piece.length;
    if (bytes > mostBytes) return undefined;
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

const json = (value: unknown) => Response.json(value, { headers });
