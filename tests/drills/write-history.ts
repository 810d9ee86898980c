import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Program } from "../../mesh/local/debian-program.ts";
import { runProgram } from "../../mesh/local/run-program.ts";
import { requestsPerSecond } from "./steady-traffic.ts";

/** As far as an alert looks back: the budget's long windows are full, as they are in a shop that is older than today. */
const hours = 72;
const stepMs = 15_000;

/**
 * Puts three days of healthy requests, as many as the drill itself makes, into the data that Prometheus starts with. In its first
 * hours a Prometheus takes minutes for days, and would say that a budget is gone.
 */
export async function writeHistory(promtool: Program, folder: string, speed: number): Promise<void> {
  const file = join(folder, "history.txt");
  writeFileSync(file, history(Date.now(), speed));
  // All in one block: for each of its own it would read the whole file again.
  const create = ["tsdb", "create-blocks-from", "--max-block-duration=744h", "openmetrics"];
  const { succeeded, output } = await runProgram([promtool.path, ...create, file, join(folder, "data")], {
    cwd: folder,
    env: promtool.env,
  });
  if (!succeeded) throw new Error(`promtool does not take the history: ${output}`);
  rmSync(file);
}

/** In OpenMetrics, of `slo:requests:rate5m` and `slo:bad_requests:rate5m` of each class. */
function history(now: number, speed: number): string {
  const steps = Math.floor((hours * 3_600_000) / stepMs);
  const times = Array.from({ length: steps }, (_, at) => (now - ((steps - at) * stepMs) / speed) / 1000);
  const series = (name: string, of: (rate: number) => number) =>
    ["availability", "latency"].flatMap((slo) =>
      Object.entries(requestsPerSecond).flatMap(([className, rate]) =>
        times.map((time) => `${name}{slo="${slo}",class="${className}"} ${of(rate)} ${time.toFixed(3)}\n`),
      ),
    );
  return [
    "# TYPE slo:requests:rate5m gauge\n",
    ...series("slo:requests:rate5m", (rate) => rate),
    "# TYPE slo:bad_requests:rate5m gauge\n",
    ...series("slo:bad_requests:rate5m", () => 0),
    "# EOF\n",
  ].join("");
}
