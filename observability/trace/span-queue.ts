import { setTimeout as sleep } from "node:timers/promises";
import type { Log } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import { SpanBatch } from "./span-batch.ts";

/** What became of a batch: `again` is worth another try; what was refused, all or so many of it, is not. */
export type SendOutcome = "taken" | "again" | { readonly refused: number | "all"; readonly reason: string };

export interface SpanQueueOptions<Span> {
  readonly encode: (span: Span) => string;
  /** What stands before and after the spans of a body, which a comma parts. */
  readonly opening: string;
  readonly end: string;
  /** Never throws. Gives up, for another try, when `signal` says so. */
  readonly send: (body: Uint8Array<ArrayBuffer>, signal: AbortSignal) => Promise<SendOutcome>;
  /** Spans that may wait, those on their way included; further ones are dropped. */
  readonly mostSpans: number;
  readonly batchSpans: number;
  /** How long a span may wait for company, in milliseconds. */
  readonly everyMs: number;
  /** For a batch with all its tries, in milliseconds; after it the batch is dropped. */
  readonly batchMs: number;
  readonly metrics: Metrics;
  readonly log: Log;
}

export interface SpanQueue<Span> {
  add(span: Span): void;
  /** Sends what waits, for so long at most; drops the rest. */
  close(withinMs: number): Promise<void>;
}

const firstBackoffMs = 500;
/** What is refused once is refused each time: it is told of so often. */
const refusalsEveryMs = 60_000;

/** Spans on their way to the collector. Nobody ever waits for it: what does not fit is dropped and counted. */
export function createSpanQueue<Span>(options: SpanQueueOptions<Span>): SpanQueue<Span> {
  const { encode, opening, end, mostSpans, batchSpans, everyMs, batchMs, metrics, log } = options;
  const exported = metrics.counter("trace_spans_exported_total", "Spans that the collector took");
  const dropped = metrics.counter("trace_spans_dropped_total", "Spans that were lost", ["reason"]);
  metrics.gauge("trace_spans_waiting", "Spans that wait for the collector", [], () => waiting);
  /** Spans of all batches, the one on its way included. */
  let waiting = 0;
  let full: SpanBatch[] = [];
  let filling: SpanBatch | undefined;
  let spare: SpanBatch | undefined;
  let sending: Promise<void> | undefined;
  let away = false;
  let quietUntil = 0;
  /** From now on nothing is waited for; from now on nothing is sent. */
  const closing = new AbortController();
  const ended = new AbortController();
  const timer = setInterval(begin, everyMs);
  timer.unref();

  function begin(): void {
    if (waiting === 0 || sending || ended.signal.aborted) return;
    sending = sendAll();
  }

  async function sendAll(): Promise<void> {
    // Outside of a close, what is less than a batch waits for the timer.
    for (let batch = take(true); batch && !ended.signal.aborted; batch = take(closing.signal.aborted))
      await sendBatch(batch);
    // In the same turn as the look above: whoever adds a span in between would find nobody who sends it.
    sending = undefined;
  }

  function take(partly: boolean): SpanBatch | undefined {
    const batch = full.shift() ?? (partly ? filling : undefined);
    if (batch === filling) filling = undefined;
    return batch;
  }

  async function sendBatch(batch: SpanBatch): Promise<void> {
    const body = batch.body();
    const until = performance.now() + batchMs;
    const signal = AbortSignal.any([AbortSignal.timeout(batchMs), ended.signal]);
    let outcome = await options.send(body, signal);
    for (let backoffMs = firstBackoffMs; outcome === "again" && mayWait(until, backoffMs); backoffMs *= 2) {
      noteAway(true);
      await sleep(backoffMs, undefined, { signal: closing.signal }).catch(() => {});
      outcome = await options.send(body, signal);
    }
    noteAway(outcome === "again");
    if (outcome === "again") dropped.inc({ reason: "unreachable" }, batch.spans);
    else exported.inc(batch.spans - (outcome === "taken" ? 0 : noteRefused(batch.spans, outcome)));
    waiting -= batch.spans;
    batch.clear();
    spare = batch;
  }

  /** Whoever is about to end tries each batch once. */
  const mayWait = (until: number, backoffMs: number): boolean =>
    !closing.signal.aborted && performance.now() + backoffMs < until;

  function noteAway(now: boolean): void {
    if (now === away) return;
    away = now;
    if (now) log.warn("the collector takes no spans: they are dropped once the queue is full");
    else log.info("the collector takes spans again");
  }

  /** @returns how many of the `sent` were refused */
  function noteRefused(sent: number, { refused, reason }: Exclude<SendOutcome, string>): number {
    const spans = refused === "all" ? sent : Math.min(Math.max(refused, 0), sent);
    if (spans > 0) dropped.inc({ reason: "refused" }, spans);
    const now = performance.now();
    if (now < quietUntil) return spans;
    quietUntil = now + refusalsEveryMs;
    log.warn({ spans, reason }, "the collector does not take spans as they are");
    return spans;
  }

  function fresh(): SpanBatch {
    const batch = spare ?? new SpanBatch(opening, end);
    spare = undefined;
    return batch;
  }

  function write(span: string): void {
    filling ??= fresh();
    if (!filling.add(span)) {
      full.push(filling);
      filling = fresh();
      filling.add(span);
    }
    if (filling.spans < batchSpans) return;
    full.push(filling);
    filling = undefined;
  }

  return {
    add(span) {
      if (waiting >= mostSpans || closing.signal.aborted) {
        dropped.inc({ reason: "queue-full" });
        return;
      }
      write(encode(span));
      waiting++;
      if (full.length > 0) begin();
    },
    async close(withinMs) {
      clearInterval(timer);
      closing.abort();
      const timeout = setTimeout(() => ended.abort(), withinMs);
      await sending;
      begin();
      await sending;
      clearTimeout(timeout);
      if (waiting > 0) dropped.inc({ reason: "unreachable" }, waiting);
      [waiting, full, filling] = [0, [], undefined];
    },
  };
}
