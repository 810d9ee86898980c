import type { Problem } from "#mesh/problem";
import type { Exchange } from "../exchange.ts";
import type { FieldWriter } from "../http/fields.ts";
import type { Account } from "../limits/account.ts";
import type { LeasedLimiter } from "../limits/leased-limiter.ts";
import type { Limit, Rate } from "../limits/limit.ts";
import { limitKey } from "../limits/limit-key.ts";
import type { LimitRefusal } from "../limits/limiter.ts";
import { edgeProblems } from "../problems.ts";
import type { Route } from "../routes.ts";

/**
 * Lets a request in when every limit of the route does, and then takes its cost from each; a refused one costs nothing.
 * Nearly always at once; a promise where Redis has to be asked first, for 5 ms at most.
 */
export function limitRate(
  exchange: Exchange,
  route: Route,
  limiter: LeasedLimiter,
): Problem | undefined | Promise<Problem | undefined> {
  const { limits, cost } = route;
  const accounts: Account[] = [];
  for (const limit of limits) {
    if (isExempt(limit, exchange)) {
      limiter.limiter.tally(limit.name).allowed.exempt++;
      continue;
    }
    const key = limitKey(limit, exchange, route);
    if (key !== "") accounts.push(limiter.account(limit, rateOf(limit, exchange), key));
  }
  if (accounts.length === 0) return undefined;
  const refusal = limiter.decide(accounts, cost);
  return refusal instanceof Promise
    ? refusal.then((later) => conclude(exchange, accounts, later, limiter.now()))
    : conclude(exchange, accounts, refusal, limiter.now());
}

/** `RateLimit-Policy` and `RateLimit` of draft-ietf-httpapi-ratelimit-headers-11: what there is and what is left. */
export function setRateLimitHeaders(
  { rateLimit, rateLimitPolicy }: Exchange,
  fields: Pick<FieldWriter, "set">,
): void {
  if (rateLimit === "") return;
  fields.set("ratelimit-policy", rateLimitPolicy);
  fields.set("ratelimit", rateLimit);
}

/** By roles of a verified token, never by anything that a client could claim. */
function isExempt({ exempt }: Limit, { caller }: Exchange): boolean {
  if (exempt.length === 0 || !caller) return false;
  for (const role of exempt) if (caller.roles.includes(role)) return true;
  return false;
}

function rateOf({ tiers, rate }: Limit, { caller }: Exchange): Rate {
  if (tiers.size === 0 || !caller) return rate;
  return tiers.get(caller.tier) ?? rate;
}

function conclude(
  exchange: Exchange,
  accounts: readonly Account[],
  refusal: LimitRefusal | undefined,
  now: number,
): Problem | undefined {
  const retryAfter = refusal ? Math.ceil(refusal.retryAfterMs / 1000) : 0;
  let policies = "";
  let standings = "";
  for (const account of accounts) {
    policies = policies === "" ? account.rate.policy : `${policies}, ${account.rate.policy}`;
    if (refusal && !refusal.violated.includes(account.limitName)) continue;
    // §6: what `Retry-After` says must not be earlier than the end of the window, so a refusal has one for both.
    const seconds = refusal ? retryAfter : Math.ceil(account.resetMs(now) / 1000);
    // What is left and does not suffice, for its cost or as the part of this process, is nothing to the one who was refused.
    const left = refusal ? 0 : account.remaining(now);
    const standing = `"${account.limitName}";r=${left};t=${seconds}`;
    standings = standings === "" ? standing : `${standings}, ${standing}`;
  }
  exchange.rateLimitPolicy = policies;
  exchange.rateLimit = standings;
  return refusal && edgeProblems.quotaExceeded(refusal.violated, retryAfter);
}
