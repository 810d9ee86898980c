import { type ChildProcess, fork } from "node:child_process";
import type { Phase, PhaseResult } from "./phase.ts";

export type Order =
  | { readonly do: "phase"; readonly phase: Phase; readonly share: number }
  | { readonly do: "spin"; readonly kind: Phase["kind"]; readonly key: string }
  | { readonly do: "fill" };

export interface LimiterProcesses {
  run(this: void, phase: Phase): Promise<readonly PhaseResult[]>;
  /** µs of CPU for a decision in one process. */
  spin(kind: Phase["kind"], key: string): Promise<number>;
  /** Bytes for each of 100,000 keys, in a process. */
  fill(): Promise<number>;
  end(): void;
}

/** Processes with a limiter of each kind, that do as they are told. */
export async function startLimiterProcesses(redisUrl: string, count: number): Promise<LimiterProcesses> {
  const program = new URL("./limiter-process.ts", import.meta.url).pathname;
  const children = Array.from({ length: count }, () => fork(program, [redisUrl, String(count)]));
  await Promise.all(children.map((child) => answerOf(child)));
  const tell = (child: ChildProcess | undefined, order: Order): Promise<unknown> => {
    if (!child) throw new Error("There is no such process");
    const answer = answerOf(child);
    child.send(order);
    return answer;
  };
  return {
    run: (phase) =>
      Promise.all(
        children.map((child, at) => tell(child, { do: "phase", phase, share: phase.shares[at] ?? 0 })),
      ) as Promise<PhaseResult[]>,
    spin: (kind, key) => tell(children[0], { do: "spin", kind, key }) as Promise<number>,
    fill: () => tell(children[1], { do: "fill" }) as Promise<number>,
    end() {
      for (const child of children) child.kill();
    },
  };
}

function answerOf(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const gone = () => reject(new Error("A process of the bench ended"));
    child.once("exit", gone);
    child.once("message", (message) => {
      child.off("exit", gone);
      resolve(message);
    });
  });
}
