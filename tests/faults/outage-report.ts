import type { ProveOptions } from "./prove-options.ts";
import { commandOf } from "./prove-report.ts";
import type { Outage } from "./run-outage.ts";

const shownViolations = 40;

/** What was done and found, in lines for a person. */
export function reportOutage(outage: Outage, options: ProveOptions): string[] {
  const { purchases, meanwhileMs, beforeMs, mostWaiting, caughtUpAfterMs, memory, violations, checks } =
    outage;
  const caughtUp = caughtUpAfterMs === undefined ? "never" : `${(caughtUpAfterMs / 1000).toFixed(1)} s`;
  return [
    "",
    `  ${purchases.length} purchases, ${meanwhileMs.length} of them answered in ${options.outage} s without Kafka; ${outage.confirmed} orders confirmed in all`,
    `  answers before: ${latencies(beforeMs)}; without Kafka: ${latencies(meanwhileMs)}`,
    `  at most ${mostWaiting} events waited; all were on the bus ${caughtUp} after it was back`,
    "  most resident memory in MiB: before, in each half of the outage, afterwards",
    ...[...memory.figures()].map(
      ([name, { before, firstHalf, secondHalf, afterwards }]) =>
        `    ${name.padEnd(24)} ${[before, firstHalf, secondHalf, afterwards].map((mib) => mib.toFixed(0).padStart(5)).join(" ")}`,
    ),
    `  ${checks} checks of invariants, ${violations.length} violations`,
    ...violations.slice(0, shownViolations).map((text) => `  ✗ ${text}`),
    "",
    `  The same again: ${commandOf(options)}`,
    violations.length === 0 ? "  Nothing was lost, doubled or left open." : "  An invariant was violated.",
  ];
}

function latencies(all: readonly number[]): string {
  const sorted = all.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`;
}
