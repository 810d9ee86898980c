import { readFileSync } from "node:fs";
import { childEnvironment } from "../../../mesh/local/child-environment.ts";
import type { Program } from "../../../mesh/local/debian-program.ts";
import { LocalFailure } from "../../../mesh/local/local-failure.ts";
import { spawnProcess } from "../../../mesh/local/spawn-process.ts";
import { boundTo } from "./cores.ts";
import type { Bench, Peer } from "./peer.ts";
import { path, requestHeaders } from "./sample-request.ts";

export interface Saturated {
  readonly requests: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface WrkOptions {
  readonly seconds: number;
  readonly connections: number;
}

/** As many requests as are answered: each connection sends its next one when it has the last one's answer. */
export async function saturate(
  bench: Bench,
  wrk: Program,
  peer: Pick<Peer, "name" | "port" | "token">,
  { seconds, connections }: WrkOptions,
): Promise<Saturated> {
  const headers = requestHeaders(peer.token).flatMap((header) => ["-H", header]);
  const load = ["-t", "1", "-c", String(connections), "-d", `${seconds}s`, "--latency"];
  const running = await spawnProcess(bench.home, {
    name: `wrk-${++runs}`,
    group: "test",
    command: boundTo(bench.cores, "around", [
      wrk.path,
      ...load,
      ...headers,
      `http://127.0.0.1:${peer.port}${path}`,
    ]),
    cwd: bench.root,
    env: childEnvironment(wrk.env),
  });
  await running.exited;
  return readSaturated(peer.name, readFileSync(running.logFile, "utf8"));
}

let runs = 0;

/** @throws LocalFailure where not every answer was good: such figures compare nothing */
function readSaturated(name: string, output: string): Saturated {
  const wrong = /Non-2xx.*|Socket errors.*/.exec(output)?.[0];
  const [, requests, seconds, unit = ""] = /(\d+) requests in ([\d.]+)(ms|s|m)/.exec(output) ?? [];
  if (wrong || !requests) throw new LocalFailure(`${name} under load: ${wrong ?? output.trim()}`);
  const time = Number(seconds) * ({ ms: 0.001, s: 1, m: 60 }[unit] ?? 1);
  return {
    requests: Number(requests),
    perSecond: Number(requests) / time,
    p50Ms: latency(output, "50%"),
    p99Ms: latency(output, "99%"),
  };
}

function latency(output: string, percentile: string): number {
  const [, value, unit = ""] = new RegExp(`${percentile}\\s+([\\d.]+)(us|ms|s)`).exec(output) ?? [];
  return Number(value) * ({ us: 0.001, ms: 1, s: 1000 }[unit] ?? Number.NaN);
}
