import { expect, test } from "bun:test";
import { readLogLine } from "./log-entry.ts";

test("a line of a process", () => {
  const line =
    '{"level":"warn","time":"2026-11-22T13:05:30.654Z","service":"gateway","trace_id":"t","span_id":"s","correlation_id":"c","ms":5,"message":"slow"}';
  expect(readLogLine("gateway", line, 0)).toEqual({
    service: "gateway",
    time: Date.parse("2026-11-22T13:05:30.654Z"),
    level: "warn",
    message: "slow",
    traceId: "t",
    spanId: "s",
    correlationId: "c",
    fields: { ms: 5 },
  });
});

test("the line of a request says which, the line of an error why", () => {
  const messageOf = (fields: object) => readLogLine("x", JSON.stringify(fields), 0)?.message;
  expect(messageOf({ message: "request", method: "GET", route: "/api/orders", status: 200, ms: 4.6 })).toBe(
    "GET /api/orders 200 in 5 ms",
  );
  expect(messageOf({ message: "failed", err: { message: "no route" } })).toBe("failed: no route");
  expect(messageOf({ message: "failed: no route", err: { message: "no route" } })).toBe("failed: no route");
});

test("a line of PostgreSQL has its own time, and being asked too early is no trouble", () => {
  const at = "2026-11-22 13:02:45.300 UTC [19614]";
  const time = Date.parse("2026-11-22T13:02:45.300Z");
  const read = (text: string) => readLogLine("postgres", `${at} ${text}`, 1);
  expect(read("LOG:  ready")).toMatchObject({ time, level: "info", message: "LOG: ready" });
  expect(read("FATAL:  the database system is starting up")).toMatchObject({ level: "info" });
  expect(read('ERROR:  relation "x" does not exist')).toMatchObject({ level: "error" });
});

test.each([
  ["error: Cannot find module './x.ts'", "error"],
  ["Mailbox: SMTP on port 1025", "info"],
  ['{"level":"info","message":', "info"],
  ["{}", "info"],
  ['{"level":5,"time":"soon","message":{"a":1}}', "info"],
])("a line that is no line of ours is shown all the same: %s", (line, level) => {
  expect(readLogLine("x", line, 7)).toMatchObject({ time: 7, level: level as "info" });
});

test("an empty line is none", () => {
  expect(readLogLine("x", "  ", 0)).toBeUndefined();
});
