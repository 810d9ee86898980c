import { readFileSync, writeFileSync } from "node:fs";
import { registeredJson } from "./registered-json.ts";
import { readTelemetry } from "./telemetry.ts";
import { telemetryPage } from "./telemetry-page.ts";

const usage = `Usage: bun run telemetry <command>

  check   whether telemetry.yaml is a register, and TELEMETRY.md and registered.json what follows from it
  docs    writes TELEMETRY.md and registered.json`;

const written = { "TELEMETRY.md": telemetryPage, "registered.json": registeredJson };
const place = (name: string) => new URL(`../${name}`, import.meta.url);
const read = (name: string) => readFileSync(place(name), "utf8");
const [command = "help"] = process.argv.slice(2);

if (command === "docs")
  for (const [name, write] of Object.entries(written)) writeFileSync(place(name), write(readTelemetry()));
else if (command === "check") check();
else if (["help", "--help", "-h"].includes(command)) console.log(usage);
else fail(`There is no command ${JSON.stringify(command)}\n\n${usage}`, 2);

function check(): void {
  const telemetry = readTelemetry();
  const { metrics, spans, log } = telemetry;
  const old = Object.entries(written).find(([name, write]) => read(name) !== write(telemetry));
  if (old) fail(`${old[0]} is not what follows from telemetry.yaml: bun run telemetry docs`, 1);
  else console.log(`${metrics.length} metrics, ${spans.length} spans, ${log.length} fields of log lines`);
}

function fail(text: string, code: number): void {
  console.error(text);
  process.exitCode = code;
}
