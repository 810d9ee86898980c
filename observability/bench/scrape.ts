/**
 * What a scrape of each process costs: `bun run bench:scrape`. It starts a system of its own, lets the journeys run
 * through it, so that there are the series of every route and outcome, and then asks each process for its metrics.
 */
import { join } from "node:path";
import { startOtlpReceiver } from "#observability/trace/otlp-receiver";
import { cpuSeconds } from "../../mesh/local/cpu-time.ts";
import { findTests } from "../../mesh/local/find-tests.ts";
import { journeyEnvironment } from "../../mesh/local/journey-environment.ts";
import { testPorts } from "../../mesh/local/ports.ts";
import { runTestFiles } from "../../mesh/local/run-test-files.ts";
import { createSecrets } from "../../mesh/local/secrets.ts";
import { startStores } from "../../mesh/local/start-stores.ts";
import { startSystem } from "../../mesh/local/start-system.ts";
import { localUrl } from "../../mesh/local/system-processes.ts";
import { createTerminal } from "../../mesh/local/terminal.ts";
import { openTestHome, removeTestHome } from "../../mesh/local/test-home.ts";

const scrapes = 100;
const formats = { text: "text/plain", OpenMetrics: "application/openmetrics-text" };
const root = join(import.meta.dirname, "../..");
const home = await openTestHome(join(root, ".ecotrack/cache"));
const { step, line } = createTerminal();
try {
  await measureAll();
} finally {
  await removeTestHome(home);
}
process.exit(0);

async function measureAll(): Promise<void> {
  const secrets = await createSecrets();
  const ports = await testPorts();
  const stores = await startStores(home, { root, secrets, durable: false, step });
  const traces = await startOtlpReceiver();
  const chosen = { OTEL_EXPORTER_OTLP_ENDPOINT: traces.endpoint, OTEL_BSP_SCHEDULE_DELAY: "200" };
  await startSystem(home, { root, runtime: "bun", ports, stores, secrets, chosen, step, show: line });
  const seen = { TRACES_URL: traces.endpoint, LOGS_FOLDER: home.logs };
  const env = { ...journeyEnvironment({ ports, stores, secrets }), ...seen };
  const files = findTests(root, ["tests/journeys/"]).journeys;
  await runTestFiles(home, { root, files, env, timeoutMs: 60_000 });
  const urls: Record<string, string> = { gateway: localUrl(ports.admin) };
  for (const name of ["user", "product", "order", "payment", "notification"] as const)
    urls[`${name}-service`] = localUrl(ports[name]);
  const running = new Map(home.processes.alive().map(({ name, pid }) => [name, pid]));
  for (const [name, url] of Object.entries(urls))
    for (const [format, accept] of Object.entries(formats))
      line(`  ${name.padEnd(22)}${format.padEnd(13)}${await measure(url, accept, running.get(name))}`);
}

async function measure(url: string, accept: string, pid: number | undefined): Promise<string> {
  const pids = pid === undefined ? [] : [pid];
  const cpuBefore = cpuSeconds(pids);
  const took: number[] = [];
  let text = "";
  for (let times = 0; times < scrapes; times++) {
    const began = performance.now();
    text = await (await fetch(`${url}/metrics`, { headers: { accept } })).text();
    took.push(performance.now() - began);
  }
  const cpuMs = ((cpuSeconds(pids) - cpuBefore) * 1000) / scrapes;
  const sorted = took.sort((one, other) => one - other);
  const at = (share: number) => `${(sorted[Math.floor(share * (scrapes - 1))] ?? 0).toFixed(1)} ms`;
  const series = text.split("\n").filter((each) => each !== "" && !each.startsWith("#")).length;
  return `p50 ${at(0.5)}  p95 ${at(0.95)}  CPU ${cpuMs.toFixed(1)} ms  ${series} series  ${text.length >> 10} KiB`;
}
