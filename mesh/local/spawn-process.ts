import { spawn } from "node:child_process";
import { closeSync, existsSync, openSync, renameSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { Home } from "./home.ts";
import { LocalFailure } from "./local-failure.ts";
import { lastFatal } from "./log-tail.ts";
import type { ProcessGroup, StopSignal } from "./process-records.ts";

export interface SpawnOptions {
  /** Also the name of its log file. */
  readonly name: string;
  readonly group: ProcessGroup;
  readonly command: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly stopSignal?: StopSignal;
}

export interface RunningProcess {
  readonly name: string;
  readonly pid: number;
  readonly logFile: string;
  /** Settles when the process has ended; `signal` when one ended it. */
  readonly exited: Promise<Exit>;
  readonly exit: () => Exit | undefined;
  /** Asks it to stop and kills it after `withinMs`. Resolves when it is gone. */
  stop(withinMs?: number): Promise<void>;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
}

/**
 * Starts a process in a session of its own (Ctrl-C in the terminal reaches only the launcher, which stops
 * things in order) and records it at once. Its output goes straight into its log file, not through the
 * launcher, so it neither costs the launcher anything nor breaks when the launcher is killed.
 */
export async function spawnProcess(home: Home, options: SpawnOptions): Promise<RunningProcess> {
  if (home.ending()) throw new LocalFailure(`Cannot start ${options.name}: everything is being stopped`);
  const { name, group, stopSignal = "SIGTERM" } = options;
  const [program = "", ...args] = options.command;
  const logFile = join(home.logs, `${name}.log`);
  const log = openSync(logFile, "a", 0o600);
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: options.env,
    detached: true,
    stdio: ["ignore", log, log],
  });
  closeSync(log);
  if (child.pid !== undefined) home.processes.add({ name, group, pid: child.pid, stop: stopSignal });

  let ended: Exit | undefined;
  const exited = new Promise<Exit>((resolve) => {
    child.once("exit", (code, signal) => {
      ended = { code, signal };
      if (child.pid !== undefined) home.processes.remove(child.pid);
      resolve(ended);
    });
  });
  async function stop(withinMs = 10_000): Promise<void> {
    if (ended) return;
    child.kill(stopSignal);
    const killing = new AbortController();
    const kill = wait(withinMs, undefined, { signal: killing.signal }).then(
      () => child.kill("SIGKILL"),
      () => false,
    );
    await exited;
    killing.abort();
    await kill;
  }
  return await new Promise((resolve, reject) => {
    child.once("error", (cause) =>
      reject(new LocalFailure(`Cannot start ${name}: ${program} (${(cause as NodeJS.ErrnoException).code})`)),
    );
    child.once("spawn", () =>
      resolve({ name, pid: child.pid ?? 0, logFile, exited, exit: () => ended, stop }),
    );
  });
}

/** The log of the run before stays as `<name>.1.log`. */
export function rotateLog(home: Home, name: string): void {
  const file = join(home.logs, `${name}.log`);
  if (existsSync(file)) renameSync(file, join(home.logs, `${name}.1.log`));
}

/** One line on a process that ended while it should run; with an exit code, also why, where it said so at its end. */
export function exitLine(name: string, exit: Exit, logFile: string): string {
  if (exit.signal) return `${name} was ended by ${exit.signal} (log: ${logFile})`;
  const last = lastFatal(logFile, 5000);
  return `${name} ended with code ${exit.code}${last ? `: ${last}` : ""} (log: ${logFile})`;
}
