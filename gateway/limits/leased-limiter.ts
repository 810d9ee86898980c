import { realTiming, type Timing } from "../timing.ts";
import type { Account } from "./account.ts";
import type { Ledger, Presence, Step } from "./ledger.ts";
import type { Ask } from "./ledger-queue.ts";
import type { Limit, Rate } from "./limit.ts";
import { Limiter, type LimitRefusal, type Waiting } from "./limiter.ts";
import { Patience } from "./patience.ts";
import { ProcessCount } from "./process-count.ts";
import { SharedClock } from "./shared-clock.ts";

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
  readonly #random: () => number;
  readonly #clock: SharedClock;
  readonly #ledger: Ledger;
  readonly #processes: ProcessCount;
  readonly #waits: Patience;
  readonly #onCommand: (seconds: number, keys: number) => void;
  readonly #endSweeps: () => void;
  /** What calls off the next sign of life and the next command. */
  #endPresence: () => void;
  #endGathering: (() => void) | undefined;
  /** Commands under way. */
  #underWay = 0;
  /** What it has done since Redis was away. */
  #step: Step = "told";
  /** All processes have. */
  #together = true;
  /** When Redis was back, on its clock. Milliseconds since the epoch. */
  #backAt = 0;
  /** Of the Redis that knows what this process was told. */
  #life: string | undefined;
  #closed = false;
  #forgottenAt: number;

  constructor({ ledger, maxKeys, processes = 1, ...options }: LeasedLimiterOptions) {
    this.limiter = new Limiter(maxKeys);
    this.limiter.around.processes = processes;
    this.#processes = new ProcessCount(processes);
    this.#ledger = ledger;
    this.#onCommand = options.onCommand ?? (() => {});
    this.#random = options.random ?? Math.random;
    this.#timing = options.timing ?? realTiming;
    this.#clock = new SharedClock(this.#timing);
    this.#waits = new Patience(this.#timing, () => this.#giveUpWaiting());
    this.#forgottenAt = this.#timing.now();
    this.#endSweeps = this.#timing.every(sweepMs, () => this.#sweep());
    this.#endPresence = this.#timing.after(0, () => void this.#announce());
  }

  /** Whether decisions are made without Redis: it is away or slow. */
  get degraded(): boolean {
    return this.limiter.around.alone;
  }

  /** Gateway processes that share the limits, this one included. */
  get processes(): number {
    return this.limiter.around.processes;
  }

  /** Redis is away, or has not been told yet. */
  get #gone(): boolean {
    return this.#step !== "told";
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
    this.#endPresence();
    this.#endGathering?.();
    if (!this.#ledger.isReady || this.#gone) return;
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
        this.#lose();
        return;
      }
      // What else comes in this turn of the event loop goes along.
      queueMicrotask(() => this.#flush());
    });
  }

  /** From now on nobody waits. */
  #giveUpWaiting(): void {
    this.limiter.around.alone = true;
    this.#waits.settleAll();
  }

  #flushLater(): void {
    if (this.#endGathering !== undefined || this.#gone || this.#closed) return;
    const backlog = this.limiter.queue.length >= maxBatch;
    this.#endGathering = this.#timing.after(backlog ? 0 : gatherMs, () => this.#flush());
  }

  #flush(): void {
    this.#endGathering?.();
    this.#endGathering = undefined;
    const { queue, around } = this.limiter;
    if (this.#gone || this.#closed || queue.length === 0 || this.#underWay >= maxUnderWay) return;
    if (!this.#ledger.isReady) {
      this.#lose();
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
      queue.apply(batch, grants, this.now());
    } catch {
      this.#lose();
      queue.fail(batch);
    }
  }

  #heard(at: number, sentAt: number, keys: number): void {
    const tookMs = this.#timing.now() - sentAt;
    this.#clock.hear(at, sentAt);
    this.#onCommand(tookMs / 1000, keys);
    if (this.#together && tookMs <= promptMs) this.limiter.around.alone = false;
  }

  #lose(): void {
    this.#step = "lives";
    this.#together = false;
    this.limiter.around.telling = false;
    this.limiter.queue.clear();
    this.#giveUpWaiting();
  }

  async #announce(): Promise<void> {
    const sentAt = this.#timing.now();
    try {
      const presence = await this.#ledger.announce(this.#step, this.#backAt);
      this.#heard(presence.at, sentAt, 0);
      this.limiter.around.processes = this.#processes.see(presence.processes, sentAt);
      this.#life ??= presence.life;
      if (presence.life !== this.#life) this.#lose();
      if (!this.#together) await this.#comeBack(presence);
    } catch {
      this.#lose();
    }
    if (this.#closed) return;
    // Not all processes at the same time.
    const everyMs = (this.#together ? presenceMs : probeMs) * (0.75 + this.#random() / 2);
    this.#endPresence = this.#timing.after(everyMs, () => void this.#announce());
  }

  /**
   * A step at each sign of life, while requests go on: what Redis has lost is there again, and only then added to; and it is
   * believed when all have added to it. Who is first would otherwise be given what others have used.
   */
  async #comeBack({ at, signed, life }: Presence): Promise<void> {
    const { around } = this.limiter;
    if (this.#step === "lives") {
      this.#backAt = at;
      if (life === this.#life) await this.#tell();
      else await this.#restore(life);
    } else if (signed >= around.processes) {
      if (this.#step === "restored") await this.#tell();
      else {
        this.#together = true;
        around.telling = false;
        around.alone = false;
      }
    }
  }

  async #restore(life: string): Promise<void> {
    const accounts = this.limiter.restorable(this.now());
    for (let at = 0; at < accounts.length; at += maxBatch)
      await this.#ledger.restore(accounts.slice(at, at + maxBatch));
    this.#life = life;
    this.#step = "restored";
  }

  async #tell(): Promise<void> {
    const { limiter } = this;
    limiter.around.telling = true;
    limiter.recover(this.now());
    while (limiter.queue.length > 0) {
      const batch = limiter.queue.takeBatch(maxBatch, this.now(), limiter.around);
      if (batch.length > 0) await this.#exchange(batch);
    }
    // Unless it was lost again.
    if (limiter.around.telling) this.#step = "told";
  }

  #sweep(): void {
    const { queue } = this.limiter;
    queue.sweep(this.now());
    if (queue.length > 0) this.#flushLater();
    if (this.#gone || this.#timing.now() - this.#forgottenAt < idleMs) return;
    this.#forgottenAt = this.#timing.now();
    this.limiter.forgetIdle();
  }
}
