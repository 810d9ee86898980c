/** What whoever starts a process with `tell-live-heap.ts` asks it, and the answer. */
export const liveHeapQuestion = "live heap";

export interface LiveHeap {
  readonly liveHeapBytes: number;
}
