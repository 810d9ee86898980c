import { spawn } from "node:child_process";
import { childEnvironment } from "./child-environment.ts";

export interface Finished {
  readonly succeeded: boolean;
  /** What it wrote, errors included. */
  readonly output: string;
}

/** Runs a program to its end. One that cannot be started has not succeeded. */
export function runProgram(
  [program = "", ...args]: readonly string[],
  { cwd, env = {} }: { cwd: string; env?: Readonly<Record<string, string>> },
): Promise<Finished> {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd,
      env: childEnvironment(env),
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    const collect = (bytes: Buffer) => {
      output += bytes.toString();
    };
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    child.once("error", (error) => resolve({ succeeded: false, output: error.message }));
    child.once("close", (code) => resolve({ succeeded: code === 0, output }));
  });
}
