import { mkdirSync, writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";
import { failureLine } from "../../mesh/local/local-failure.ts";
import { createTerminal, type Terminal } from "../../mesh/local/terminal.ts";
import { openTestHome, removeTestHome } from "../../mesh/local/test-home.ts";
import { compare } from "./edge/compare.ts";
import { comparisonTable, ratios } from "./edge/comparison-table.ts";
import { planCores } from "./edge/cores.ts";
import { type EdgeOptions, readOptions } from "./edge/options.ts";
import type { Bench } from "./edge/peer.ts";

const options = readOptions(process.argv.slice(2));
if ("say" in options) {
  (options.code === 0 ? console.log : console.error)(options.say);
  process.exit(options.code);
}
process.exit(await run(options, join(import.meta.dirname, "../..")));

async function run(chosen: EdgeOptions, root: string): Promise<number> {
  const terminal = createTerminal();
  const home = await openTestHome(join(root, ".ecotrack/cache"));
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.once(signal, () => void removeTestHome(home, 3000).then(() => process.exit(130)));
  try {
    const cores = planCores(chosen.mode === "processes" ? chosen.processes : 1);
    terminal.line(`Load average ${load()}; ${cores.note}`);
    await measure({ home, root, cores }, chosen, terminal);
    terminal.line(`Load average at the end ${load()}`);
    return 0;
  } catch (error) {
    if (!home.ending()) console.error(failureLine(error) ?? error);
    return 1;
  } finally {
    await removeTestHome(home, 3000);
  }
}

async function measure(bench: Bench, chosen: EdgeOptions, terminal: Terminal): Promise<void> {
  const comparison = await compare(bench, chosen, terminal);
  terminal.line("");
  for (const line of comparisonTable(comparison)) terminal.line(line);
  const folder = chosen.out ?? join(bench.root, ".ecotrack/bench");
  mkdirSync(folder, { recursive: true });
  const figures = {
    options: chosen,
    cores: bench.cores,
    loadAverage: loadavg(),
    ratios: ratios(comparison.peers),
    ...comparison,
  };
  writeFileSync(join(folder, "edge.json"), `${JSON.stringify(figures, null, 2)}\n`);
}

/** Of the last minute, five and fifteen. */
function load(): string {
  return loadavg()
    .map((each) => each.toFixed(2))
    .join(" ");
}
