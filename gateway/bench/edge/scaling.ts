import { availableParallelism } from "node:os";
import { debianProgram } from "../../../mesh/local/debian-program.ts";
import type { Terminal } from "../../../mesh/local/terminal.ts";
import { checkPeer } from "./check-peer.ts";
import { planCores } from "./cores.ts";
import { startGatewayPeer } from "./gateway-peer.ts";
import { type SaturatedRound, saturatedRound } from "./measure.ts";
import type { EdgeOptions } from "./options.ts";
import type { Bench, Peer } from "./peer.ts";
import { cpuSeconds } from "./process-usage.ts";
import { programs, startBehind } from "./start-peers.ts";
import { median, type Spread, spread } from "./statistics.ts";
import { createTokens } from "./tokens.ts";

export interface ScalingFigures {
  readonly processes: number;
  readonly one: readonly SaturatedRound[];
  readonly several: readonly SaturatedRound[];
  /** `processes` × CPU a request of one ÷ CPU a request of several. */
  readonly scaling: Spread;
  /** What several answered ÷ what one did, with what is around taking its part of the cores. */
  readonly throughput: Spread;
  /** The cores that all processes of the gateway had together, of those there are. */
  readonly coresHad: number;
  readonly coresThere: number;
  /** Of all CPU, the part of each process. */
  readonly shares: readonly number[];
}

/** Connections are dealt out to the processes by their hash: it takes many to deal them evenly. */
const fewestConnections = 128;

/**
 * One process on one core and several on as many, in turn. Where generator and upstream have no core of their own beside
 * several, what they can answer is less than what they could: so what counts is the CPU that a request costs.
 */
export async function measureScaling(
  bench: Bench,
  { processes, rounds, seconds, connections: wanted }: EdgeOptions,
  { step, line }: Terminal,
): Promise<ScalingFigures> {
  const tokens = createTokens();
  const wrk = await debianProgram(bench.home.cache, programs.wrk);
  const { upstream } = await step("Upstream", () => startBehind(bench, tokens));
  const alone: Bench = { ...bench, cores: planCores(1, bench.cores.urgent) };
  const one = await step("One process", () => startGatewayPeer(alone, { upstream, tokens }));
  const several = await step(`${processes} processes`, () =>
    startGatewayPeer(bench, { upstream, tokens, processes }),
  );
  for (const peer of [one, several]) await checkPeer(peer);
  const options = { seconds, connections: Math.max(wanted, fewestConnections) };
  const figures = { one: [] as SaturatedRound[], several: [] as SaturatedRound[] };
  let before: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    await step(round === 0 ? "Warm-up" : `Round ${round}`, async () => {
      const single = await saturatedRound(alone, wrk, one, options);
      if (round === 1) before = several.pids.map(cpuSeconds);
      const multiple = await saturatedRound(bench, wrk, several, options);
      if (round > 0) {
        figures.one.push(single);
        figures.several.push(multiple);
      }
    });
  }
  const result = { processes, ...figures, ...summary(figures, processes), shares: sharesOf(several, before) };
  line("");
  for (const row of scalingTable(result, bench)) line(row);
  return result;
}

function summary(figures: Pick<ScalingFigures, "one" | "several">, processes: number) {
  const pairs = figures.one.flatMap((one, at) => {
    const several = figures.several[at];
    return several ? [{ one, several }] : [];
  });
  return {
    scaling: spread(pairs.map(({ one, several }) => (processes * one.cpuMicros) / several.cpuMicros)),
    throughput: spread(pairs.map(({ one, several }) => several.perSecond / one.perSecond)),
    coresHad: median(pairs.map(({ several }) => (several.perSecond * several.cpuMicros) / 1e6)),
    coresThere: availableParallelism(),
  };
}

function sharesOf({ pids }: Peer, before: readonly number[]): number[] {
  const used = pids.map((pid, at) => cpuSeconds(pid) - (before[at] ?? 0));
  const all = used.reduce((sum, each) => sum + each, 0);
  return used.map((each) => each / all);
}

function scalingTable(figures: ScalingFigures, { cores }: Bench): string[] {
  const row = (name: string, rounds: readonly SaturatedRound[]) => {
    const { median: middle, lowest, highest } = spread(rounds.map(({ cpuMicros }) => cpuMicros));
    const perSecond = Math.round(median(rounds.map((round) => round.perSecond))).toLocaleString("en");
    return `  ${name.padEnd(14)} ${perSecond.padStart(8)} requests/s  ${middle.toFixed(1)} (${lowest.toFixed(1)}–${highest.toFixed(1)}) µs CPU a request`;
  };
  const text = ({ median: middle, lowest, highest }: Spread) =>
    `${middle.toFixed(2)} (${lowest.toFixed(2)}–${highest.toFixed(2)})`;
  return [
    row("one process", figures.one),
    row(`${figures.processes} processes`, figures.several),
    "",
    `  scaling by CPU a request  ${text(figures.scaling)}`,
    `  scaling of requests/s     ${text(figures.throughput)}; the processes had ${figures.coresHad.toFixed(2)} of ${figures.coresThere} cores`,
    `  CPU of each process       ${figures.shares.map((share) => `${(share * 100).toFixed(0)} %`).join(", ")} (the first only watches over the others)`,
    `  ${cores.note}`,
  ];
}
