import type { Program } from "../../../mesh/local/debian-program.ts";
import type { Bench, Peer } from "./peer.ts";
import { busySeconds, cpuSecondsOf } from "./process-usage.ts";
import { runLoad } from "./run-load.ts";
import { saturate, type WrkOptions } from "./wrk.ts";

/** CPU, in µs a request. */
export interface Cost {
  /** All processes of the peer, and those that work for it. */
  readonly cpuMicros: number;
  /** Of which in the latter, by name. */
  readonly alsoMicros: Readonly<Record<string, number>>;
  /** The part of the time, 0 to 1, for which somebody else had the cores under test. */
  readonly othersShare: number;
}

export interface SaturatedRound extends Cost {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface PacedRound extends Cost {
  readonly rate: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly lateP50Ms: number;
  readonly lateP99Ms: number;
}

export async function saturatedRound(
  bench: Bench,
  wrk: Program,
  peer: Peer,
  options: WrkOptions,
): Promise<SaturatedRound> {
  const { result, cost } = await withCost(bench, peer, () => saturate(bench, wrk, peer, options));
  const { perSecond, p50Ms, p99Ms } = result;
  return { perSecond, p50Ms, p99Ms, ...cost };
}

export async function pacedRound(
  bench: Bench,
  peer: Peer,
  { rate, seconds, connections }: { rate: number; seconds: number; connections: number },
): Promise<PacedRound> {
  const warmUp = Math.round(rate);
  const spec = {
    port: peer.port,
    connections,
    tokens: { one: peer.token },
    rate,
    requests: Math.round(rate * seconds) + warmUp,
    warmUp,
    statuses: [200],
  };
  const { result, cost } = await withCost(bench, peer, () => runLoad(bench, peer.name, spec));
  const { p50Ms, p99Ms, lateP50Ms, lateP99Ms } = result;
  return { rate, p50Ms, p99Ms, lateP50Ms, lateP99Ms, ...cost };
}

/** What `work`, which tells how many requests it made, cost the peer. */
export async function withCost<T extends { readonly requests: number }>(
  { cores }: Bench,
  { pids, also }: Pick<Peer, "pids" | "also">,
  work: () => Promise<T>,
): Promise<{ result: T; cost: Cost }> {
  const usage = () => ({
    own: cpuSecondsOf(pids),
    also: Object.entries(also).map(([name, pid]) => [name, cpuSecondsOf([pid])] as const),
    busy: busySeconds(cores.underTest),
    at: performance.now() / 1000,
  });
  const before = usage();
  const result = await work();
  const after = usage();
  const own = after.own - before.own;
  const micros = (seconds: number) => (seconds * 1e6) / result.requests;
  const alsoMicros = Object.fromEntries(
    after.also.map(([name, seconds], at) => [name, micros(seconds - (before.also[at]?.[1] ?? 0))]),
  );
  const inAll = (after.at - before.at) * cores.underTest.length;
  return {
    result,
    cost: {
      cpuMicros: micros(own) + Object.values(alsoMicros).reduce((sum, each) => sum + each, 0),
      alsoMicros,
      othersShare: Math.max(0, after.busy - before.busy - own) / inAll,
    },
  };
}
