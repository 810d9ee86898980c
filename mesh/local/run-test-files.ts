import { spawn } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { childEnvironment } from "./child-environment.ts";
import type { Home } from "./home.ts";
import { pinnedBun } from "./install-packages.ts";
import { countsFromOutput, noTests, type TestCounts } from "./test-counts.ts";

export interface TestRun {
  readonly root: string;
  readonly files: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Milliseconds that one test may take. */
  readonly timeoutMs: number;
  /** Where the output goes; else it is passed through. */
  readonly show?: (bytes: Buffer) => void;
}

const passThrough = (bytes: Buffer) => void process.stdout.write(bytes);

/** Runs test files in one `bun test` and counts what came of it. */
export function runTestFiles(home: Home, run: TestRun): Promise<TestCounts> {
  const { root, files, env, timeoutMs, show = passThrough } = run;
  if (files.length === 0 || home.ending()) return Promise.resolve(noTests);
  const flags = ["test", "--only-failures", `--timeout=${timeoutMs}`];
  const paths = files.map((file) => `./${file}`);
  const colour = process.stdout.isTTY ? { FORCE_COLOR: "1" } : { NO_COLOR: "1" };
  // What tests leave in the folder for temporary files goes with it. PostgreSQL may run under another uid: it may pass.
  const temporary = mkdtempSync(join(home.directory, "files-"));
  chmodSync(temporary, 0o711);
  const child = spawn(pinnedBun(root), [...flags, ...paths], {
    cwd: root,
    env: childEnvironment({ ...env, ...colour, TMPDIR: temporary }),
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  if (child.pid !== undefined) {
    home.processes.add({ name: "tests", group: "test", pid: child.pid, stop: "SIGTERM" });
  }
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (bytes: Buffer) => {
      output += bytes.toString();
      show(bytes);
    });
  }
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      if (child.pid !== undefined) home.processes.remove(child.pid);
      rmSync(temporary, { recursive: true, force: true });
      resolve(countsFromOutput(output, code));
    });
  });
}
