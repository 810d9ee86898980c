import type { HouseState } from "./house-watch.ts";
import type { LogEntry } from "./log-entry.ts";
import type { RingBuffer } from "./ring-buffer.ts";
import type { SpanStore } from "./span-store.ts";

export interface LiveSources {
  readonly spans: SpanStore;
  readonly logs: RingBuffer<LogEntry>;
  readonly house: () => HouseState;
}

const tickMs = 200;
/** Lines and traces of one notice, and lines to begin with: what no person reads is counted, not sent. */
const mostLines = 300;
const mostTraces = 200;
/** Bytes that may wait for a reader; while more do, nothing is added. */
const mostWaiting = 1024 * 1024;
/** Who takes nothing for so long is gone. */
const patienceMs = 30_000;

/**
 * Server-sent events (HTML Living Standard §9.2): `house` when it was looked at again, `traces` that are new or have
 * grown, `lines` that pass.
 */
export function liveStream(
  { spans, logs, house }: LiveSources,
  passes: (entry: LogEntry) => boolean,
  signal: AbortSignal,
): ReadableStream<Uint8Array> {
  let stop = () => {};
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const encoder = new TextEncoder();
        let seen = { lines: 0, spans: 0, house: 0 };
        let movedAt = performance.now();
        const send = (event: string, data: unknown) =>
          controller.enqueue(encoder.encode(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`));
        const tick = () => {
          if ((controller.desiredSize ?? 0) <= 0) {
            if (performance.now() - movedAt > patienceMs) end();
            return;
          }
          movedAt = performance.now();
          const state = house();
          if (state.at !== seen.house) send("house", state);
          if (spans.changes !== seen.spans) send("traces", spans.summaries(seen.spans).slice(0, mostTraces));
          if (logs.added !== seen.lines) sendLines(seen.lines);
          seen = { lines: logs.added, spans: spans.changes, house: state.at };
        };
        const sendLines = (from: number) => {
          const lines = logs.last(mostLines + 1, passes, from);
          // From the beginning, the older ones are not missing.
          const cut = lines.length > mostLines && from > 0;
          if (lines.length > 0) send("lines", { lines: lines.slice(-mostLines), cut });
        };
        const timer = setInterval(tick, tickMs);
        stop = () => clearInterval(timer);
        const end = () => {
          stop();
          controller.close();
        };
        signal.addEventListener("abort", () => stop());
        send("hello", { at: Date.now() });
        tick();
      },
      cancel: () => stop(),
    },
    new ByteLengthQueuingStrategy({ highWaterMark: mostWaiting }),
  );
}
