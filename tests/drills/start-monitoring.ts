import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parse } from "yaml";
import { eventually } from "#mesh/eventually";
import { type AlertRule, readAlerts, readRecords } from "#observability/prometheus/alert-files";
import { childEnvironment } from "../../mesh/local/child-environment.ts";
import { debianProgram } from "../../mesh/local/debian-program.ts";
import { freePorts } from "../../mesh/local/free-ports.ts";
import type { Home } from "../../mesh/local/home.ts";
import { logTail } from "../../mesh/local/log-tail.ts";
import { alertmanagerCommand, prometheusPrograms } from "../../mesh/local/prometheus-programs.ts";
import { spawnProcess } from "../../mesh/local/spawn-process.ts";
import type { MonitoringFiles } from "./alert-limits.ts";
import {
  type AlertmanagerFile,
  alertmanagerFor,
  fasterRules,
  type PrometheusFile,
  prometheusFor,
} from "./faster-configuration.ts";
import { writeHistory } from "./write-history.ts";

const observability = join(import.meta.dirname, "../../observability");
const prometheusFile = join(observability, "prometheus/prometheus.yml");
const alertmanagerFile = join(observability, "alertmanager/alertmanager.yml");

export interface ShippedFiles extends MonitoringFiles {
  readonly alerts: readonly AlertRule[];
}

/** Everything as it is shipped. */
export const readShipped = (): ShippedFiles => ({
  prometheus: parse(readFileSync(prometheusFile, "utf8")) as PrometheusFile,
  alertmanager: parse(readFileSync(alertmanagerFile, "utf8")) as AlertmanagerFile,
  records: readRecords(join(observability, "prometheus/rules")),
  alerts: readAlerts(join(observability, "alerts")).flatMap(({ rules }) => rules),
});

export interface MonitoringOptions {
  readonly speed: number;
  /** Where our processes answer `/metrics`, `host:port` by job. */
  readonly targets: Readonly<Record<string, string>>;
  readonly redisUrl: string;
  readonly receiverUrl: string;
}

export interface Monitoring {
  /** The values of a query, by Prometheus's own page. */
  query(expr: string): Promise<readonly { metric: Record<string, string>; value: [number, string] }[]>;
}

/** Prometheus with all our rules, Alertmanager and Redis's exporter; resolves when every target was read and all is well. */
export async function startMonitoring(home: Home, options: MonitoringOptions): Promise<Monitoring> {
  const { speed, receiverUrl, redisUrl } = options;
  const [prometheus, promtool, alertmanager, redis] = [
    await debianProgram(home.cache, prometheusPrograms.prometheus),
    await debianProgram(home.cache, prometheusPrograms.promtool),
    await debianProgram(home.cache, prometheusPrograms.alertmanager),
    await debianProgram(home.cache, prometheusPrograms.redisExporter),
  ];
  const ports = (await freePorts(3)).map((each) => `127.0.0.1:${each}`);
  const [prometheusAt = "", alertmanagerAt = "", redisAt = ""] = ports;
  const folder = join(home.directory, "monitoring");
  mkdirSync(join(folder, "data"), { recursive: true });
  const text = readFileSync(prometheusFile, "utf8");
  const own = { prometheus: prometheusAt, alertmanager: alertmanagerAt, redis: redisAt };
  const targets = { ...options.targets, ...own };
  const ruleFiles = writeRules(folder, text, speed);
  const around = { targets, alertmanager: alertmanagerAt, ruleFiles };
  writeFileSync(join(folder, "prometheus.yml"), prometheusFor(text, speed, around));
  const routes = alertmanagerFor(readFileSync(alertmanagerFile, "utf8"), speed, receiverUrl);
  writeFileSync(join(folder, "alertmanager.yml"), routes);
  await writeHistory(promtool, folder, speed);

  const run = (name: string, command: readonly string[], env: Readonly<Record<string, string>>) =>
    spawnProcess(home, { name, group: "helper", command, cwd: folder, env: childEnvironment(env) });
  const alerting = [
    ...alertmanagerCommand(home.cache, alertmanager),
    "--config.file=alertmanager.yml",
    "--storage.path=alertmanager",
    `--web.listen-address=${alertmanagerAt}`,
    "--cluster.listen-address=",
  ];
  await run("alertmanager", alerting, alertmanager.env);
  const { password, host } = new URL(redisUrl);
  const exporter = [redis.path, `--redis.addr=redis://${host}`, `--web.listen-address=${redisAt}`];
  await run("redis-exporter", exporter, { ...redis.env, REDIS_PASSWORD: password });
  const scraping = [
    prometheus.path,
    "--config.file=prometheus.yml",
    "--storage.tsdb.path=data",
    "--storage.tsdb.retention.time=35d",
    `--web.listen-address=${prometheusAt}`,
    // Their defaults are minutes.
    `--query.lookback-delta=${Math.round(300_000 / speed)}ms`,
    `--rules.alert.resend-delay=${Math.round(60_000 / speed)}ms`,
  ];
  await run("prometheus", scraping, prometheus.env);
  const query = queryOf(`http://${prometheusAt}`);
  await untilWell(query, Object.keys(targets).length, speed).catch((error: Error) => {
    throw new Error(
      `Prometheus does not see all as well: ${logTail(join(home.logs, "prometheus.log")).at(-1)}`,
      { cause: error },
    );
  });
  return { query };
}

/** At speed 1 the files themselves. */
function writeRules(folder: string, prometheusText: string, speed: number): string[] {
  const { rule_files } = parse(prometheusText) as PrometheusFile;
  const shipped = rule_files.map((path) => resolve(dirname(prometheusFile), path));
  if (speed === 1) return shipped;
  return shipped.map((path) => {
    const name = path.slice(observability.length + 1).replaceAll("/", "-");
    writeFileSync(join(folder, name), fasterRules(readFileSync(path, "utf8"), speed));
    return name;
  });
}

function queryOf(url: string): Monitoring["query"] {
  return async (expr) => {
    const response = await fetch(`${url}/api/v1/query?${new URLSearchParams({ query: expr })}`);
    const answer = (await response.json()) as {
      error?: string;
      data: { result: Awaited<ReturnType<Monitoring["query"]>> };
    };
    if (!response.ok) throw new Error(`${answer.error}: ${expr}`);
    return answer.data.result;
  };
}

/** Processes that just started are slow, and Prometheus asks them only after some seconds: what it may have said of that is over. */
async function untilWell(query: Monitoring["query"], targets: number, speed: number): Promise<void> {
  await eventually(
    // Nothing listens yet at first.
    async () => {
      const [up] = await query("count(up == 1)").catch(() => []);
      if (Number(up?.value[1]) !== targets) return undefined;
      return (await query('ALERTS{severity!="heartbeat"}')).length === 0 ? true : undefined;
    },
    { withinMs: 60_000 + 600_000 / speed, everyMs: 200 },
  );
}
