import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readAlerts } from "./alert-files.ts";
import { withAlertTable } from "./alert-table.ts";
import { parseSlo } from "./slo.ts";
import { sloRules } from "./slo-rules.ts";

/** Writes what follows from other files: the rules of the objectives, and the table of alerts in the README. */
const folder = join(import.meta.dirname, "..");
const read = (path: string) => readFileSync(join(folder, path), "utf8");
writeFileSync(join(folder, "prometheus/rules/slo.yaml"), sloRules(parseSlo(read("slo.yaml"))));
writeFileSync(
  join(folder, "README.md"),
  withAlertTable(read("README.md"), readAlerts(join(folder, "alerts"))),
);
