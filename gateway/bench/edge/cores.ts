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
  /** Whether what is measured goes before what else this machine does. */
  readonly urgent: boolean;
}

export type Place = "underTest" | "around";

/**
 * The last cores for the proxy, the rest for generator, upstream and Redis. Where that leaves none, they share.
 * @throws LocalFailure where processes cannot be bound to cores
 */
export function planCores(wanted: number, urgent: boolean): Cores {
  if (process.platform !== "linux" || !findProgram("taskset")) {
    throw new LocalFailure(
      "Only Linux with taskset can bind a process to a core, without which nothing compares",
    );
  }
  const all = Array.from({ length: availableParallelism() }, (_, core) => core);
  const underTest = all.slice(-wanted);
  const around = all.slice(0, -wanted);
  if (around.length > 0) {
    const note = `under test: core ${underTest.join(", ")}; generator, upstream and Redis: core ${around.join(", ")}`;
    return { underTest, around, note, urgent };
  }
  const note = `generator, upstream and Redis take theirs from the ${all.length} cores of what is under test`;
  return { underTest, around: all, note, urgent };
}

/**
 * Linux shares a core out between sessions (sched(7), autogroup), and each process here is a session of its own: its nice
 * value counts for nothing, that of the session has to be set.
 */
const urgently = ["sh", "-c", 'echo -10 > /proc/self/autogroup; exec "$@"', "urgently"];

export const boundTo = (cores: Cores, place: Place, command: readonly string[]): string[] => [
  ...(cores.urgent ? urgently : []),
  "taskset",
  "-c",
  cores[place].join(","),
  ...command,
];

/** Moves a process that runs already, with all its threads. */
export async function bind(pid: number, cores: readonly number[]): Promise<void> {
  await runProgram(["taskset", "-a", "-cp", cores.join(","), String(pid)], { cwd: "/" });
}
