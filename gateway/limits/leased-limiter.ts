import type { Redis } from "ioredis";
import { uuidV7 } from "#mesh/uuid-v7";
import type { Account } from "./account.ts";
import type { Ask } from "./ledger-queue.ts";
import type { Limit, Rate } from "./limit.ts";
import { Limiter, type LimitRefusal, type Waiting } from "./limiter.ts";
import { ProcessCount } from "./process-count.ts";
import { RedisLedger } from "./redis-ledger.ts";
import { SharedClock } from "./shared-clock.ts";

/** A request waits for Redis this long; with what the event loop adds a decision takes less than 5 ms. Milliseconds. */
const patienceMs = 3;
/** Redis is waited for again when it answers within this. Milliseconds. */
const promptMs = 5;
/** What nobody waits for goes along with the next command, or after this. Milliseconds. */
const gatherMs = 20;
const maxBatch = 200;
/** Who waits does not wait for an answer to others. */
const maxUnderWay = 16;
const presenceMs = 1000;
/** Redis is tried as often as this while it is away. Milliseconds. */
const probeMs = 200;
const sweepMs = 250;
/** A key that nobody used for so long, up to twice that, is forgotten. Milliseconds. */
const idleMs = 60_000;

export interface LeasedLimiterOptions {
  readonly redis: Redis;
  /** So many keys are remembered at most. */
  readonly maxKeys?: number;
  /** Processes that share the limits, as long as Redis has not said how many. */
  readonly processes?: number;
  /** Processes of one name share. */
  readonly group?: string;
  /** Told after each command: how long it took, in seconds, and how many keys it was for. */
  readonly onCommand?: (seconds: number, keys: number) => void;
}

/**
 * Brings limiter and Redis together: few commands, each for all keys that want one; presence; patience. A limit
 * never turns into a 5xx, and never into a free-for-all.
 */
export class LeasedLimiter {
  readonly limiter: Limiter;
  readonly #clock = new SharedClock();
  readonly #ledger: RedisLedger;
  readonly #processes: ProcessCount;
  readonly #waits = new Set<() => void>();
  readonly #onCommand: (seconds: number, keys: number) => void;
  readonly #sweeper: NodeJS.Timeout;
  #presence: NodeJS.Timeout;
  #gathering: NodeJS.Timeout | undefined;
  #patience: NodeJS.Timeout | undefined;
  /** Commands under way. */
  #underWay = 0;
  #gone = false;
  #closed = false;
  #forgottenAt = performance.now();

  constructor({ redis, maxKeys, processes = 1, group = "limiter", onCommand }: LeasedLimiterOptions) {
    this.limiter = new Limiter(maxKeys);
    this.limiter.around.processes = processes;
    this.#processes = new ProcessCount(processes);
    this.#ledger = new RedisLedger(redis, uuidV7(), group);
    this.#onCommand = onCommand ?? (() => {});
    this.#sweeper = setInterval(() => this.#sweep(), sweepMs);
    this.#presence = setTimeout(() => void this.#announce(), 0);
  }

  /** Whether decisions are made without Redis: it is away or slow. */
  get degraded(): boolean {
    return this.limiter.around.alone;
  }

  /** Gateway processes that share the limits, this one included. */
  get processes(): number {
    return this.limiter.around.processes;
  }

  now(): number {
    return this.#clock.now();
  }

  account(limit: Limit, rate: Rate, key: string): Account {
    return this.limiter.account(limit, rate, key, this.now());
  }

  /** @returns undefined when the request may pass */
  decide(
    accounts: readonly Account[],
    cost: number,
  ): LimitRefusal | undefined | Promise<LimitRefusal | undefined> {
    const standing = this.limiter.decide(accounts, cost, this.now());
    if (standing !== "allowed" && "tickets" in standing) return this.#wait(standing);
    if (this.limiter.queue.length > 0) this.#flushLater();
    return standing === "allowed" ? undefined : standing;
  }

  /** Gives back what is held and leaves the others, if Redis is there. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#sweeper);
    clearTimeout(this.#presence);
    clearTimeout(this.#gathering);
    clearTimeout(this.#patience);
    if (!this.#ledger.isReady || this.#gone) return;
    const { queue, around } = this.limiter;
    queue.dropLeases(this.now());
    try {
      while (queue.length > 0) {
        const batch = queue.takeBatch(maxBatch, this.now(), around.processes);
        if (batch.length > 0) await this.#ledger.exchange(batch);
      }
      await this.#ledger.leave();
    } catch {
      // Leases end by themselves, and so does the presence.
    }
  }

  #wait(waiting: Waiting): Promise<LimitRefusal | undefined> {
    return new Promise((resolve) => {
      let left = 0;
      const settle = () => {
        if (!this.#waits.delete(settle)) return;
        const standing = this.limiter.settle(waiting, this.now());
        resolve(standing === "allowed" ? undefined : standing);
      };
      this.#waits.add(settle);
      for (const ticket of waiting.tickets) {
        if (!ticket) continue;
        left++;
        ticket.done = () => {
          if (--left === 0) settle();
        };
      }
      if (!this.#ledger.isReady) {
        this.#lose();
        return;
      }
      this.#patience ??= setTimeout(() => this.#afterReading(() => this.#giveUpWaiting()), patienceMs);
      // What else comes in this turn of the event loop goes along.
      queueMicrotask(() => this.#flush());
    });
  }

  /** An answer may have arrived while this process was busy: it is read first. */
  #afterReading(next: () => void): void {
    setImmediate(() => setImmediate(next));
  }

  /** Some have waited `patienceMs`, and an answer that has arrived meanwhile was read: from now on nobody waits. */
  #giveUpWaiting(): void {
    this.#patience = undefined;
    if (this.#waits.size === 0) return;
    this.limiter.around.alone = true;
    for (const settle of this.#waits) settle();
  }

  #flushLater(): void {
    if (this.#gathering !== undefined || this.#gone || this.#closed) return;
    const backlog = this.limiter.queue.length >= maxBatch;
    this.#gathering = setTimeout(() => this.#flush(), backlog ? 0 : gatherMs);
  }

  #flush(): void {
    clearTimeout(this.#gathering);
    this.#gathering = undefined;
    const { queue, around } = this.limiter;
    if (this.#gone || this.#closed || queue.length === 0 || this.#underWay >= maxUnderWay) return;
    if (!this.#ledger.isReady) {
      this.#lose();
      return;
    }
    const batch = queue.takeBatch(maxBatch, this.now(), around.processes);
    if (batch.length === 0) return;
    this.#underWay++;
    void this.#exchange(batch).then(() => {
      this.#underWay--;
      if (queue.length === 0) return;
      if (this.#waits.size > 0) this.#flush();
      else this.#flushLater();
    });
  }

  async #exchange(batch: readonly Ask[]): Promise<void> {
    const { queue } = this.limiter;
    const sentAt = performance.now();
    try {
      const { at, grants } = await this.#ledger.exchange(batch);
      this.#heard(at, sentAt, batch.length);
      queue.apply(batch, grants, this.now());
    } catch {
      this.#lose();
      queue.fail(batch);
    }
    if (this.#waits.size > 0) return;
    clearTimeout(this.#patience);
    this.#patience = undefined;
  }

  #heard(at: number, sentAt: number, keys: number): void {
    const tookMs = performance.now() - sentAt;
    this.#clock.hear(at, sentAt);
    this.#onCommand(tookMs / 1000, keys);
    if (!this.#gone && tookMs <= promptMs) this.limiter.around.alone = false;
  }

  #lose(): void {
    this.#gone = true;
    this.limiter.around.alone = true;
    this.limiter.queue.clear();
    for (const settle of this.#waits) settle();
  }

  async #announce(): Promise<void> {
    const sentAt = performance.now();
    try {
      const { at, processes } = await this.#ledger.announce();
      const wasGone = this.#gone;
      this.#gone = false;
      this.#heard(at, sentAt, 0);
      this.limiter.around.processes = this.#processes.see(processes, sentAt);
      if (wasGone) this.#return();
    } catch {
      this.#lose();
    }
    if (this.#closed) return;
    // Not all processes at the same time.
    const everyMs = (this.#gone ? probeMs : presenceMs) * (0.75 + Math.random() / 2);
    this.#presence = setTimeout(() => void this.#announce(), everyMs);
  }

  /** What was let in meanwhile is told in batches, one after the other, while requests go on. */
  #return(): void {
    this.limiter.recover(this.now());
    this.#flushLater();
  }

  #sweep(): void {
    const { queue } = this.limiter;
    queue.sweep(this.now());
    if (queue.length > 0) this.#flushLater();
    if (this.#gone || performance.now() - this.#forgottenAt < idleMs) return;
    this.#forgottenAt = performance.now();
    this.limiter.forgetIdle();
  }
}
