import { expect, test } from "bun:test";
import { eventually } from "../../mesh/eventually.ts";
import { createLog } from "../log.ts";
import { createMetrics } from "../metrics.ts";
import { createSpanQueue, type SendOutcome, type SpanQueueOptions } from "./span-queue.ts";

type Sent = (spans: readonly string[], signal: AbortSignal) => Promise<SendOutcome>;

function testQueue({ send, ...options }: Partial<Omit<SpanQueueOptions<string>, "send">> & { send: Sent }) {
  const metrics = createMetrics("test");
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const log = createLog({ service: "test", level: "info", destination });
  const form = {
    encode: JSON.stringify,
    opening: "[",
    end: "]",
    send: (body: Uint8Array<ArrayBuffer>, signal: AbortSignal) =>
      send(JSON.parse(new TextDecoder().decode(body)), signal),
  };
  const limits = { mostSpans: 10, batchSpans: 4, everyMs: 60_000, batchMs: 60_000 };
  return { queue: createSpanQueue({ ...form, ...limits, metrics, log, ...options }), metrics, lines };
}

const addAll = (queue: { add(span: string): void }, spans: readonly string[]) => {
  for (const span of spans) queue.add(span);
};
const numbers = (count: number) => Array.from({ length: count }, (_, at) => String(at));

test("spans leave when there are enough for a batch, and the rest at the end", async () => {
  const batches: (readonly string[])[] = [];
  const { queue, metrics } = testQueue({
    send: async (spans) => {
      batches.push(spans);
      return "taken";
    },
  });
  addAll(queue, numbers(3));
  expect(batches).toEqual([]);
  queue.add("3");
  expect(batches).toEqual([["0", "1", "2", "3"]]);
  queue.add("4");
  await queue.close(1000);
  expect(batches).toEqual([["0", "1", "2", "3"], ["4"]]);
  expect(await metrics.text()).toContain('trace_spans_exported_total{service="test"} 5');
});

test("a few leave after a while, too", async () => {
  const batches: (readonly string[])[] = [];
  const { queue } = testQueue({
    everyMs: 5,
    send: async (spans) => {
      batches.push(spans);
      return "taken";
    },
  });
  queue.add("0");
  expect(await eventually(() => batches[0])).toEqual(["0"]);
  await queue.close(100);
});

test("while the collector hangs no more waits than may, the rest is dropped and counted, and the end is in time", async () => {
  let answer: (outcome: SendOutcome) => void = () => {};
  const { queue, metrics } = testQueue({
    send: (_spans, signal) =>
      new Promise((resolve) => {
        answer = resolve;
        signal.addEventListener("abort", () => resolve("again"));
      }),
  });
  addAll(queue, numbers(15));
  expect(await metrics.text()).toContain('trace_spans_dropped_total{reason="queue-full",service="test"} 5');
  expect(await metrics.text()).toContain('trace_spans_waiting{service="test"} 10');
  answer("taken");
  const closing = performance.now();
  await eventually(async () =>
    (await metrics.text()).includes('waiting{service="test"} 6') ? true : undefined,
  );
  await queue.close(50);
  expect(performance.now() - closing).toBeLessThan(2000);
  expect(await metrics.text()).toContain('trace_spans_dropped_total{reason="unreachable",service="test"} 6');
  expect(await metrics.text()).toContain('trace_spans_waiting{service="test"} 0');
  queue.add("late");
  expect(await metrics.text()).toContain('trace_spans_dropped_total{reason="queue-full",service="test"} 6');
});

test("a batch is tried again for as long as a batch may take; one that is refused is not", async () => {
  const outcomes: SendOutcome[] = ["again", "taken", { refused: "all", reason: "status 400" }];
  let sent = 0;
  const { queue, metrics, lines } = testQueue({
    batchSpans: 1,
    send: async () => outcomes[sent++] ?? "taken",
  });
  queue.add("0");
  await eventually(() => (sent === 2 ? true : undefined));
  queue.add("1");
  await queue.close(1000);
  expect(sent).toBe(3);
  const text = await metrics.text();
  expect(text).toContain('trace_spans_exported_total{service="test"} 1');
  expect(text).toContain('trace_spans_dropped_total{reason="refused",service="test"} 1');
  const messages = lines.map((line) => (JSON.parse(line) as { message: string }).message);
  expect(messages).toEqual([
    "the collector takes no spans: they are dropped once the queue is full",
    "the collector takes spans again",
    "the collector does not take spans as they are",
  ]);
});

test("what is refused of a batch that was taken is counted, each time, and told of once in a while", async () => {
  const { queue, metrics, lines } = testQueue({
    batchSpans: 4,
    // The last of them says more than can be.
    send: async (spans) => ({ refused: spans.includes("8") ? 99 : 1, reason: "bad card 4242424242424242" }),
  });
  addAll(queue, numbers(10));
  await queue.close(1000);
  const text = await metrics.text();
  expect(text).toContain('trace_spans_exported_total{service="test"} 6');
  expect(text).toContain('trace_spans_dropped_total{reason="refused",service="test"} 4');
  expect(lines.map((line) => JSON.parse(line) as object)).toEqual([
    expect.objectContaining({ level: "warn", spans: 1, reason: "bad card [redacted]" }),
  ]);
});

test("a batch that is full in the very moment in which another has left goes, too", async () => {
  for (let turns = 0; turns < 12; turns++) {
    const batches: (readonly string[])[] = [];
    const { queue } = testQueue({
      send: async (spans) => {
        batches.push(spans);
        return "taken";
      },
    });
    addAll(queue, numbers(4));
    for (let turn = 0; turn < turns; turn++) await Promise.resolve();
    addAll(queue, numbers(4));
    await new Promise((resolve) => setImmediate(resolve));
    expect({ turns, batches: batches.length }).toEqual({ turns, batches: 2 });
    await queue.close(100);
  }
});

test("a batch is as long as its bytes allow, and one for a span that is longer than any", async () => {
  const long = "é".repeat(60_000);
  const longest = "ü".repeat(400_000);
  const batches: (readonly string[])[] = [];
  const { queue } = testQueue({
    send: async (spans) => {
      batches.push(spans);
      return "taken";
    },
  });
  addAll(queue, [long, "1", long, longest, "4", "5"]);
  await queue.close(1000);
  expect(batches).toEqual([[long, "1"], [long], [longest, "4", "5"]]);
});

test("the bytes of a batch that left are used again, and hold nothing of it", async () => {
  const batches: (readonly string[])[] = [];
  const { queue } = testQueue({
    batchSpans: 2,
    send: async (spans) => {
      batches.push(spans);
      return "taken";
    },
  });
  for (const span of ["longer than what follows", "1", "2", "3", "4"]) {
    queue.add(span);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await queue.close(1000);
  expect(batches).toEqual([["longer than what follows", "1"], ["2", "3"], ["4"]]);
});
