import { readFileSync } from "node:fs";

/** What came in when the order of the README was placed: OTLP requests, and lines of logs by file. */
export interface RecordedOrder {
  readonly traceId: string;
  readonly requests: readonly unknown[];
  readonly logs: ReadonlyMap<string, readonly string[]>;
}

/** For tests. */
export function recordedOrder(): RecordedOrder {
  const text = readFileSync(new URL("./recorded-order.jsonl", import.meta.url), "utf8");
  const entries = text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Recorded);
  const written = entries.filter((entry) => "log" in entry);
  const byFile = Map.groupBy(written, ({ log }) => log);
  return {
    traceId: "9f73dd87d030b9601f87c2ef994a673c",
    requests: entries.filter((entry) => "spans" in entry).map(({ spans }) => spans),
    logs: new Map([...byFile].map(([file, lines]) => [file, lines.map(({ line }) => JSON.stringify(line))])),
  };
}

type Recorded = { readonly spans: unknown } | { readonly log: string; readonly line: unknown };
