import { realTiming, type Timing } from "../timing.ts";
import type { Origin } from "./origin.ts";
import { OriginPool, type PoolLimits } from "./origin-pool.ts";
import { type UpstreamAnswer, type UpstreamCall, type UpstreamFailure, UpstreamJob } from "./upstream-job.ts";

export interface UpstreamClientOptions {
  /** 256 by default. */
  readonly maxConnectionsPerOrigin?: number;
  /** Calls that may wait for one of them; 1024 by default. */
  readonly maxWaitingPerOrigin?: number;
  /** After which a connection that is not used is closed; 4 s by default. */
  readonly idleMs?: number;
  /** 2 s by default. */
  readonly connectTimeoutMs?: number;
  /** How long a body may stay silent; 30 s by default. */
  readonly silentBodyMs?: number;
  readonly timing?: Timing;
}

export interface OriginStats {
  readonly origin: string;
  readonly open: number;
  readonly idle: number;
  readonly waiting: number;
}

/**
 * Calls upstreams over connections that are kept. One timer looks at all calls, which costs less than one for each; a
 * call may therefore be ended up to 100 ms late.
 */
const sweepMs = 100;

export class UpstreamClient {
  readonly #pools = new Map<string, OriginPool>();
  readonly #limits: PoolLimits;
  readonly #timing: Timing;
  readonly #endSweeps: () => void;
  #closed = false;

  constructor(options: UpstreamClientOptions = {}) {
    this.#limits = {
      maxConnections: options.maxConnectionsPerOrigin ?? 256,
      maxWaiting: options.maxWaitingPerOrigin ?? 1024,
      idleMs: options.idleMs ?? 4000,
      connectTimeoutMs: options.connectTimeoutMs ?? 2000,
      silentBodyMs: options.silentBodyMs ?? 30_000,
    };
    this.#timing = options.timing ?? realTiming;
    this.#endSweeps = this.#timing.every(sweepMs, () => {
      const now = this.#timing.now();
      this.#timing.afterReading(() => this.#sweep(now));
    });
  }

  /**
   * @returns the answer when its head is there; its body must be started, collected or cancelled, or `whole` taken
   * @throws Error for a head that would not arrive as it is, or as more than one
   */
  call(call: UpstreamCall): Promise<UpstreamAnswer | UpstreamFailure> {
    return new Promise((settle) => {
      if (this.#closed) {
        settle("unavailable");
        return;
      }
      if (!isOneHead(call.head)) throw new Error(`The head of a ${call.method} is not that of one request`);
      const now = this.#timing.now();
      this.#pool(call.origin).start(new UpstreamJob(call, now + call.timeoutMs, settle), now);
    });
  }

  #pool(origin: Origin): OriginPool {
    let pool = this.#pools.get(origin.key);
    if (!pool) {
      pool = new OriginPool(origin, this.#limits, this.#timing);
      this.#pools.set(origin.key, pool);
    }
    return pool;
  }

  #sweep(now: number): void {
    for (const [key, pool] of this.#pools) {
      pool.sweep(now);
      // Of an upstream that the configuration no longer has.
      if (pool.unused(now)) this.#pools.delete(key);
    }
  }

  stats(): OriginStats[] {
    return Array.from(this.#pools, ([origin, { open, idle, waiting }]) => ({ origin, open, idle, waiting }));
  }

  /** Ends everything now: calls on their way are `unavailable`, bodies fail. */
  close(): void {
    this.#closed = true;
    this.#endSweeps();
    for (const pool of this.#pools.values()) pool.close();
    this.#pools.clear();
  }
}

const beyondLatin1 = /[^\0-\xff]/;

/** Whoever made the head has checked what is in it; this is so that no mistake there can send a second request. */
function isOneHead(head: string): boolean {
  if (head.indexOf("\r\n\r\n") !== head.length - 4) return false;
  // Of characters that are no bytes only a part would be sent, which may be a line end.
  return Buffer.byteLength(head) === head.length || !beyondLatin1.test(head);
}
