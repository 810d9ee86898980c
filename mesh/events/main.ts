import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { asyncApi } from "./asyncapi.ts";
import { advice, breakingChanges } from "./breaking-changes.ts";
import { catalogue, contractsOf } from "./catalogue.ts";
import released from "./released.json" with { type: "json" };

const usage = `Usage: bun run events <command>

  check               what of the events changed since the last release; fails when a consumer could not read it
  release [--force]   makes the events as they are now the released ones (released.json)
  asyncapi            prints their AsyncAPI 3 document, which the gateway serves as /asyncapi.json`;

const [command = "help", ...options] = process.argv.slice(2);
const force = options.includes("--force");
const unknown = options.find((option) => command !== "release" || option !== "--force");
const current = contractsOf(catalogue);
const breaking = breakingChanges(released, current);

if (unknown !== undefined) fail(`There is no option ${unknown}\n\n${usage}`, 2);
else if (command === "check") check();
else if (command === "release") release();
else if (command === "asyncapi") console.log(JSON.stringify(asyncApi(catalogue), null, 2));
else if (["help", "--help", "-h"].includes(command)) console.log(usage);
else fail(`There is no command ${JSON.stringify(command)}\n\n${usage}`, 2);

function check(): void {
  if (breaking.length > 0) {
    fail(`${breaking.join("\n")}\n\n${advice}`, 1);
    return;
  }
  const known: Record<string, unknown> = released;
  const added = Object.keys(current).filter((type) => !known[type]);
  const changed = Object.keys(current).filter(
    (type) => known[type] && JSON.stringify(known[type]) !== JSON.stringify(current[type]),
  );
  const news = [...added.map((type) => `new: ${type}`), ...changed.map((type) => `more in: ${type}`)];
  console.log([...news, "Whoever reads the released events can read these"].join("\n"));
}

function release(): void {
  if (breaking.length > 0 && !force) {
    fail(`${breaking.join("\n")}\n\n${advice}`, 1);
    return;
  }
  const file = join(import.meta.dirname, "released.json");
  writeFileSync(file, JSON.stringify(current, null, 2));
  execFileSync(join(import.meta.dirname, "../../node_modules/.bin/biome"), ["format", "--write", file]);
  console.log(`${Object.keys(current).length} events are released; commit ${file}`);
}

function fail(text: string, code: number): void {
  console.error(text);
  process.exitCode = code;
}
