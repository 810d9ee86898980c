import { BoundedMap } from "#mesh/bounded-map";
import type { Account, Offer } from "./account.ts";
import type { Ticket } from "./correspondence.ts";
import { FlowAccount } from "./flow-account.ts";
import { LedgerQueue } from "./ledger-queue.ts";
import type { Limit, Rate } from "./limit.ts";
import { QuotaAccount } from "./quota-account.ts";
import { Surroundings } from "./surroundings.ts";
import { type Source, Tally } from "./tally.ts";

/** Why a request is not let in. */
export interface LimitRefusal {
  /** Names of the limits that refuse it. */
  readonly violated: readonly string[];
  readonly retryAfterMs: number;
}

/** A request that waits for Redis. */
export interface Waiting {
  readonly accounts: readonly Account[];
  readonly cost: number;
  /** Beside the accounts; undefined for those of which nothing is asked. */
  readonly tickets: readonly (Ticket | undefined)[];
}

export type Standing = "allowed" | LimitRefusal | Waiting;

const sourceOf: Record<Offer, Source> = {
  held: "lease",
  credit: "lease",
  refused: "lease",
  share: "local",
  ask: "shared",
};

const ignore = (): void => {};

/**
 * Decides over requests: pure, with the time (ms since the epoch, on the clock of Redis) as an argument. How the bounds
 * come about stands in `docs/decisions/0015-limits-are-leased.md`.
 */
export class Limiter {
  readonly around = new Surroundings();
  readonly queue = new LedgerQueue();
  readonly tallies = new Map<string, Tally>();
  readonly #accounts: BoundedMap<Account>;
  /** Used anew by each decision: it must not allocate. */
  readonly #offers: Offer[] = [];

  /** @param maxKeys so many are remembered at most */
  constructor(maxKeys = 200_000) {
    this.#accounts = new BoundedMap(maxKeys);
  }

  /** @param key the limit's name and the caller */
  account(limit: Limit, rate: Rate, key: string, now: number): Account {
    const known = this.#accounts.get(key);
    if (known !== undefined && known.rate === rate) return known;
    const tally = this.tally(limit.name);
    // After a change of the file the numbers are new. What Redis counted stays; what was held is given back.
    known?.dropLease(now);
    if (known && known.back > 0) this.queue.put(known);
    const account =
      rate.kind === "rate"
        ? new FlowAccount(key, limit.name, tally, rate)
        : new QuotaAccount(key, limit.name, tally, rate, now);
    this.#accounts.set(key, account);
    return account;
  }

  tally(limitName: string): Tally {
    let tally = this.tallies.get(limitName);
    if (!tally) {
      tally = new Tally();
      this.tallies.set(limitName, tally);
    }
    return tally;
  }

  /**
   * Lets a request in or not, by all of its accounts or by none: what is refused costs nothing. Where Redis has to be
   * asked, its tickets are called done when it has answered; then, or when waiting takes too long, `settle` decides.
   */
  decide(accounts: readonly Account[], cost: number, now: number): Standing {
    const { processes } = this.around;
    const shareAt = this.around.shareAt(now);
    const offers = this.#offers;
    offers.length = 0;
    let asks = false;
    let refused = false;
    for (const account of accounts) {
      account.want(cost, now);
      const offer = account.offer(cost, now, processes, shareAt);
      if (offer === "ask") asks = true;
      else if (offer === "refused") refused = true;
      offers.push(offer);
    }
    if (refused) return this.#refuse(accounts, offers, cost, now);
    if (asks) return this.#ask(accounts, offers, cost, now);
    for (let at = 0; at < accounts.length; at++) {
      const account = accounts[at] as Account;
      const offer = offers[at] as Offer;
      account.spend(offer, cost, offer === "share" ? shareAt : now, processes);
      account.tally.allowed[sourceOf[offer]]++;
      if (account.wantsRenewal(now, processes)) this.queue.put(account);
    }
    return "allowed";
  }

  /** Decides over a request that has waited, on what is known now. */
  settle(waiting: Waiting, now: number): "allowed" | LimitRefusal {
    const { accounts, cost, tickets } = waiting;
    const { processes } = this.around;
    const shareAt = this.around.shareAt(now);
    for (const ticket of tickets) if (ticket && !ticket.answered) ticket.abandoned = true;
    const offers = accounts.map((account, at) => this.#offerAtLast(account, tickets[at], cost, now));
    if (offers.includes("refused")) {
      this.#keep(waiting, now);
      return this.#refuse(accounts, offers, cost, now);
    }
    for (const [at, account] of accounts.entries()) {
      const ticket = tickets[at];
      const offer = offers[at] as Offer;
      // What Redis gave is spent already; the rest of a cost of several is what was held before.
      const rest = ticket?.granted ? cost - ticket.need : cost;
      if (rest > 0) account.spend(offer, rest, offer === "share" ? shareAt : now, processes);
      account.tally.allowed[ticket?.granted ? "shared" : sourceOf[offer]]++;
      if (account.wantsRenewal(now, processes)) this.queue.put(account);
    }
    return "allowed";
  }

  /** Of what Redis was heard to say it may have lost these. */
  restorable(now: number): Account[] {
    const accounts: Account[] = [];
    for (const account of this.#accounts.values()) {
      // A flow that has come to pass is full, and so is what Redis has not.
      if (account.told > (account.spacingMs > 0 ? now : 0)) accounts.push(account);
    }
    return accounts;
  }

  /** Redis is back: what was let in without it is told, as far as it still counts. */
  recover(now: number): void {
    for (const account of this.#accounts.values()) {
      account.recover(now, this.around.processes);
      if (account.owed > 0 || account.back > 0) this.queue.put(account);
    }
  }

  /** Forgets keys that were not used since it was last called. */
  forgetIdle(): void {
    this.#accounts.turn();
  }

  get keys(): number {
    return this.#accounts.size;
  }

  #ask(accounts: readonly Account[], offers: readonly Offer[], cost: number, now: number): Waiting {
    const tickets = accounts.map((account, at) => {
      if (offers[at] !== "ask") return undefined;
      const need = cost - account.held(now);
      const ticket: Ticket = {
        need,
        abandoned: false,
        answered: false,
        granted: false,
        end: 0,
        done: ignore,
      };
      account.await(ticket);
      this.queue.put(account);
      return ticket;
    });
    return { accounts, cost, tickets };
  }

  #offerAtLast(account: Account, ticket: Ticket | undefined, cost: number, now: number): Offer {
    const { processes } = this.around;
    const shareAt = this.around.shareAt(now);
    if (ticket?.answered) {
      // Redis has said what there is; beyond it only what another request left may help.
      const rest = ticket.granted ? cost - ticket.need : cost;
      return account.held(now) >= rest ? "held" : "refused";
    }
    const offer = ticket ? "ask" : account.offer(cost, now, processes, shareAt);
    return offer === "ask" ? account.offer(cost, now, processes, shareAt || now) : offer;
  }

  /** Another limit refuses the request: the tokens that came for it stay here for the next. */
  #keep({ accounts, tickets }: Waiting, now: number): void {
    for (const [at, account] of accounts.entries()) {
      const ticket = tickets[at];
      if (!ticket?.granted) continue;
      account.hold(ticket.need, ticket.end, now);
      this.queue.watch(account, now);
    }
  }

  #refuse(accounts: readonly Account[], offers: readonly Offer[], cost: number, now: number): LimitRefusal {
    const { processes, alone } = this.around;
    const violated: string[] = [];
    let retryAfterMs = 1;
    for (const [at, account] of accounts.entries()) {
      if (offers[at] === "refused") {
        violated.push(account.limitName);
        retryAfterMs = Math.max(retryAfterMs, account.retryAfterMs(cost, now, processes, alone));
        account.tally.refused[alone ? "local" : "lease"]++;
      }
      if (account.wantsRenewal(now, processes)) this.queue.put(account);
    }
    return { violated, retryAfterMs };
  }
}
