import { join } from "node:path";
import { createTerminal } from "../../mesh/local/terminal.ts";
import { openTestHome, removeTestHome } from "../../mesh/local/test-home.ts";
import { type DrillOptions, readDrillOptions, usage } from "./drill-options.ts";
import { reportDrills } from "./drill-report.ts";
import { type Drill, drills } from "./drills.ts";
import { type DrillResult, runDrill } from "./run-drill.ts";

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const terminal = createTerminal();
process.exit(await drillAll());

/** @returns the exit code */
async function drillAll(): Promise<number> {
  let options: DrillOptions | "help";
  try {
    options = readDrillOptions(process.argv.slice(2));
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`);
    return 1;
  }
  if (options === "help") {
    console.log(usage);
    return 0;
  }
  const results: DrillResult[] = [];
  for (const name of options.names) {
    const drill = drills.find((each) => each.name === name);
    if (drill) results.push(await drillOne(drill, options.speed));
  }
  for (const line of reportDrills(results)) terminal.line(line);
  return results.every(({ wrong }) => wrong.length === 0) ? 0 : 1;
}

/** In a folder of its own, of which nothing is left. */
async function drillOne(drill: Drill, speed: number): Promise<DrillResult> {
  terminal.line(`${drill.name} (${drill.title}), speed ${speed}`);
  const home = await openTestHome(join(import.meta.dirname, "../../.ecotrack/cache"));
  const leave = () => void removeTestHome(home, 3000).then(() => process.exit(130));
  for (const signal of signals) process.once(signal, leave);
  try {
    return await runDrill(home, drill, { speed, terminal });
  } catch (error) {
    return { name: drill.name, wrong: [(error as Error).stack ?? String(error)] };
  } finally {
    for (const signal of signals) process.off(signal, leave);
    await removeTestHome(home, 3000);
  }
}
