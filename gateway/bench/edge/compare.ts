import { debianProgram, type Program } from "../../../mesh/local/debian-program.ts";
import type { Terminal } from "../../../mesh/local/terminal.ts";
import { type Comparison, comparisonTable, ours } from "./comparison-table.ts";
import { type PacedRound, pacedRound, type SaturatedRound, saturatedRound } from "./measure.ts";
import type { EdgeOptions } from "./options.ts";
import type { Bench, Peer } from "./peer.ts";
import { residentMiB } from "./process-usage.ts";
import { programs, startBehind, startPeers } from "./start-peers.ts";
import { median } from "./statistics.ts";
import { createTokens } from "./tokens.ts";

const pacedShare = 0.7;
const mostPacedRounds = 3;
/** Runtimes compile what runs often, in a second and a third go; a gateway that is in use has that behind it. */
const warmUpSeconds = 12;

interface Running {
  readonly peer: Peer;
  readonly residentBeforeMiB: number;
  readonly saturated: SaturatedRound[];
  readonly paced: PacedRound[];
}

/** Every peer in turn, round after round, so that what else the machine does meets all of them. */
export async function compare(
  bench: Bench,
  options: EdgeOptions,
  { step, line }: Terminal,
): Promise<Comparison> {
  const tokens = createTokens();
  const wrk = await step("wrk", () => debianProgram(bench.home.cache, programs.wrk));
  const behind = await step("Upstream", () => startBehind(bench, tokens));
  const found = await step("Peers", () => startPeers(bench, { ...behind, tokens, only: options.only }));
  const running = found.flatMap((peer): Running[] =>
    "missing" in peer ? [] : [{ peer, residentBeforeMiB: residentMiB(peer.pids), saturated: [], paced: [] }],
  );
  await saturatedRounds(bench, { wrk, running, options, step });
  await pacedRounds(bench, { running, options, step });
  const comparison = {
    missing: found.filter((peer) => "missing" in peer),
    peers: running.map(({ peer, ...measured }) => ({
      name: peer.name,
      does: peer.does,
      ...measured,
      residentAfterMiB: residentMiB(peer.pids),
    })),
  };
  line("");
  for (const row of comparisonTable(comparison)) line(row);
  return comparison;
}

interface Rounds {
  readonly running: readonly Running[];
  readonly options: EdgeOptions;
  readonly step: Terminal["step"];
}

async function saturatedRounds(bench: Bench, { wrk, running, options, step }: Rounds & { wrk: Program }) {
  for (let round = 0; round <= options.rounds; round++) {
    await step(round === 0 ? "Warm-up" : `Round ${round}`, async () => {
      for (const { peer, saturated } of running) {
        const seconds = round === 0 ? warmUpSeconds : options.seconds;
        const measured = await saturatedRound(bench, wrk, peer, { ...options, seconds });
        if (round > 0) saturated.push(measured);
      }
    });
  }
}

async function pacedRounds(bench: Bench, { running, options, step }: Rounds) {
  const capacity = ({ saturated }: Running) => median(saturated.map(({ perSecond }) => perSecond));
  const own = running.find(({ peer }) => peer.name === ours);
  const { seconds, connections } = options;
  for (let round = 1; round <= Math.min(mostPacedRounds, options.rounds); round++) {
    await step(`Paced round ${round}`, async () => {
      for (const each of running) {
        const wanted = capacity(own ?? each) * pacedShare;
        const rate = wanted < capacity(each) * 0.9 ? wanted : capacity(each) * pacedShare;
        each.paced.push(await pacedRound(bench, each.peer, { rate, seconds, connections }));
      }
    });
  }
}
