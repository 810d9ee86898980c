import type { Terminal } from "../../../mesh/local/terminal.ts";
import { checkPeer } from "./check-peer.ts";
import { startGatewayPeer } from "./gateway-peer.ts";
import { withCost } from "./measure.ts";
import type { EdgeOptions } from "./options.ts";
import type { Bench } from "./peer.ts";
import { residentMiB } from "./process-usage.ts";
import { runLoad } from "./run-load.ts";
import { startBehind } from "./start-peers.ts";
import { tokenFile } from "./token-file.ts";
import { createTokens } from "./tokens.ts";

export interface MemoryPass {
  readonly requests: number;
  readonly residentMiB: number;
  readonly cpuMicros: number;
  readonly perSecond: number;
  readonly p99Ms: number;
}

export interface MemoryFigures {
  readonly users: number;
  readonly residentAtStartMiB: number;
  readonly passes: readonly MemoryPass[];
  /**
   * How much higher the highest of the second half is than that of the first, after `settledAfter` passes. The highest,
   * because the collector lets the heap grow for a long time and then takes much of it back at once.
   */
  readonly growth: number;
}

const users = 100_000;
const passes = 10;
/** By then each user is known, and the collector has met what that takes. */
const settledAfter = 3;
const flatWithin = 0.1;

/** A million requests, in each tenth of which every one of the users comes once. */
export async function measureMemory(
  bench: Bench,
  { connections }: EdgeOptions,
  { step, line }: Terminal,
): Promise<MemoryFigures> {
  const tokens = createTokens();
  const file = await step(`${users.toLocaleString("en")} tokens`, async () =>
    tokenFile(bench, "users", { first: 1, users, token: tokens.es256 }),
  );
  const { upstream } = await step("Upstream", () => startBehind(bench, tokens));
  const gateway = await step("Gateway", () => startGatewayPeer(bench, { upstream, tokens }));
  await checkPeer(gateway);
  const residentAtStartMiB = residentMiB(gateway.pids);
  line(`  at the start: ${residentAtStartMiB.toFixed(0)} MiB resident`);
  const figures: MemoryPass[] = [];
  const spec = {
    port: gateway.port,
    connections,
    tokens: { file },
    requests: users,
    warmUp: 0,
    statuses: [200],
  };
  for (let pass = 1; pass <= passes; pass++) {
    const { result, cost } = await withCost(bench, gateway, () => runLoad(bench, gateway.name, spec));
    const figure = {
      requests: pass * users,
      residentMiB: residentMiB(gateway.pids),
      cpuMicros: cost.cpuMicros,
      perSecond: result.requests / result.seconds,
      p99Ms: result.p99Ms,
    };
    figures.push(figure);
    line(describe(figure));
  }
  const growth = growthOf(figures.slice(settledAfter - 1).map((figure) => figure.residentMiB));
  line(
    `  ${growth <= flatWithin ? "flat" : "NOT flat"}: the highest of the second half is ${(growth * 100).toFixed(1)} % above that of the first`,
  );
  return { users, residentAtStartMiB, passes: figures, growth };
}

function growthOf(resident: readonly number[]): number {
  const half = Math.ceil(resident.length / 2);
  return Math.max(...resident.slice(half)) / Math.max(...resident.slice(0, half)) - 1;
}

const describe = ({ requests, residentMiB: mib, cpuMicros, perSecond, p99Ms }: MemoryPass): string =>
  `  ${requests.toLocaleString("en").padStart(9)} requests: ${mib.toFixed(0).padStart(4)} MiB resident, ${cpuMicros.toFixed(1)} µs CPU a request, ${Math.round(perSecond).toLocaleString("en")} requests/s, p99 ${p99Ms.toFixed(2)} ms`;
