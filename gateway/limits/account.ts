import { Correspondence, type Told } from "./correspondence.ts";
import { Lease } from "./lease.ts";
import type { Rate } from "./limit.ts";
import type { Tally } from "./tally.ts";

/**
 * How a request may be let in by one account: from tokens held, on credit that is told to Redis afterwards, out of this
 * process's own share while Redis is away; or not; or Redis has to be asked.
 */
export type Offer = "held" | "credit" | "share" | "refused" | "ask";

/** Demand is counted in slots of this length, and a lease holds what one of them used. Milliseconds. */
const slotMs = 250;
/** After Redis had nothing to give it is not asked for the same key again for this long. Milliseconds. */
const dryMs = 20;
/** Below so many requests in a slot nothing is taken ahead: the next request may go to another process. */
const worthLeasing = 3;

/**
 * What this process knows and holds of one key: pure, with time (ms on the clock of Redis) and the number of live
 * processes as arguments.
 */
export abstract class Account extends Correspondence {
  /** When its lease is looked at next; 0: it is in no queue for that. */
  checkAt = 0;
  /** Its level is what Redis told, and nothing was let in since that Redis may not have room for. */
  #fresh = false;
  #lease: Lease | undefined = undefined;
  #slotAt = 0;
  #used = 0;
  #usedBefore = 0;
  #askAt = 0;

  constructor(
    readonly key: string,
    readonly limitName: string,
    readonly tally: Tally,
  ) {
    super();
  }

  abstract readonly rate: Rate;
  /** Where it is kept in Redis. */
  abstract readonly storeKey: string;
  /** Time between the slots of two tokens; 0 for a quota. */
  abstract readonly spacingMs: number;
  /** What was left for everybody when Redis was last heard of, and what time has added since. */
  abstract level(now: number): number;
  /** The state that Redis told of, for the case that it loses it: ms since the epoch, or a count; 0: never told. */
  abstract told: number;
  /** When what Redis keeps is of no more use; only a quota's has such a time. Milliseconds since the epoch. */
  abstract readonly endsAt: number;
  /** Tokens are given back to Redis only as long as its state stays so far ahead of its clock: see decision 0015. */
  abstract keepAheadMs(processes: number): number;
  abstract resetMs(now: number): number;
  /** Until `missing` tokens more will be there. */
  protected abstract waitForMs(missing: number, now: number): number;
  protected abstract lower(tokens: number, now: number): void;
  /** Assumes a careful level for a key of which Redis cannot be asked. */
  protected abstract assume(now: number, processes: number): void;
  protected abstract learn(granted: number, mark: number, now: number): number;
  protected abstract creditOf(processes: number): number;
  protected abstract holdOf(processes: number): number;
  /** All that can be there at once: the burst, or the whole quota. */
  abstract readonly depth: number;
  /** All that all processes together may let in at once while Redis is away. */
  protected abstract depthAlone(processes: number): number;
  protected abstract holdUntil(now: number): number;
  /** For a new period of the calendar. */
  protected roll(_now: number): void {}

  /**
   * What could be done for a request of this cost; nothing is spent yet.
   * @param shareAt 0, or Redis is away or slow: nobody waits for it, and the own share is reckoned by this time
   */
  offer(cost: number, now: number, processes: number, shareAt: number): Offer {
    this.roll(now);
    const held = this.held(now);
    if (held >= cost) return "held";
    if (shareAt > 0) return this.#fitsShare(cost, shareAt, processes) ? "share" : "refused";
    const missing = cost - held;
    const credit = this.creditOf(processes);
    const open = this.uncounted + missing;
    if (!this.#fresh) return open <= credit ? "credit" : "ask";
    const level = this.level(now);
    // When in doubt Redis says it: clocks are not that exact.
    if (level < missing - 0.01) return "refused";
    // Only where even all processes' credit together finds room: near its limit a key is reckoned exactly.
    if (open <= credit && level >= missing + processes * credit + this.awaited) return "credit";
    return now < this.#askAt ? "refused" : "ask";
  }

  /** Counts what is asked for, let in or not, to know how much is worth holding. */
  want(cost: number, now: number): void {
    const age = now - this.#slotAt;
    if (age >= slotMs || age < 0) {
      this.#usedBefore = age < 2 * slotMs ? this.#used : 0;
      this.#used = 0;
      this.#slotAt = now;
    }
    this.#used += cost;
  }

  /** @param now of a share, the time by which it is reckoned */
  spend(offer: Offer, cost: number, now: number, processes: number): void {
    if (offer === "share") {
      // As if every other process let in one as well.
      this.lower(cost * processes, now);
      this.owed += cost;
      this.#fresh = false;
      return;
    }
    const held = Math.min(cost, this.held(now));
    if (held > 0) this.#lease?.spend(held, now, this.spacingMs);
    if (held === cost) return;
    this.owed += cost - held;
    this.lower(cost - held, now);
  }

  held(now: number): number {
    return this.#lease === undefined ? 0 : this.#lease.live(now, this.spacingMs);
  }

  /** What a client could still use, if nobody else did. */
  remaining(now: number): number {
    return Math.max(0, Math.floor(this.level(now) + 1e-6)) + this.held(now);
  }

  /** Until a refused request could be let in. At least 1. */
  retryAfterMs(cost: number, now: number, processes: number, alone: boolean): number {
    const wanted = alone ? this.#shareOf(cost, processes) : cost - this.held(now);
    return Math.max(1, this.waitForMs(wanted - this.level(now), now));
  }

  /** Whether Redis should hear of it soon: something is owed, or the lease will be used up. */
  wantsRenewal(now: number, processes: number): boolean {
    if (this.owed > 0 || this.back > 0) return true;
    if (now < this.#askAt || this.isAsking) return false;
    if (!this.#fresh) return true;
    const demand = Math.max(this.#used, this.#usedBefore);
    if (demand < worthLeasing) return false;
    if (this.#lease?.hasRoom() === false) return false;
    return this.held(now) * 2 < Math.min(demand, this.holdOf(processes)) && this.level(now) >= 2;
  }

  /** How many more than are needed at once. */
  extra(now: number, processes: number): number {
    const demand = now - this.#slotAt < 2 * slotMs ? Math.max(this.#used, this.#usedBefore) : 0;
    if (demand < worthLeasing || this.isAsking || this.#lease?.hasRoom() === false) return 0;
    return Math.max(0, Math.min(Math.ceil(demand), this.holdOf(processes)) - this.held(now));
  }

  /**
   * Takes in what Redis answered.
   * @param spare of `granted`, what no waiting request takes; the last ones
   * @param mark its state: of a flow the slot of the first token, of a quota what is used with this
   */
  take(granted: number, spare: number, mark: number, told: Told, now: number): void {
    this.#fresh = true;
    this.ended(told);
    const end = this.learn(granted, mark, now);
    // Tokens for those who could not wait pay for what they were let in by.
    const paid = Math.min(spare, this.owed);
    this.owed -= paid;
    if (this.uncounted > 0) this.lower(this.uncounted, now);
    if (spare > paid) this.hold(spare - paid, end, now);
    if (this.level(now) < 1) this.#askAt = now + dryMs;
  }

  /** Redis knows what was let in here, and not yet what was let in elsewhere: its level is not believed, nor what it gave. */
  tellOnly(granted: number, mark: number, told: Told): void {
    this.ended(told);
    this.told = mark + granted * this.spacingMs;
    const paid = Math.min(granted, this.owed);
    this.owed -= paid;
    this.back += granted - paid;
  }

  /** Whether there is anything to say, or to hear, beside what is asked for. */
  hasNews(): boolean {
    return this.owed > 0 || this.back > 0 || !this.#fresh;
  }

  /** @param end where the slot of the last one ends */
  hold(tokens: number, end: number, now: number): void {
    this.#lease ??= new Lease();
    this.#lease.add(tokens, end, this.holdUntil(now), this.spacingMs);
  }

  /** Puts what is overdue aside to be given back. Returns whether anything is still held. */
  expireLease(now: number): boolean {
    if (this.#lease === undefined) return false;
    this.back += this.#lease.expire(now, this.spacingMs);
    if (!this.#lease.isEmpty()) return true;
    this.#lease = undefined;
    return false;
  }

  /** For the end of the process, or of a quota's period. */
  dropLease(now: number): void {
    this.back += this.#lease?.empty(now, this.spacingMs) ?? 0;
    this.#lease = undefined;
  }

  /** Redis is back: what was let in without it counts as far as time has not made up for it. */
  recover(now: number, processes: number): void {
    const used = Math.ceil(Math.max(0, this.depth - this.level(now)) / processes);
    this.owed = Math.min(this.owed, used);
    this.#fresh = false;
  }

  #fitsShare(cost: number, now: number, processes: number): boolean {
    this.assume(now, processes);
    return this.level(now) >= this.#shareOf(cost, processes) - 1e-6;
  }

  /** What there has to be for everybody. Less than a whole share of each: then one request at a time gets through. */
  #shareOf(cost: number, processes: number): number {
    return Math.min(cost * processes, Math.max(cost, this.depthAlone(processes)));
  }
}
