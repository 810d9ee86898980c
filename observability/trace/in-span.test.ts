import { expect, test } from "bun:test";
import { SpanKind, SpanStatusCode, TraceFlags } from "@opentelemetry/api";
import { currentContext, newContext, type RequestContext, runWith } from "../context.ts";
import { inBatch } from "./in-batch.ts";
import { inEntrySpan } from "./in-entry-span.ts";
import { inSpan } from "./in-span.ts";
import { linkedContext, originOf } from "./linked-context.ts";
import { RecordedSpans } from "./testing/recorded-spans.ts";

const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

test("work in a span is told of below the one around it, and sees itself as the context", async () => {
  const tracing = new RecordedSpans();
  const context = { ...tracing.context(), userId: "u1" };
  let seen: RequestContext | undefined;
  const given = await runWith(context, () =>
    inSpan("outer", { attributes: { a: 1 } }, async (span) => {
      span.setAttribute("b", "2");
      return inSpan("inner", { kind: SpanKind.CLIENT }, async () => {
        seen = currentContext();
        return "done";
      });
    }),
  );
  expect(given).toBe("done");
  const outer = tracing.named("outer");
  const inner = tracing.named("inner");
  expect(outer).toMatchObject({
    traceId: context.traceId,
    parentSpanId: context.spanId,
    kind: SpanKind.INTERNAL,
    attributes: { a: 1, b: "2" },
    failed: false,
  });
  expect(inner).toMatchObject({ parentSpanId: outer.spanId, kind: SpanKind.CLIENT });
  expect(seen).toMatchObject({ spanId: inner.spanId, userId: "u1", correlationId: context.correlationId });
});

test("what work throws goes on; the span says what kind it was and not what it said", async () => {
  const tracing = new RecordedSpans();
  const error = Object.assign(new Error("Key (email)=(ada@example.test) exists"), { code: "23505" });
  const failing = runWith(tracing.context(), () => inSpan("work", {}, () => Promise.reject(error)));
  expect(await failing.catch((thrown: unknown) => thrown)).toBe(error);
  expect(tracing.named("work")).toMatchObject({ failed: true, attributes: { "error.type": "23505" } });
  expect(JSON.stringify(tracing.spans)).not.toContain("ada@example.test");
});

test("where no trace is recorded, work is done in the very context it was called in", async () => {
  const context = newContext();
  for (const around of [context, undefined]) {
    await runWith(around, () =>
      inSpan("work", {}, async (span) => {
        expect(currentContext()).toBe(around);
        span.setAttribute("a", 1).addEvent("b").setStatus({ code: SpanStatusCode.ERROR }).end();
        expect(span.isRecording()).toBe(false);
      }),
    );
  }
});

const entry = { name: "entry", kind: SpanKind.CONSUMER, attributes: () => ({ a: 1 }) };

test("what begins in this process joins the trace that it continues", async () => {
  const tracing = new RecordedSpans();
  const context: RequestContext = {
    ...newContext(),
    traceFlags: TraceFlags.SAMPLED,
    parentSpanId: "00f067aa0ba902b7",
  };
  await inEntrySpan(tracing, context, entry, () => inSpan("within", {}, async () => {}));
  const { traceId, spanId } = context;
  expect(tracing.named("entry")).toMatchObject({ traceId, spanId, parentSpanId: "00f067aa0ba902b7" });
  expect(tracing.named("within").parentSpanId).toBe(spanId);
});

test("what is not recorded is told of when it fails, says that it failed, or was slow; and nothing within it is", async () => {
  const tracing = new RecordedSpans();
  const fine = await inEntrySpan(tracing, newContext(), entry, () => inSpan("within", {}, async () => 5));
  expect(fine).toBe(5);
  expect(tracing.spans).toEqual([]);
  const error = new TypeError("no");
  const failing = inEntrySpan(tracing, newContext(), entry, () => Promise.reject(error));
  expect(await failing.catch((thrown: unknown) => thrown)).toBe(error);
  await inEntrySpan(tracing, newContext(), { ...entry, failed: () => true }, async () => "refused");
  expect(tracing.spans.map(({ failed, attributes }) => ({ failed, attributes }))).toEqual([
    { failed: true, attributes: { a: 1, "error.type": "TypeError" } },
    { failed: true, attributes: { a: 1 } },
  ]);
  const patient = new RecordedSpans({ slowMs: 0 });
  await inEntrySpan(patient, newContext(), entry, async () => {});
  expect(patient.named("entry").failed).toBe(false);
});

test("what comes long after, or of several, is a trace of its own with links, recorded where one of them was", () => {
  const recorded = originOf(traceparent, "shop-1");
  const other = originOf(traceparent.replace("-01", "-00").replace("4bf9", "5bf9"), "shop-2");
  const { context, links } = linkedContext([recorded, other]);
  expect(context.traceId).not.toBe(recorded.traceId);
  expect(context.parentSpanId).toBeUndefined();
  expect(context).toMatchObject({ traceFlags: TraceFlags.SAMPLED, correlationId: "shop-1" });
  expect(links.map((link) => link.context)).toEqual([
    { traceId: "4bf92f3577b34da6a3ce929d0e0e4736", spanId: "00f067aa0ba902b7", traceFlags: 1 },
    { traceId: "5bf92f3577b34da6a3ce929d0e0e4736", spanId: "00f067aa0ba902b7", traceFlags: 0 },
  ]);
  expect(linkedContext([other]).context.traceFlags).toBe(TraceFlags.NONE);
});

test("a batch of one is a part of who asked", async () => {
  const tracing = new RecordedSpans();
  const asker = tracing.context();
  await inBatch([asker], () => inSpan("statement", {}, async () => {}));
  expect(tracing.named("statement")).toMatchObject({ traceId: asker.traceId, parentSpanId: asker.spanId });
});

test("a batch of several is a trace of its own, and each recorded asker has a span that leads there", async () => {
  const tracing = new RecordedSpans();
  const [one, two] = [tracing.context(), tracing.context()];
  await inBatch([newContext(), one, two, undefined], () => inSpan("statement", {}, async () => {}));
  const batch = tracing.named("batch");
  expect([one.traceId, two.traceId]).not.toContain(batch.traceId);
  expect(tracing.named("statement").parentSpanId).toBe(batch.spanId);
  expect(batch.links?.map(({ context }) => context.spanId)).toEqual([one.spanId, two.spanId]);
  const waits = tracing.spans.filter(({ name }) => name === "in batch");
  expect(waits.map(({ traceId, parentSpanId }) => [traceId, parentSpanId])).toEqual([
    [one.traceId, one.spanId],
    [two.traceId, two.spanId],
  ]);
  expect(waits[0]?.links?.[0]?.context.spanId).toBe(batch.spanId);
});

test("a batch of those that are not recorded has nothing of the trace in which it happens to begin", async () => {
  const tracing = new RecordedSpans();
  const asker = newContext();
  await runWith(tracing.context(), () =>
    inBatch([asker, undefined], async () => {
      expect(currentContext()).toBe(asker);
      await inSpan("statement", {}, async () => {});
    }),
  );
  expect(tracing.spans).toEqual([]);
});
