import { Account } from "./account.ts";
import { leaseMs } from "./lease.ts";
import type { FlowRate } from "./limit.ts";
import { creditFor, flowHold, unknownBurst } from "./shares.ts";
import type { Tally } from "./tally.ts";

/**
 * A flow's account. The state is one time, as in GCRA: when the next request would come if all kept exactly to the rate
 * (the theoretical arrival time).
 */
export class FlowAccount extends Account {
  told = 0;
  #arrival = 0;

  constructor(
    key: string,
    limitName: string,
    tally: Tally,
    readonly rate: FlowRate,
  ) {
    super(key, limitName, tally);
  }

  override get storeKey(): string {
    return `limit:${this.key}`;
  }

  override get spacingMs(): number {
    return this.rate.intervalMs;
  }

  override get endsAt(): number {
    return 0;
  }

  override keepAheadMs(processes: number): number {
    return leaseMs + (processes - 1) * this.holdOf(processes) * this.rate.intervalMs;
  }

  override get depth(): number {
    return this.rate.burst;
  }

  override level(now: number): number {
    const ahead = this.#arrival - now;
    return ahead <= 0 ? this.rate.burst : this.rate.burst - ahead / this.rate.intervalMs;
  }

  override resetMs(now: number): number {
    return Math.max(0, this.#arrival - now);
  }

  protected override waitForMs(missing: number): number {
    return missing * this.rate.intervalMs;
  }

  protected override lower(tokens: number, now: number): void {
    this.#arrival = Math.max(this.#arrival, now) + tokens * this.rate.intervalMs;
  }

  protected override depthAlone(processes: number): number {
    return unknownBurst(this.rate.burst, this.rate.requests, processes);
  }

  /** What was heard may be old, and others may use the burst at the same time: never more than of an unknown key. */
  protected override assume(now: number, processes: number): void {
    const { burst, intervalMs } = this.rate;
    this.#arrival = Math.max(this.#arrival, now + (burst - this.depthAlone(processes)) * intervalMs);
  }

  protected override learn(granted: number, mark: number): number {
    this.#arrival = mark + granted * this.rate.intervalMs;
    this.told = this.#arrival;
    return this.#arrival;
  }

  protected override creditOf(processes: number): number {
    const { requests, perSeconds, burst } = this.rate;
    return creditFor(requests * Math.max(1, 10 / perSeconds), burst, processes);
  }

  protected override holdOf(processes: number): number {
    return flowHold(this.rate.burst, this.rate.intervalMs, processes);
  }

  protected override holdUntil(now: number): number {
    return now + leaseMs;
  }
}
