import { randomInt } from "node:crypto";
import { join } from "node:path";
import type { Home } from "../../mesh/local/home.ts";
import { createTerminal } from "../../mesh/local/terminal.ts";
import { openTestHome, removeTestHome } from "../../mesh/local/test-home.ts";
import { type Break, breaks } from "./breaks.ts";
import { reportOutage } from "./outage-report.ts";
import { type ProveOptions, readProveOptions, usage } from "./prove-options.ts";
import { commandOf, reportProof } from "./prove-report.ts";
import { runBreak } from "./run-break.ts";
import { runOutage } from "./run-outage.ts";
import { runProof } from "./run-proof.ts";

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
/** Each is mostly waiting: two need hardly longer than one. */
const breaksAtOnce = 2;
const terminal = createTerminal();
process.exit(await prove());

/** @returns the exit code */
async function prove(): Promise<number> {
  let options: ProveOptions | "help";
  try {
    options = readProveOptions(process.argv.slice(2), randomInt(2 ** 31));
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`);
    return 1;
  }
  if (options === "help") {
    console.log(usage);
    return 0;
  }
  if (options.break !== undefined) return await proveProver(options.break);
  return options.outage > 0 ? await proveOutage(options) : await proveOnce(options);
}

async function proveOnce(options: ProveOptions): Promise<number> {
  terminal.line(`  ${commandOf(options)}`);
  return await atHome(async (home) => {
    const proof = await runProof(home, options, terminal);
    for (const text of await reportProof(proof, options)) terminal.line(text);
    return proof.violations.length === 0 ? 0 : 1;
  });
}

async function proveOutage(options: ProveOptions): Promise<number> {
  terminal.line(`  ${commandOf(options)}`);
  return await atHome(async (home) => {
    const outage = await runOutage(home, options, terminal);
    for (const text of reportOutage(outage, options)) terminal.line(text);
    return outage.violations.length === 0 ? 0 : 1;
  });
}

/** Breaks what `wanted` names, each in a system of its own, and counts those that were not noticed. */
async function proveProver(wanted: string): Promise<number> {
  if (wanted === "list") {
    for (const { name, missing } of breaks) terminal.line(`  ${name.padEnd(22)} ${missing}`);
    return 0;
  }
  const chosen = wanted === "all" ? breaks : breaks.filter(({ name }) => wanted.split(",").includes(name));
  if (chosen.length === 0) {
    console.error(`There is no break ${wanted}: bun run prove --break list`);
    return 1;
  }
  const queue = [...chosen];
  let missed = 0;
  async function worker(): Promise<void> {
    for (let each = queue.shift(); each; each = queue.shift()) missed += await proveNoticed(each);
  }
  await Promise.all(Array.from({ length: breaksAtOnce }, worker));
  terminal.line(`  ${chosen.length - missed} of ${chosen.length} broken safeguards were noticed`);
  return missed === 0 ? 0 : 1;
}

async function proveNoticed(chosen: Break): Promise<number> {
  return await atHome(async (home) => {
    const found = await runBreak(home, chosen, terminal);
    const verdict = found ? `noticed: ${found}` : `NOT noticed: ${chosen.missing}`;
    terminal.line(`  ${found ? "✓" : "✗"} ${chosen.name} ${verdict}`);
    return found ? 0 : 1;
  });
}

/** In a folder of its own, of which nothing is left. A failure is 1. */
async function atHome(work: (home: Home) => Promise<number>): Promise<number> {
  const home = await openTestHome(join(import.meta.dirname, "../../.ecotrack/cache"));
  const leave = () => void removeTestHome(home, 3000).then(() => process.exit(130));
  for (const signal of signals) process.once(signal, leave);
  try {
    return await work(home);
  } catch (error) {
    console.error((error as Error).stack);
    return 1;
  } finally {
    for (const signal of signals) process.off(signal, leave);
    await removeTestHome(home, 3000);
  }
}
