import type { Account } from "./account.ts";
import type { Ticket } from "./correspondence.ts";
import { leaseMs } from "./lease.ts";
import type { Surroundings } from "./surroundings.ts";

/** What is asked and told of one key at once. */
export interface Ask {
  readonly account: Account;
  /** For requests that wait, in their order. */
  readonly tickets: readonly Ticket[];
  readonly need: number;
  /** As many more as can be spared, to hold. */
  readonly extra: number;
  /** Not used, given back. */
  readonly back: number;
  /** Given back only if the state stays so far ahead of the clock. Milliseconds. */
  readonly keepAheadMs: number;
  /** Let in already. */
  readonly owed: number;
  /** The answer is not believed: other processes have yet to tell. */
  readonly tellsOnly: boolean;
}

/** What came of one. `mark`: of a flow the slot of the first token (ms since the epoch), of a quota what is used now. */
export interface Grant {
  readonly granted: number;
  readonly mark: number;
}

/** Which accounts are to be spoken of with Redis, and which hold what may have to be given back. Pure. */
export class LedgerQueue {
  #queue: Account[] = [];
  #leases: Account[] = [];
  #firstLease = 0;

  get length(): number {
    return this.#queue.length;
  }

  put(account: Account): void {
    if (account.queued) return;
    account.queued = true;
    this.#queue.push(account);
  }

  /** Those that were queued first, at most `max`. */
  takeBatch(max: number, now: number, { processes, telling }: Surroundings): Ask[] {
    const accounts = this.#queue.length <= max ? this.#queue : this.#queue.slice(0, max);
    this.#queue = accounts === this.#queue ? [] : this.#queue.slice(max);
    const asks: Ask[] = [];
    for (const account of accounts) {
      const ask = askOf(account, now, processes, telling);
      if (ask) asks.push(ask);
    }
    return asks;
  }

  /**
   * Takes in the answers to a batch, in its order.
   * @param believed not of a Redis that other processes have yet to tell what they let in
   */
  apply(batch: readonly Ask[], grants: readonly Grant[], now: number, believed = true): void {
    for (let at = 0; at < batch.length; at++) {
      const ask = batch[at];
      const grant = grants[at];
      if (!ask || !grant) continue;
      if (ask.tellsOnly || !believed) {
        ask.account.tellOnly(grant.granted, grant.mark, ask);
        for (const ticket of ask.tickets) ticket.done();
        continue;
      }
      let spare = grant.granted;
      for (const ticket of ask.tickets) {
        ticket.answered = true;
        ticket.granted = !ticket.abandoned && spare >= ticket.need;
        if (!ticket.granted) continue;
        spare -= ticket.need;
        ticket.end = grant.mark + (grant.granted - spare) * ask.account.spacingMs;
      }
      ask.account.take(grant.granted, spare, grant.mark, ask, now);
      if (spare > 0) this.watch(ask.account, now);
      for (const ticket of ask.tickets) ticket.done();
    }
  }

  /** A batch got no answer. */
  fail(batch: readonly Ask[]): void {
    for (const ask of batch) {
      ask.account.untold(ask);
      for (const ticket of ask.tickets) ticket.done();
    }
  }

  /** Sees to it that what the account holds is given back when it is not used. */
  watch(account: Account, now: number): void {
    if (account.checkAt > 0) return;
    account.checkAt = now + leaseMs;
    this.#leases.push(account);
  }

  /** Queues what was held too long to be given back. */
  sweep(now: number): void {
    for (; this.#firstLease < this.#leases.length; this.#firstLease++) {
      const account = this.#leases[this.#firstLease];
      if (!account || account.checkAt > now) break;
      account.checkAt = 0;
      if (account.expireLease(now)) this.watch(account, now);
      if (account.back > 0) this.put(account);
    }
    if (this.#firstLease * 2 < this.#leases.length) return;
    this.#leases = this.#leases.slice(this.#firstLease);
    this.#firstLease = 0;
  }

  /** Queues everything that is held to be given back: this process ends. */
  dropLeases(now: number): void {
    for (const account of this.#leases.splice(this.#firstLease)) {
      account.dropLease(now);
      if (account.back > 0) this.put(account);
    }
  }

  /** Redis is away: nothing is kept for it here, the accounts themselves know what they owe. */
  clear(): void {
    for (const account of this.#queue) {
      account.queued = false;
      account.awaitNothing();
    }
    this.#queue = [];
  }
}

function askOf(account: Account, now: number, processes: number, tellsOnly: boolean): Ask | undefined {
  account.queued = false;
  if (tellsOnly) return tellingOf(account, processes);
  const tickets = account.awaiting();
  let need = 0;
  for (const ticket of tickets) need += ticket.need;
  const extra = account.extra(now, processes);
  // A command that went in the meantime has brought what was wanted.
  if (need === 0 && extra === 0 && !account.hasNews()) return undefined;
  const { owed, back } = account.tell();
  const keepAheadMs = account.keepAheadMs(processes);
  return { account, tickets, need, extra, back, keepAheadMs, owed, tellsOnly };
}

function tellingOf(account: Account, processes: number): Ask | undefined {
  if (account.owed === 0 && account.back === 0) return undefined;
  const keepAheadMs = account.keepAheadMs(processes);
  return { account, tickets: [], need: 0, extra: 0, keepAheadMs, ...account.tell(), tellsOnly: true };
}
