import { isDeepStrictEqual } from "node:util";
import type { FlowRate, Limit, Quota, Rate } from "../limits/limit.ts";
import type { LimitSpec } from "./gateway-file-schema.ts";

const daySeconds = 86_400;
/** The `w` that a quota shows: its longest, for a month has no fixed length. */
const windowSeconds = { day: daySeconds, month: 31 * daySeconds } as const;

/**
 * @param before what was compiled last; a limit, and a rate of it, that says the same is the same object again, so that
 *   what is counted for it goes on after a reload
 */
export function compileLimits(
  specs: Readonly<Record<string, LimitSpec>>,
  before: ReadonlyMap<string, Limit> = new Map(),
): ReadonlyMap<string, Limit> {
  return new Map(
    Object.entries(specs).map(([name, spec]) => [name, kept(compileLimit(name, spec), before.get(name))]),
  );
}

function kept(limit: Limit, before: Limit | undefined): Limit {
  if (before === undefined) return limit;
  if (isDeepStrictEqual(limit, before)) return before;
  const same = (rate: Rate, known: Rate | undefined) =>
    isDeepStrictEqual(rate, known) ? (known as Rate) : rate;
  const tiers = [...limit.tiers].map(([tier, rate]): [string, Rate] => [
    tier,
    same(rate, before.tiers.get(tier)),
  ]);
  return { ...limit, rate: same(limit.rate, before.rate), tiers: new Map(tiers) };
}

function compileLimit(name: string, spec: LimitSpec): Limit {
  const rate = compileRate(name, spec);
  const tiers = Object.entries(spec.tiers ?? {}).map(([tier, numbers]): [string, Rate] => [
    tier,
    compileRate(name, { ...spec, ...numbers }),
  ]);
  return { name, by: spec.by, rate, tiers: new Map(tiers), exempt: spec.exempt ?? [] };
}

/** The schema sees to it that there is either a period or a rate with its burst. */
function compileRate(
  name: string,
  { requests, perSeconds = 1, burst = 1, per }: LimitSpec,
): FlowRate | Quota {
  if (per !== undefined) {
    return {
      kind: "quota",
      requests,
      period: per,
      policy: `"${name}";q=${requests};w=${windowSeconds[per]}`,
    };
  }
  const intervalMs = (perSeconds * 1000) / requests;
  // The whole burst is there again after `burst` intervals: that is the window a client can reckon with.
  const window = Math.max(1, Math.ceil((burst * intervalMs) / 1000));
  return {
    kind: "rate",
    requests,
    perSeconds,
    burst,
    intervalMs,
    policy: `"${name}";q=${burst};w=${window}`,
  };
}
