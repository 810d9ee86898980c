import { availableParallelism } from "node:os";
import { findProgram } from "../../../mesh/local/find-program.ts";
import { LocalFailure } from "../../../mesh/local/local-failure.ts";
import { runProgram } from "../../../mesh/local/run-program.ts";

/** Which cores work for the proxy under test and which for everything around it. */
export interface Cores {
  readonly underTest: readonly number[];
  readonly around: readonly number[];
  /** What a reader has to know of how they are shared. */
  readonly note: string;
}

/**
 * The last cores for the proxy, the rest for generator, upstream and Redis. Where that leaves none, they share.
 * @throws LocalFailure where processes cannot be bound to cores
 */
export function planCores(wanted: number): Cores {
  if (process.platform !== "linux" || !findProgram("taskset")) {
    throw new LocalFailure(
      "Only Linux with taskset can bind a process to a core: there is nothing to compare without",
    );
  }
  const all = Array.from({ length: availableParallelism() }, (_, core) => core);
  const underTest = all.slice(-wanted);
  const around = all.slice(0, -wanted);
  if (around.length > 0) {
    const note = `under test: core ${underTest.join(", ")}; generator, upstream and Redis: core ${around.join(", ")}`;
    return { underTest, around, note };
  }
  const note = `all on the same ${all.length} cores: generator, upstream and Redis take theirs from what is under test`;
  return { underTest, around: all, note };
}

export const boundTo = (cores: readonly number[], command: readonly string[]): string[] => [
  "taskset",
  "-c",
  cores.join(","),
  ...command,
];

/** Moves a process that runs already, with all its threads. */
export async function bind(pid: number, cores: readonly number[]): Promise<void> {
  await runProgram(["taskset", "-a", "-cp", cores.join(","), String(pid)], { cwd: "/" });
}
