import { readFileSync } from "node:fs";
import { join } from "node:path";
import { childEnvironment } from "../../../mesh/local/child-environment.ts";
import { pinnedBun } from "../../../mesh/local/install-packages.ts";
import { LocalFailure } from "../../../mesh/local/local-failure.ts";
import { spawnProcess } from "../../../mesh/local/spawn-process.ts";
import { boundTo } from "./cores.ts";
import type { LoadResult, LoadSpec } from "./load-spec.ts";
import type { Bench } from "./peer.ts";

let runs = 0;

/** Runs the generator to its end. @throws LocalFailure where an answer was another than expected */
export async function runLoad(bench: Bench, name: string, spec: LoadSpec): Promise<LoadResult> {
  const script = join(import.meta.dirname, "load-main.ts");
  const running = await spawnProcess(bench.home, {
    name: `load-${++runs}`,
    group: "test",
    command: boundTo(bench.cores, "around", [pinnedBun(bench.root), script, JSON.stringify(spec)]),
    cwd: bench.root,
    env: childEnvironment(),
  });
  const { code } = await running.exited;
  const output = readFileSync(running.logFile, "utf8").trim();
  if (code !== 0)
    throw new LocalFailure(
      `${name} under load: ${/\w*[Ee]rror: .*/.exec(output)?.[0] ?? output.slice(-300)}`,
    );
  const result: LoadResult = JSON.parse(output);
  if (result.wrong === 0) return result;
  throw new LocalFailure(
    `${name} under load: ${result.wrong} answers were not ${spec.statuses.join(" or ")}, the first: ${result.firstWrong}`,
  );
}
