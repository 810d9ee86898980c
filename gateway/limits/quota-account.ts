import { Account } from "./account.ts";
import { type CalendarPeriod, periodAt } from "./calendar-period.ts";
import { leaseMs } from "./lease.ts";
import type { Quota } from "./limit.ts";
import { creditFor, quotaHold, unknownQuota } from "./shares.ts";
import type { Tally } from "./tally.ts";

/** A quota's account. The state is a count that begins anew with each day or month. */
export class QuotaAccount extends Account {
  told = 0;
  #used = 0;
  #period: CalendarPeriod;

  constructor(
    key: string,
    limitName: string,
    tally: Tally,
    readonly rate: Quota,
    now: number,
  ) {
    super(key, limitName, tally);
    this.#period = periodAt(rate.period, now);
  }

  override get storeKey(): string {
    return `quota:${this.key}:${this.#period.name}`;
  }

  override get spacingMs(): number {
    return 0;
  }

  override keepAheadMs(): number {
    return 0;
  }

  override get depth(): number {
    return this.rate.requests;
  }

  override get endsAt(): number {
    return this.#period.end;
  }

  override level(): number {
    return this.rate.requests - this.#used;
  }

  override resetMs(now: number): number {
    return Math.max(0, this.#period.end - now);
  }

  protected override waitForMs(_missing: number, now: number): number {
    return this.resetMs(now);
  }

  protected override lower(tokens: number): void {
    this.#used += tokens;
  }

  protected override depthAlone(processes: number): number {
    return unknownQuota(this.rate.requests, processes);
  }

  /** What was heard may be old: never more left than of an unknown key. */
  protected override assume(_now: number, processes: number): void {
    this.#used = Math.max(this.#used, this.rate.requests - this.depthAlone(processes));
  }

  protected override learn(_granted: number, mark: number): number {
    this.#used = mark;
    this.told = mark;
    return this.#period.end;
  }

  protected override creditOf(processes: number): number {
    return creditFor(0, this.rate.requests, processes);
  }

  protected override holdOf(processes: number): number {
    return quotaHold(this.rate.requests, processes);
  }

  protected override holdUntil(now: number): number {
    return Math.min(this.#period.end, now + leaseMs);
  }

  protected override roll(now: number): void {
    if (now < this.#period.end) return;
    this.dropLease(now);
    this.#period = periodAt(this.rate.period, now);
    this.#used = 0;
    this.told = 0;
    this.owed = 0;
    this.back = 0;
  }
}
