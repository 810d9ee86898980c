/** One call that is waited for. */
export interface Waiting {
  readonly controller: AbortController;
  readonly request: Request;
  /** Of `performance.now()`. */
  readonly expiresAt: number;
  expired: boolean;
}

/**
 * Ends calls that take too long or whose client has gone. One timer looks at all of them, which costs less than a timer
 * and a listener for each; a call may therefore be ended up to `everyMs` late.
 */
export class Deadlines {
  readonly #waiting = new Set<Waiting>();
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(everyMs = 100) {
    this.#timer = setInterval(() => this.#sweep(performance.now()), everyMs);
    this.#timer.unref();
  }

  start(timeoutMs: number, request: Request): Waiting {
    const waiting = {
      controller: new AbortController(),
      request,
      expiresAt: performance.now() + timeoutMs,
      expired: false,
    };
    this.#waiting.add(waiting);
    return waiting;
  }

  end(waiting: Waiting): void {
    this.#waiting.delete(waiting);
  }

  get size(): number {
    return this.#waiting.size;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #sweep(now: number): void {
    for (const waiting of this.#waiting) {
      waiting.expired = waiting.expiresAt <= now;
      if (waiting.expired || waiting.request.signal.aborted) waiting.controller.abort();
    }
  }
}
