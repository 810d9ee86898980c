import { setTimeout as wait } from "node:timers/promises";
import { childEnvironment } from "../../../mesh/local/child-environment.ts";
import { freePorts } from "../../../mesh/local/free-ports.ts";
import { LocalFailure } from "../../../mesh/local/local-failure.ts";
import { logTail } from "../../../mesh/local/log-tail.ts";
import { type RunningProcess, spawnProcess } from "../../../mesh/local/spawn-process.ts";
import { boundTo, type Place } from "./cores.ts";
import type { Bench } from "./peer.ts";

export interface ServerOptions {
  readonly name: string;
  /** Where it runs: on the cores of what is measured, or on those of what is not. */
  readonly place: Place;
  readonly command: (port: number) => readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly port?: number;
  /** The path that tells, whatever the status of its answer, that it serves. */
  readonly ready: string;
  readonly readyPort?: number;
}

export interface Server {
  readonly port: number;
  readonly process: RunningProcess;
}

const readyWithinMs = 20_000;

/** Starts a server on a free port of 127.0.0.1 and waits until it answers. @throws LocalFailure with its last words */
export async function startServer(bench: Bench, options: ServerOptions): Promise<Server> {
  const { name, place, command, env, ready } = options;
  const [free = 0] = options.port === undefined ? await freePorts(1) : [options.port];
  const running = await spawnProcess(bench.home, {
    name,
    group: place === "underTest" ? "gateway" : "service",
    command: boundTo(bench.cores, place, command(free)),
    cwd: bench.root,
    env: childEnvironment(env),
  });
  const url = `http://127.0.0.1:${options.readyPort ?? free}${ready}`;
  for (const deadline = performance.now() + readyWithinMs; ; await wait(20)) {
    if (await answers(url)) return { port: free, process: running };
    if (!running.exit() && performance.now() < deadline) continue;
    await running.stop();
    throw new LocalFailure(
      `${name} does not start (${logTail(running.logFile, 3).join(" | ") || "it said nothing"})`,
    );
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(2000) });
    await answer.arrayBuffer();
    return true;
  } catch {
    return false;
  }
}
