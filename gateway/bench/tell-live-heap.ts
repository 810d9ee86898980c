// Loaded before the gateway: tells who started it, when asked, how many bytes of the heap are still in use.
import { fullGC, heapStats } from "bun:jsc";
import { type LiveHeap, liveHeapQuestion } from "./live-heap-question.ts";

process.on("message", (message) => {
  if (message !== liveHeapQuestion) return;
  fullGC();
  process.send?.({ liveHeapBytes: heapStats().heapSize } satisfies LiveHeap);
});
