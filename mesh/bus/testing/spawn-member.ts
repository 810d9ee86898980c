import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

export interface MemberOptions {
  readonly databaseUrl?: string;
  readonly brokers?: readonly string[];
  readonly group: string;
  readonly topics: readonly string[];
  readonly sessionTimeoutMs: number;
}

/** Starts a member of a group as a process of its own; `values` grows with what it is given. */
export function spawnMember(options: MemberOptions) {
  const script = new URL("./member.ts", import.meta.url).pathname;
  const child = spawn(process.execPath, [script, JSON.stringify(options)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const values: string[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => values.push(line));
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  return {
    values,
    signal: (name: "SIGSTOP" | "SIGCONT" | "SIGKILL") => child.kill(name),
    async kill() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}
