/**
 * What a limit counts by. `caller` is the user where one is known, else the address; `address` takes an IPv6 customer
 * as its /64; `tier` is the caller's, so that callers of one tier share a count.
 */
export type KeyPart = "caller" | "address" | "user" | "api-key" | "route" | "tier";

/** So many requests in so much time, flowing: what is used comes back bit by bit (GCRA). */
export interface FlowRate {
  readonly kind: "rate";
  readonly requests: number;
  readonly perSeconds: number;
  /** So many at once. */
  readonly burst: number;
  /** One request is earned back in this time. */
  readonly intervalMs: number;
  /** The value of the `RateLimit-Policy` header. */
  readonly policy: string;
}

/** So many requests in a day or month of the calendar, in UTC: all of it is back when the next one begins. */
export interface Quota {
  readonly kind: "quota";
  readonly requests: number;
  readonly period: "day" | "month";
  readonly policy: string;
}

export type Rate = FlowRate | Quota;

/** A limit of `gateway.yaml`, compiled. */
export interface Limit {
  readonly name: string;
  readonly by: readonly KeyPart[];
  /** For callers without a tier, or of a tier that stands not in `tiers`. */
  readonly rate: Rate;
  readonly tiers: ReadonlyMap<string, Rate>;
  /** Roles of verified callers whom it does not count. */
  readonly exempt: readonly string[];
}
