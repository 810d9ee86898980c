import type { Problem } from "#mesh/problem";
import type { Exchange } from "../exchange.ts";
import type { FieldWriter } from "../http/fields.ts";
import type { Decision } from "../limits/gcra.ts";
import type { Limit } from "../limits/limit.ts";
import { edgeProblems } from "../problems.ts";
import { addressKey } from "./client-address.ts";

/** By whom a limit counts: the user where there is one and the limit says so, else the client's address. */
export function limitKey({ caller, address }: Exchange, limit: Limit): string {
  if (limit.by.includes("caller") && caller) return `${limit.name}:user:${caller.subject}`;
  return `${limit.name}:address:${addressKey(address)}`;
}

export function applyDecision(exchange: Exchange, limit: Limit, decision: Decision): Problem | undefined {
  exchange.decision = decision;
  if (decision.allowed) return undefined;
  return edgeProblems.quotaExceeded(limit.name, Math.max(1, Math.ceil(decision.retryAfterMs / 1000)));
}

/** `RateLimit-Policy` and `RateLimit` of draft-ietf-httpapi-ratelimit-headers-10: what there is and what is left. */
export function setRateLimitHeaders({ decision, route }: Exchange, headers: FieldWriter): void {
  if (!decision || !route) return;
  const [limit] = route.limits;
  if (!limit) return;
  const { name, rate } = limit;
  headers.set("ratelimit-policy", rate.policy);
  headers.set("ratelimit", `"${name}";r=${decision.remaining};t=${Math.ceil(decision.resetMs / 1000)}`);
}
