import { setImmediate } from "node:timers";

/** The time that something goes by. Milliseconds. */
export interface Timing {
  /** Of a clock that does not jump. */
  now(): number;
  /** @returns what calls it off */
  after(ms: number, run: () => void): () => void;
  /** Again and again, for as long as something else keeps the process alive. @returns what ends it */
  every(ms: number, run: () => void): () => void;
  /**
   * Once what arrived while this process was busy has been read: an event loop runs the timers that are due before it
   * looks at its sockets, and nobody is late whose answer only lies there.
   */
  afterReading(run: () => void): void;
}

/** Deno reads nothing between two immediates. */
const nextTurn: (run: () => void) => unknown = process.versions.bun
  ? setImmediate
  : (run) => setTimeout(run, 0);

export const realTiming: Timing = {
  now: () => performance.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
  every(ms, run) {
    const timer = setInterval(run, ms);
    timer.unref();
    return () => clearInterval(timer);
  },
  afterReading: (run) => void nextTurn(() => nextTurn(run)),
};
