import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { failureLine } from "../../mesh/local/local-failure.ts";
import { createTerminal, type Terminal } from "../../mesh/local/terminal.ts";
import { openTestHome, removeTestHome } from "../../mesh/local/test-home.ts";
import { compare } from "./edge/compare.ts";
import { comparisonPicture } from "./edge/comparison-picture.ts";
import { planCores } from "./edge/cores.ts";
import { measureFlood } from "./edge/flood.ts";
import { measureMemory } from "./edge/memory.ts";
import { type EdgeOptions, readOptions } from "./edge/options.ts";
import type { Bench } from "./edge/peer.ts";
import { measureProfile } from "./edge/profile.ts";
import { measureScaling } from "./edge/scaling.ts";

const measurements = {
  compare,
  memory: measureMemory,
  processes: measureScaling,
  flood: measureFlood,
  profile: measureProfile,
} satisfies Record<
  EdgeOptions["mode"],
  (bench: Bench, options: EdgeOptions, terminal: Terminal) => Promise<object>
>;

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
    const cores = planCores(chosen.mode === "processes" ? chosen.processes : 1, chosen.urgent);
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
  const figures = await measurements[chosen.mode](bench, chosen, terminal);
  const folder = chosen.out ?? join(bench.root, ".ecotrack/bench");
  mkdirSync(folder, { recursive: true });
  const file = chosen.mode === "compare" ? "edge" : `edge-${chosen.mode}`;
  const kept = { at: new Date(), options: chosen, cores: bench.cores, loadAverage: loadavg(), ...figures };
  writeFileSync(join(folder, `${file}.json`), `${JSON.stringify(kept, null, 2)}\n`);
  if ("peers" in figures) {
    const note = `${cpus()[0]?.model ?? "unknown CPU"}, ${new Date().toISOString().slice(0, 10)}; bun run bench:edge`;
    writeFileSync(join(folder, "edge.svg"), comparisonPicture(figures.peers, note));
  }
  terminal.line(`Figures in ${folder}`);
}

/** Of the last minute, five and fifteen. */
function load(): string {
  return loadavg()
    .map((each) => each.toFixed(2))
    .join(" ");
}
