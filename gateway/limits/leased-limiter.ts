import { realTiming, type Timing } from "../timing.ts";
import type { Account } from "./account.ts";
import type { Ledger } from "./ledger.ts";
import type { Ask } from "./ledger-queue.ts";
import type { Limit, Rate } from "./limit.ts";
import { Limiter, type LimitRefusal, type Waiting } from "./limiter.ts";
import { Membership } from "./membership.ts";
import { Patience } from "./patience.ts";
import { SharedClock } from "./shared-clock.ts";

/** Redis is waited for again when it answers within this. Milliseconds. */
const promptMs = 5;
/** What nobody waits for goes along with the next command, or after this. Milliseconds. */
const gatherMs = 20;
const maxBatch = 200;
/** Who waits does not wait for an answer to others. */
const maxUnderWay = 16;
const sweepMs = 250;
/** A key that nobody used for so long, up to twice that, is forgotten. Milliseconds. */
const idleMs = 60_000;

export interface LeasedLimiterOptions {
  readonly ledger: Ledger;
  /** So many keys are remembered at most. */
  readonly maxKeys?: number;
  /** Processes that share the limits, as long as Redis has not said how many. */
  readonly processes?: number;
  /** Told after each command: how long it took, in seconds, and how many keys it was for. */
  readonly onCommand?: (seconds: number, keys: number) => void;
  readonly timing?: Timing;
  /** From 0 to 1. */
  readonly random?: () => number;
}

/**
 * Brings limiter and Redis together: few commands, each for all keys that want one; presence; patience. A limit
 * never turns into a 5xx, and never into a free-for-all.
 */
export class LeasedLimiter {
  readonly limiter: Limiter;
  readonly #timing: Timing;
  readonly #clock: SharedClock;
  readonly #ledger: Ledger;
  readonly #membership: Membership;
  readonly #waits: Patience;
  readonly #onCommand: (seconds: number, keys: number) => void;
  readonly #endSweeps: () => void;
  /** What calls off the next command. */
  #endGathering: (() => void) | undefined;
  /** Commands under way. */
  #underWay = 0;
  #closed = false;
  #forgottenAt: number;

  constructor({ ledger, maxKeys, processes = 1, ...options }: LeasedLimiterOptions) {
    this.limiter = new Limiter(maxKeys);
    this.limiter.around.processes = processes;
    this.#ledger = ledger;
    this.#onCommand = options.onCommand ?? (() => {});
    this.#timing = options.timing ?? realTiming;
    this.#clock = new SharedClock(this.#timing);
    this.#waits = new Patience(this.#timing, () => this.#giveUpWaiting());
    this.#forgottenAt = this.#timing.now();
    this.#endSweeps = this.#timing.every(sweepMs, () => this.#sweep());
    this.#membership = new Membership({
      ledger,
      timing: this.#timing,
      random: options.random ?? Math.random,
      processes,
      onHeard: (at, sentAt, processes) => {
        this.limiter.around.processes = processes;
        this.#heard(at, sentAt, 0);
      },
      onLost: () => this.#beAlone(),
      restore: () => this.#restore(),
      tell: () => this.#tell(),
      onTogether: () => {
        this.limiter.around.telling = false;
        this.limiter.around.joinOthers();
      },
    });
  }

  /** Whether decisions are made without Redis: it is away or slow. */
  get degraded(): boolean {
    return this.limiter.around.alone;
  }

  /** Gateway processes that share the limits, this one included. */
  get processes(): number {
    return this.#membership.processes;
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
    this.#endSweeps();
    this.#membership.close();
    this.#endGathering?.();
    if (!this.#ledger.isReady || this.#membership.isGone) return;
    const { queue, around } = this.limiter;
    queue.dropLeases(this.now());
    try {
      while (queue.length > 0) {
        const batch = queue.takeBatch(maxBatch, this.now(), around);
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
        if (!this.#waits.leave(settle)) return;
        const standing = this.limiter.settle(waiting, this.now());
        resolve(standing === "allowed" ? undefined : standing);
      };
      this.#waits.enter(settle);
      for (const ticket of waiting.tickets) {
        if (!ticket) continue;
        left++;
        ticket.done = () => {
          if (--left === 0) settle();
        };
      }
      if (!this.#ledger.isReady) {
        this.#membership.lose();
        return;
      }
      // What else comes in this turn of the event loop goes along.
      queueMicrotask(() => this.#flush());
    });
  }

  /** From now on nobody waits. */
  #giveUpWaiting(): void {
    this.limiter.around.leaveAlone(this.now());
    this.#waits.settleAll();
  }

  #flushLater(): void {
    if (this.#endGathering !== undefined || this.#membership.isGone || this.#closed) return;
    const backlog = this.limiter.queue.length >= maxBatch;
    this.#endGathering = this.#timing.after(backlog ? 0 : gatherMs, () => this.#flush());
  }

  #flush(): void {
    this.#endGathering?.();
    this.#endGathering = undefined;
    const { queue, around } = this.limiter;
    if (this.#membership.isGone || this.#closed || queue.length === 0 || this.#underWay >= maxUnderWay)
      return;
    if (!this.#ledger.isReady) {
      this.#membership.lose();
      return;
    }
    const batch = queue.takeBatch(maxBatch, this.now(), around);
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
    const sentAt = this.#timing.now();
    try {
      const { at, grants } = await this.#ledger.exchange(batch);
      this.#heard(at, sentAt, batch.length);
      queue.apply(batch, grants, this.now(), this.#membership.isTogether);
    } catch {
      this.#membership.lose();
      queue.fail(batch);
    }
  }

  #heard(at: number, sentAt: number, keys: number): void {
    const tookMs = this.#timing.now() - sentAt;
    this.#clock.hear(at, sentAt);
    this.#onCommand(tookMs / 1000, keys);
    if (this.#membership.isTogether && tookMs <= promptMs) this.limiter.around.joinOthers();
  }

  #beAlone(): void {
    this.limiter.around.telling = false;
    this.limiter.queue.clear();
    this.#giveUpWaiting();
  }

  async #restore(): Promise<void> {
    const accounts = this.limiter.restorable(this.now());
    for (let at = 0; at < accounts.length; at += maxBatch)
      await this.#ledger.restore(accounts.slice(at, at + maxBatch));
  }

  async #tell(): Promise<boolean> {
    const { limiter } = this;
    limiter.around.telling = true;
    limiter.recover(this.now());
    while (limiter.queue.length > 0) {
      const batch = limiter.queue.takeBatch(maxBatch, this.now(), limiter.around);
      if (batch.length > 0) await this.#exchange(batch);
    }
    // Unless it was lost again.
    return limiter.around.telling;
  }

  #sweep(): void {
    const { queue } = this.limiter;
    queue.sweep(this.now());
    if (queue.length > 0) this.#flushLater();
    if (this.#membership.isGone || this.#timing.now() - this.#forgottenAt < idleMs) return;
    this.#forgottenAt = this.#timing.now();
    this.limiter.forgetIdle();
  }
}
