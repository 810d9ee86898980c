import { expect, test } from "bun:test";
import { eventually } from "#mesh/eventually";
import { Deadlines } from "./deadlines.ts";

test("a call that takes too long is ended and marked, one that has time is not", async () => {
  const deadlines = new Deadlines(5);
  const request = new Request("http://shop.test/");
  const short = deadlines.start(10, request);
  const long = deadlines.start(60_000, request);
  await eventually(() => short.controller.signal.aborted || undefined);
  expect([short.expired, long.expired, long.controller.signal.aborted]).toEqual([true, false, false]);
  deadlines.close();
});

test("a call whose client has gone is ended without being late", async () => {
  const deadlines = new Deadlines(5);
  const client = new AbortController();
  const waiting = deadlines.start(60_000, new Request("http://shop.test/", { signal: client.signal }));
  client.abort();
  await eventually(() => waiting.controller.signal.aborted || undefined);
  expect(waiting.expired).toBe(false);
  deadlines.close();
});

test("a call that has its answer is forgotten", () => {
  const deadlines = new Deadlines();
  const waiting = deadlines.start(1000, new Request("http://shop.test/"));
  deadlines.end(waiting);
  expect(deadlines.size).toBe(0);
  deadlines.close();
});
