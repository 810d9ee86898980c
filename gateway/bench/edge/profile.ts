import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { eventually } from "#mesh/eventually";
import { debianProgram } from "../../../mesh/local/debian-program.ts";
import type { Terminal } from "../../../mesh/local/terminal.ts";
import { checkPeer } from "./check-peer.ts";
import { startGatewayPeer } from "./gateway-peer.ts";
import { withCost } from "./measure.ts";
import type { EdgeOptions } from "./options.ts";
import type { Bench, Peer } from "./peer.ts";
import { cpuTime } from "./process-usage.ts";
import { programs, startBehind } from "./start-peers.ts";
import { createTokens } from "./tokens.ts";
import { saturate } from "./wrk.ts";

export interface ProfileLine {
  /** A function and its file, or a file alone. */
  readonly name: string;
  /** In itself, without what it calls, but with what the runtime does for it in native code. */
  readonly microsPerRequest: number;
}

export interface ProfileFigures {
  readonly cpuMicros: number;
  /** Of which in the kernel. */
  readonly systemMicros: number;
  readonly functions: readonly ProfileLine[];
  readonly files: readonly ProfileLine[];
}

interface Frame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
}

/** As Chrome's tools read it. */
interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: Frame;
    readonly children?: readonly number[];
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

const linesShown = 32;
const intervalMicros = 200;
/** The runtime's profiler costs something itself: shares are right, sums too large. */
const warmUpSeconds = 3;

/** Where the microseconds of a request go, by the runtime's own sampling. What is left over is the kernel and the event loop. */
export async function measureProfile(
  bench: Bench,
  { seconds, connections }: EdgeOptions,
  { step, line }: Terminal,
): Promise<ProfileFigures> {
  const tokens = createTokens();
  const wrk = await debianProgram(bench.home.cache, programs.wrk);
  const { upstream } = await step("Upstream", () => startBehind(bench, tokens));
  const folder = join(bench.home.directory, "profile");
  const flags = ["--cpu-prof", "--cpu-prof-dir", folder, "--cpu-prof-interval", String(intervalMicros)];
  const gateway = await step("Gateway", () => startGatewayPeer(bench, { upstream, tokens, flags }));
  await checkPeer(gateway);
  const warm = await step("Warm-up", () =>
    saturate(bench, wrk, gateway, { seconds: warmUpSeconds, connections }),
  );
  const systemBefore = systemSeconds(gateway);
  const { result, cost } = await step("Load", () =>
    withCost(bench, gateway, () => saturate(bench, wrk, gateway, { seconds: seconds * 3, connections })),
  );
  const systemMicros = ((systemSeconds(gateway) - systemBefore) * 1e6) / result.requests;
  for (const pid of gateway.pids) process.kill(pid, "SIGTERM");
  const profile = await step("Profile", () => written(folder));
  const requests = result.requests + warm.requests;
  const figures = { cpuMicros: cost.cpuMicros, systemMicros, ...summed(profile, requests, bench.root) };
  line("");
  for (const row of profileTable(figures)) line(row);
  return figures;
}

const systemSeconds = ({ pids }: Peer): number => pids.reduce((sum, pid) => sum + cpuTime(pid).system, 0);

/** It is written when the gateway has ended. */
const written = (folder: string): Promise<CpuProfile> =>
  eventually(
    () => {
      const [name = ""] = readdirSync(folder);
      return JSON.parse(readFileSync(join(folder, name), "utf8"));
    },
    { withinMs: 20_000, everyMs: 200 },
  );

function summed(profile: CpuProfile, requests: number, root: string) {
  const places = placesOf(profile, root);
  const functions = new Map<string, number>();
  const files = new Map<string, number>();
  for (const [at, id] of profile.samples.entries()) {
    const place = places.get(id);
    const micros = profile.timeDeltas[at] ?? 0;
    // The first sample's time is that since the start.
    if (!place || at === 0) continue;
    functions.set(place.name, (functions.get(place.name) ?? 0) + micros);
    files.set(place.file, (files.get(place.file) ?? 0) + micros);
  }
  const lines = (sums: ReadonlyMap<string, number>): ProfileLine[] =>
    [...sums]
      .map(([name, micros]) => ({ name, microsPerRequest: micros / requests }))
      .sort((a, b) => b.microsPerRequest - a.microsPerRequest)
      .slice(0, linesShown);
  return { functions: lines(functions), files: lines(files) };
}

/** What the runtime does itself, in native code or in its own modules, counts for the file that called it. */
function placesOf({ nodes }: CpuProfile, root: string): Map<number, { name: string; file: string }> {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const parents = new Map(
    nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)),
  );
  const isOwn = (frame: Frame | undefined): boolean => /^(file:\/\/)?\//.test(frame?.url ?? "");
  return new Map(
    nodes.map(({ id, callFrame }) => {
      let caller = id;
      for (let up = parents.get(id); !isOwn(frames.get(caller)) && up !== undefined; up = parents.get(up))
        caller = up;
      const owner = frames.get(caller);
      const file = owner && isOwn(owner) ? fileOf(owner.url, root) : "(event loop)";
      const own = `${callFrame.functionName || "(anonymous)"}`;
      const place = owner && isOwn(owner) ? `${file}:${owner.lineNumber}` : file;
      return [
        id,
        {
          file,
          name:
            caller === id ? `${own} ${place}` : `${own} ← ${owner?.functionName || "(anonymous)"} ${place}`,
        },
      ];
    }),
  );
}

function fileOf(url: string, root: string): string {
  const path = url.replace("file://", "");
  return path.startsWith("/") ? relative(root, path).replace(/.*node_modules\//, "npm:") : path;
}

function profileTable({ cpuMicros, systemMicros, functions, files }: ProfileFigures): string[] {
  const row = ({ name, microsPerRequest }: ProfileLine) =>
    `  ${microsPerRequest.toFixed(2).padStart(7)}  ${name}`;
  return [
    `  ${cpuMicros.toFixed(1)} µs CPU a request, with the profiler; ${systemMicros.toFixed(1)} in the kernel`,
    "",
    "  µs a request in each file",
    ...files.map(row),
    "",
    "  µs a request in each function itself",
    ...functions.map(row),
  ];
}
