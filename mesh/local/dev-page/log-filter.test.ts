import { expect, test } from "bun:test";
import { readLogLine } from "./log-entry.ts";
import { logFilter, readLogFilter } from "./log-filter.ts";

const line = (service: string, fields: Record<string, unknown>) => {
  const entry = readLogLine(service, JSON.stringify(fields), 0);
  if (!entry) throw new Error("No line");
  return entry;
};
const lines = [
  line("gateway", { level: "info", message: "serving", port: 8080 }),
  line("gateway", { level: "warn", message: "Not Ready", failing: ["Postgres"] }),
  line("order-service", { level: "error", message: "saga failed", trace_id: "t1", correlation_id: "shop-7" }),
  line("order-service", { level: "fatal", message: "no port", trace_id: "t2", correlation_id: "t2" }),
];
const found = (query: string) => {
  const passes = logFilter(readLogFilter(new URLSearchParams(query)));
  return lines.filter(passes).map(({ message }) => message);
};

test("nothing asked for is everything", () => {
  expect(found("")).toHaveLength(4);
  expect(found("level=loud&text=&trace=%20")).toHaveLength(4);
});

test("by process, by level and worse, by trace, by correlation id, and all of them together", () => {
  expect(found("service=gateway")).toEqual(["serving", "Not Ready"]);
  expect(found("level=error")).toEqual(["saga failed", "no port"]);
  expect(found("trace=t1")).toEqual(["saga failed"]);
  expect(found("correlation=shop-7")).toEqual(["saga failed"]);
  expect(found("service=gateway&level=warn")).toEqual(["Not Ready"]);
  expect(found("service=gateway&level=error")).toEqual([]);
});

test("text is found in the message, in any field and in ids, whatever its case", () => {
  expect(found("text=not+ready")).toEqual(["Not Ready"]);
  expect(found("text=POSTGRES")).toEqual(["Not Ready"]);
  expect(found("text=shop-7")).toEqual(["saga failed"]);
});
