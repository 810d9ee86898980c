import type { Cost, PacedRound, SaturatedRound } from "./measure.ts";
import type { MissingPeer } from "./peer.ts";
import { median, type Spread, spread } from "./statistics.ts";

export interface ComparedPeer {
  readonly name: string;
  readonly does: string;
  readonly saturated: readonly SaturatedRound[];
  /** At `pacedShare` of what ours can, or of its own where it cannot do that. */
  readonly paced: readonly PacedRound[];
  readonly residentBeforeMiB: number;
  readonly residentAfterMiB: number;
}

export interface Comparison {
  readonly peers: readonly ComparedPeer[];
  readonly missing: readonly MissingPeer[];
}

export const ours = "EcoTrack";
/** The lines for a terminal. Every figure is the median of the rounds; in brackets the lowest and the highest. */
export function comparisonTable({ peers, missing }: Comparison): string[] {
  const percent = (rounds: readonly number[]) => `${(median(rounds) * 100).toFixed(0)} %`;
  const rows = peers.map((peer) => [
    peer.name,
    thousands(median(peer.saturated.map(({ perSecond }) => perSecond))),
    bracketed(spread(costs(peer.saturated))),
    milliseconds(peer.saturated.map(({ p50Ms }) => p50Ms)),
    milliseconds(peer.saturated.map(({ p99Ms }) => p99Ms)),
    thousands(median(peer.paced.map(({ rate }) => rate))),
    milliseconds(peer.paced.map(({ p50Ms }) => p50Ms)),
    milliseconds(peer.paced.map(({ p99Ms }) => p99Ms)),
    `${peer.residentBeforeMiB.toFixed(0)} → ${peer.residentAfterMiB.toFixed(0)}`,
    percent(peer.saturated.map(({ perSecond, cpuMicros }) => (perSecond * cpuMicros) / 1e6)),
    percent(peer.saturated.map(({ othersShare }) => othersShare)),
  ]);
  const head = [
    "",
    "requests/s",
    "CPU µs a request",
    "p50 ms",
    "p99 ms",
    "paced/s",
    "p50 ms",
    "p99 ms",
    "MiB",
    "core",
    "others",
  ];
  return [
    ...aligned([head, ...rows]),
    "",
    ...peers.map(({ name, does }) => `${name.padEnd(9)} ${does}`),
    ...missing.map(({ name, missing: why }) => `${name.padEnd(9)} left out: ${why}`),
    "",
    ...ratios(peers).map(({ name, value }) => `${name.padEnd(34)} ${bracketed(value, 2)}`),
    ...remarks(peers),
  ];
}

export interface Ratio {
  readonly name: string;
  readonly value: Spread;
}

/** Of the CPU a request, round by round: what slows a round down is in both. */
function ratios(peers: readonly ComparedPeer[]): Ratio[] {
  const of = (name: string) => peers.find((peer) => peer.name === name);
  const ratio = (above: string, below: string): Ratio[] => {
    const [one, other] = [of(above), of(below)];
    if (!one || !other) return [];
    const pairs = costs(one.saturated).map((cost, at) => cost / (costs(other.saturated)[at] ?? Number.NaN));
    return [{ name: `CPU ${above} / ${below}`, value: spread(pairs) }];
  };
  return [...ratio(ours, "HAProxy"), ...ratio("Fastify", ours), ...ratio(ours, "nginx")];
}

function remarks(peers: readonly ComparedPeer[]): string[] {
  const late = peers.flatMap(({ paced }) => paced.map(({ lateP99Ms }) => lateP99Ms));
  const own = peers.find(({ name }) => name === ours);
  const redis = own?.saturated.map(({ alsoMicros }) => alsoMicros.Redis ?? 0) ?? [];
  return [
    ...(redis.length > 0 ? [`Of ${ours}'s CPU in Redis: ${median(redis).toFixed(1)} µs a request`] : []),
    `Paced latencies have in them what the generator was late with a request: p99 ${median(late).toFixed(2)} ms`,
    "core, others: the part of the time for which the peer had its core, and somebody else. Where both leave some over, it",
    "was the generator or the upstream that could not do more, and requests/s is less than the peer could",
  ];
}

const costs = (rounds: readonly Cost[]): number[] => rounds.map(({ cpuMicros }) => cpuMicros);
const thousands = (value: number): string => Math.round(value).toLocaleString("en");
const milliseconds = (values: readonly number[]): string => median(values).toFixed(2);
const bracketed = ({ median: middle, lowest, highest }: Spread, digits = 1): string =>
  `${middle.toFixed(digits)} (${lowest.toFixed(digits)}–${highest.toFixed(digits)})`;

function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => (row[at] ?? "").length)));
  return rows.map((row) =>
    row
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join("  "),
  );
}
