/**
 * `bun run bench:limiter [rounds = 3]`: four processes share limits over a Redis of their own, with uneven traffic. Leases
 * beside one call for each request, one after the other in each round; then Redis is stopped for a while.
 */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startRedis } from "../../mesh/local/redis-server.ts";
import { openTestHome, removeTestHome } from "../../mesh/local/test-home.ts";
import { startLimiterProcesses } from "./limiter/limiter-processes.ts";
import { type Phase, type PhaseResult, phaseMost, totalOf } from "./limiter/phase.ts";

const shares = [0.7, 0.2, 0.08, 0.02];
const even = [0.25, 0.25, 0.25, 0.25];
const rounds = Number(process.argv[2] ?? 3);
const seconds = 4;
const root = join(import.meta.dirname, "../..");

/** Of one limit each: how often it is asked for, of what it lets in. */
const flows: readonly Omit<Phase, "kind" | "key">[] = [
  { requests: 6000, perSeconds: 60, burst: 100, times: 0.7, keys: 1, shares, seconds },
  { requests: 6000, perSeconds: 60, burst: 100, times: 2, keys: 1, shares, seconds },
  { requests: 6000, perSeconds: 60, burst: 100, times: 2, keys: 1, shares: even, seconds },
  { requests: 60_000, perSeconds: 60, burst: 500, times: 0.7, keys: 1, shares, seconds },
  { requests: 60_000, perSeconds: 60, burst: 500, times: 2, keys: 1, shares, seconds },
  { requests: 600, perSeconds: 60, burst: 100, times: 0.5, keys: 200, shares, seconds },
];

const home = await openTestHome(join(root, ".ecotrack/cache"));
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => void removeTestHome(home, 3000).then(() => process.exit(130)));
try {
  const redis = await startRedis(home, { password: randomBytes(12).toString("hex"), durable: false });
  const processes = await startLimiterProcesses(redis.url, shares.length);
  try {
    console.log("four processes; a row is the median of the rounds");
    console.log(
      "limit          burst  keys  asked  shared as     kind   allowed/limit  waited  commands/request  p99 ms",
    );
    let key = 0;
    for (const flow of flows) {
      const results = { leased: [] as PhaseResult[], called: [] as PhaseResult[] };
      for (let round = 0; round < rounds; round++) {
        for (const kind of ["leased", "called"] as const)
          results[kind].push(totalOf(await processes.run({ ...flow, kind, key: `bench-${key++}` })));
      }
      for (const kind of ["leased", "called"] as const) show(flow, kind, results[kind]);
    }
    console.log(
      "\nµs CPU for a decision, back to back, 16 at a time, one process, 1,000 keys below their limit, commands included:",
    );
    for (const kind of ["leased", "called"] as const) {
      const costs = [];
      for (let round = 0; round < rounds; round++) costs.push(await processes.spin(kind, `spin-${key++}`));
      console.log(`  ${kind}  ${median(costs).toFixed(2)}`);
    }
    console.log(`memory for 100,000 keys: ${(await processes.fill()).toFixed(0)} bytes a key`);
    await outage(redis.process.pid, processes.run);
  } finally {
    processes.end();
  }
} finally {
  await removeTestHome(home);
}

/** Redis stops without a word for a third of the time. */
async function outage(pid: number, run: (phase: Phase) => Promise<readonly PhaseResult[]>): Promise<void> {
  const phase: Phase = {
    kind: "leased",
    key: "outage",
    requests: 6000,
    perSeconds: 60,
    burst: 100,
    times: 8,
    keys: 1,
    shares: even,
    seconds: 9,
  };
  const running = run(phase);
  await sleep(3000);
  process.kill(pid, "SIGSTOP");
  await sleep(3000);
  process.kill(pid, "SIGCONT");
  const total = totalOf(await running);
  const ratio = total.allowed / phaseMost(phase, total.seconds);
  console.log(
    `\nRedis stopped (SIGSTOP) for 3 s of 9, asked 8 times as often as allowed: allowed/limit ${ratio.toFixed(3)}, p99 ${total.p99Ms.toFixed(2)} ms, longest ${total.longestMs.toFixed(1)} ms, ${total.local} of ${total.asked} decided alone`,
  );
}

function show(flow: Omit<Phase, "kind" | "key">, kind: string, results: readonly PhaseResult[]): void {
  const of = (value: (result: PhaseResult) => number) => median(results.map(value));
  const most = (result: PhaseResult) => Math.min(result.asked, flow.keys * phaseMost(flow, result.seconds));
  console.log(
    [
      `${flow.requests}/${flow.perSeconds} s`.padEnd(14),
      String(flow.burst).padStart(5),
      String(flow.keys).padStart(5),
      `×${flow.times}`.padStart(6),
      ` ${flow.shares.map((share) => share * 100).join("/")}`.padEnd(14),
      kind,
      of((result) => result.allowed / most(result))
        .toFixed(3)
        .padStart(14),
      `${(100 * of((result) => result.waited / result.asked)).toFixed(1)} %`.padStart(7),
      of((result) => result.commands / result.asked)
        .toFixed(3)
        .padStart(17),
      of((result) => result.p99Ms)
        .toFixed(2)
        .padStart(7),
    ].join(" "),
  );
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
