import { readFileSync, writeFileSync } from "node:fs";
import { readTelemetry } from "./telemetry.ts";
import { telemetryPage } from "./telemetry-page.ts";

const usage = `Usage: bun run telemetry <command>

  check   whether telemetry.yaml is a register, and TELEMETRY.md what follows from it
  docs    writes TELEMETRY.md`;

const page = new URL("../TELEMETRY.md", import.meta.url);
const [command = "help"] = process.argv.slice(2);

if (command === "docs") writeFileSync(page, telemetryPage(readTelemetry()));
else if (command === "check") check();
else if (["help", "--help", "-h"].includes(command)) console.log(usage);
else fail(`There is no command ${JSON.stringify(command)}\n\n${usage}`, 2);

function check(): void {
  const { metrics, spans, log } = readTelemetry();
  if (readFileSync(page, "utf8") !== telemetryPage({ metrics, spans, log }))
    fail("TELEMETRY.md is not what follows from telemetry.yaml: bun run telemetry docs", 1);
  else console.log(`${metrics.length} metrics, ${spans.length} spans, ${log.length} fields of log lines`);
}

function fail(text: string, code: number): void {
  console.error(text);
  process.exitCode = code;
}
