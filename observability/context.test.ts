import { expect, test } from "bun:test";
import {
  contextFromHeaders,
  continueTrace,
  currentContext,
  newContext,
  runWith,
  traceHeaders,
  traceparent,
} from "./context.ts";

const good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

test("a trace that comes in goes on as its child", () => {
  const context = continueTrace(good, "abc");
  expect(context).toMatchObject({
    traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
    parentSpanId: "00f067aa0ba902b7",
    traceFlags: 1,
    correlationId: "abc",
  });
  expect(traceparent(context)).toBe(`00-4bf92f3577b34da6a3ce929d0e0e4736-${context.spanId}-01`);
  expect(context.spanId).not.toBe("00f067aa0ba902b7");
});

test("what is no trace begins a new one", () => {
  const zeroTrace = "00-00000000000000000000000000000000-00f067aa0ba902b7-01";
  const zeroSpan = "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01";
  for (const odd of [
    null,
    "",
    "nonsense",
    zeroTrace,
    zeroSpan,
    good.replace("00-", "ff-"),
    good.toUpperCase(),
  ]) {
    const context = continueTrace(odd, undefined);
    expect(context.traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(context.traceId).not.toBe("4bf92f3577b34da6a3ce929d0e0e4736");
    expect(context.parentSpanId).toBeUndefined();
    expect(context.correlationId).toBe(context.traceId);
  }
});

test("a correlation id that could break a log line is replaced", () => {
  for (const odd of ["a\nb", "x".repeat(200), "{}", " "])
    expect(continueTrace(good, odd).correlationId).toBe("4bf92f3577b34da6a3ce929d0e0e4736");
});

test("the time that is left becomes a deadline", () => {
  const at = 1_000_000;
  expect(contextFromHeaders(new Headers({ "x-deadline-ms": "250" }), at).deadline).toBe(at + 250);
  expect(contextFromHeaders(new Headers({ "x-deadline-ms": "soon" }), at).deadline).toBeUndefined();
});

test("ids are not repeated, and work sees its own context across awaits", async () => {
  const ids = new Set(Array.from({ length: 5000 }, () => newContext().spanId));
  expect(ids.size).toBe(5000);
  const seen = await Promise.all(
    [newContext(), newContext()].map((context) =>
      runWith(context, async () => {
        await new Promise((resolve) => setTimeout(resolve, 1));
        return currentContext() === context;
      }),
    ),
  );
  expect(seen).toEqual([true, true]);
});

test("tracestate and baggage go on as they came, unless they are too long, or could break a header", () => {
  const headers = (more: Record<string, string>) =>
    contextFromHeaders(new Headers({ traceparent: good, ...more }), 0);
  const context = headers({ tracestate: "vendor=1", baggage: "tenant=shop" });
  expect(traceHeaders(context, "00f067aa0ba902b9")).toEqual({
    traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b9-01",
    "x-correlation-id": "4bf92f3577b34da6a3ce929d0e0e4736",
    tracestate: "vendor=1",
    baggage: "tenant=shop",
  });
  expect(headers({ baggage: "a".repeat(8193) }).baggage).toBeUndefined();
  expect(headers({ tracestate: "a".repeat(513) }).tracestate).toBeUndefined();
  expect(headers({ baggage: "name=J\u00fcrgen" }).baggage).toBeUndefined();
  // Of a trace that is not continued nothing is.
  expect(contextFromHeaders(new Headers({ tracestate: "vendor=1" }), 0).tracestate).toBeUndefined();
});

test("whoever decides itself is not told by the flag that comes in", () => {
  expect(continueTrace(good, undefined).traceFlags).toBe(1);
  expect(continueTrace(good, undefined, 0).traceFlags).toBe(0);
  expect(continueTrace(good.replace(/01$/, "00"), undefined, 1).traceFlags).toBe(1);
});
