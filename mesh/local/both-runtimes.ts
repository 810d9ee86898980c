import { describe, test } from "bun:test";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { runtimeCommand } from "./runtime-command.ts";

/** What has to hold on Bun and on Deno alike, by name; throws where it does not. */
export type Cases = Readonly<Record<string, () => Promise<void>>>;

const patienceMs = 60_000;

/**
 * Runs the cases as tests, here and on Deno, where one process runs them all.
 * @param file exports them as `cases`
 */
export function testOnBothRuntimes(file: string, cases: Cases): void {
  describe("on Bun", () => {
    for (const [name, run] of Object.entries(cases)) test(name, run, patienceMs);
  });
  describe("on Deno", () => {
    const outcomes = runOnDeno(file);
    for (const name of Object.keys(cases)) {
      test(
        name,
        async () => {
          const outcome = (await outcomes).get(name);
          if (outcome !== "ok") throw new Error(outcome ?? "It did not run");
        },
        patienceMs,
      );
    }
  });
}

function runOnDeno(file: string): Promise<Map<string, string>> {
  const root = join(import.meta.dirname, "../..");
  const [program = "", ...options] = runtimeCommand("deno", root);
  return new Promise((resolve) => {
    const args = [...options, join(import.meta.dirname, "run-cases.ts"), file];
    execFile(program, args, { cwd: root, timeout: patienceMs }, (error, output, errors) => {
      const lines = output.split("\n").filter((line) => line.startsWith("{"));
      const outcomes = lines.map((line) => JSON.parse(line) as { name: string; outcome: string });
      if (error) console.error(errors);
      resolve(new Map(outcomes.map(({ name, outcome }) => [name, outcome])));
    });
  });
}
