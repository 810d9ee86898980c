import { randomInt } from "node:crypto";
import { join } from "node:path";
import { createTerminal } from "../../mesh/local/terminal.ts";
import { openTestHome, removeTestHome } from "../../mesh/local/test-home.ts";
import { type ProveOptions, readProveOptions, usage } from "./prove-options.ts";
import { commandOf, reportProof } from "./prove-report.ts";
import { runProof } from "./run-proof.ts";

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
  return await proveOnce(options);
}

async function proveOnce(options: ProveOptions): Promise<number> {
  const home = await openTestHome(join(import.meta.dirname, "../../.ecotrack/cache"));
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => void removeTestHome(home, 3000).then(() => process.exit(130)));
  }
  try {
    terminal.line(`  ${commandOf(options)}`);
    const proof = await runProof(home, options, terminal);
    for (const text of await reportProof(proof, options)) terminal.line(text);
    return proof.violations.length === 0 ? 0 : 1;
  } catch (error) {
    console.error((error as Error).stack);
    return 1;
  } finally {
    await removeTestHome(home, 3000);
  }
}
