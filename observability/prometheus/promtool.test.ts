import { beforeAll, expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { debianProgram, type Program } from "#mesh/local/debian-program";
import { prometheusPrograms } from "#mesh/local/prometheus-programs";
import { runProgram } from "#mesh/local/run-program";
import { ruleFileNames } from "./alert-files.ts";

const observability = join(import.meta.dir, "..");
const cache = join(observability, "../.ecotrack/cache");
/** The first time they are fetched. */
const fetchMs = 180_000;
const runMs = 60_000;
let promtool: Program;
let amtool: Program;

beforeAll(async () => {
  mkdirSync(cache, { recursive: true });
  promtool = await debianProgram(cache, prometheusPrograms.promtool);
  amtool = await debianProgram(cache, prometheusPrograms.amtool);
}, fetchMs);

const run = ({ path, env }: Program, args: readonly string[], folder = ".") =>
  runProgram([path, ...args], { cwd: join(observability, folder), env });

test(
  "prometheus.yml and all its rules are what Prometheus takes",
  async () => {
    const { succeeded, output } = await run(promtool, ["check", "config", "prometheus/prometheus.yml"]);
    expect(succeeded ? "" : output).toBe("");
  },
  runMs,
);

const ruleFiles = ["alerts", "prometheus/rules"].flatMap((folder) =>
  ruleFileNames(join(observability, folder)).map((name) => [folder, name] as const),
);

test.each(ruleFiles)(
  "the tests of %s/%s pass",
  async (folder, name) => {
    const { succeeded, output } = await run(promtool, ["test", "rules", `${name}.test.yaml`], folder);
    expect(succeeded ? "" : output).toBe("");
    expect(output).toContain("SUCCESS");
  },
  runMs,
);

const routing = "--config.file=alertmanager/alertmanager.yml";

test("alertmanager.yml is what Alertmanager takes", async () => {
  const { succeeded, output } = await run(amtool, ["check-config", "alertmanager/alertmanager.yml"]);
  expect(succeeded ? "" : output).toBe("");
});

test.each([
  ["page-shop", ["severity=page", "owner=orders"]],
  ["page-shop", ["severity=page", "owner=payments"]],
  ["page-platform", ["severity=page", "owner=edge"]],
  ["page-platform", ["severity=page", "owner=data"]],
  ["page-platform", ["severity=page"]],
  ["page-shop", ["alertname=TicketLeftAlone", "severity=page", "owner=orders"]],
  ["tickets", ["severity=ticket", "owner=orders"]],
  ["tickets", ["severity=unheard-of"]],
  ["heartbeat", ["severity=heartbeat", "owner=platform"]],
])("%s gets %j", async (receiver, labels) => {
  const { succeeded, output } = await run(amtool, [
    "config",
    "routes",
    "test",
    routing,
    `--verify.receivers=${receiver}`,
    ...labels,
  ]);
  expect(succeeded ? "" : output).toBe("");
});
