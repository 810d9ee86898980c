import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { allDashboards } from "./all-dashboards.ts";

/** Writes dashboards/*.json, which Grafana reads, from the files beside them. */
for (const [name, text] of allDashboards) writeFileSync(join(import.meta.dirname, "dashboards", name), text);
