import type { Terminal } from "../../../mesh/local/terminal.ts";
import { checkPeer } from "./check-peer.ts";
import { startGatewayPeer } from "./gateway-peer.ts";
import type { LoadSpec } from "./load-spec.ts";
import { withCost } from "./measure.ts";
import type { EdgeOptions } from "./options.ts";
import type { Bench, Peer } from "./peer.ts";
import { runLoad } from "./run-load.ts";
import { startBehind } from "./start-peers.ts";
import { median, spread } from "./statistics.ts";
import { tokenFile } from "./token-file.ts";
import { createTokens, type Tokens, withRandomSignature } from "./tokens.ts";

/** Round by round. */
export type FloodFigures = Readonly<Record<Kind, readonly FloodCost[]>>;

export interface FloodCost {
  readonly cpuMicros: number;
  /** 0 to 1: refused before or after the token was looked at, for being too many. */
  readonly tooMany: number;
}

/** `refused` has its limits out of reach, so that each signature is looked at; `refusedByLimits` those of gateway.yaml. */
type Kind = "remembered" | "firstTime" | "refused" | "refusedByLimits";

const names: Record<Kind, string> = {
  remembered: "accepted, token seen before",
  firstTime: "accepted, token not seen before",
  refused: "refused, random signature",
  refusedByLimits: "refused, limits as in gateway.yaml",
};
const requestsEach = 10_000;

interface Flood {
  readonly bench: Bench;
  readonly tokens: Tokens;
  readonly gateway: Peer;
  readonly limited: Peer;
  readonly connections: number;
}

/** What a token costs that was seen before, one that was not, and one that is wrong in its signature only. */
export async function measureFlood(
  bench: Bench,
  { rounds, connections }: EdgeOptions,
  { step, line }: Terminal,
): Promise<FloodFigures> {
  const tokens = createTokens();
  const { upstream } = await step("Upstream", () => startBehind(bench, tokens));
  const gateway = await step("Gateway", () => startGatewayPeer(bench, { upstream, tokens }));
  const limited = await step("Gateway with limits", () =>
    startGatewayPeer(bench, { upstream, tokens, realLimits: true }),
  );
  await checkPeer(gateway);
  const flood = { bench, tokens, gateway, limited, connections };
  const figures: Record<Kind, FloodCost[]> = {
    remembered: [],
    firstTime: [],
    refused: [],
    refusedByLimits: [],
  };
  for (let round = 0; round <= rounds; round++) {
    const costs = await step(round === 0 ? "Warm-up" : `Round ${round}`, () => floodRound(flood, round));
    if (round > 0) for (const kind of kinds) figures[kind].push(costs[kind]);
  }
  line("");
  for (const row of floodTable(figures)) line(row);
  return figures;
}

const kinds = Object.keys(names) as Kind[];

async function floodRound(flood: Flood, round: number): Promise<Record<Kind, FloodCost>> {
  const { bench, tokens, gateway, limited, connections } = flood;
  const batch = { first: 2 + round * requestsEach, users: requestsEach };
  const fresh = tokenFile(bench, "fresh", { ...batch, token: tokens.es256 });
  const forged = tokenFile(bench, "forged", {
    ...batch,
    token: (user) => withRandomSignature(tokens.es256(user)),
  });
  async function cost(
    peer: Peer,
    given: LoadSpec["tokens"],
    statuses: readonly number[],
  ): Promise<FloodCost> {
    const load = { port: peer.port, connections, tokens: given, requests: requestsEach, warmUp: 0, statuses };
    const measured = await withCost(bench, peer, () => runLoad(bench, peer.name, load));
    const { byStatus, requests } = measured.result;
    return { cpuMicros: measured.cost.cpuMicros, tooMany: (byStatus["429"] ?? 0) / requests };
  }
  return {
    remembered: await cost(gateway, { one: gateway.token }, [200]),
    firstTime: await cost(gateway, { file: fresh }, [200]),
    refused: await cost(gateway, { file: forged }, [401, 429]),
    refusedByLimits: await cost(limited, { file: forged }, [401, 429]),
  };
}

function floodTable(figures: FloodFigures): string[] {
  const micros = (kind: Kind) => figures[kind].map(({ cpuMicros }) => cpuMicros);
  const rows = kinds.map((kind) => {
    const { median: middle, lowest, highest } = spread(micros(kind));
    const range = `(${lowest.toFixed(1)}–${highest.toFixed(1)})`.padEnd(16);
    const tooMany = `${(median(figures[kind].map((cost) => cost.tooMany)) * 100).toFixed(1)} % 429`;
    return `  ${names[kind].padEnd(36)} ${middle.toFixed(1).padStart(7)} ${range} µs CPU a request, ${tooMany}`;
  });
  const ratio = (below: Kind) => (median(micros("refused")) / median(micros(below))).toFixed(2);
  return [
    ...rows,
    "",
    `  refusal / acceptance: first ${ratio("firstTime")}, remembered ${ratio("remembered")}`,
  ];
}
