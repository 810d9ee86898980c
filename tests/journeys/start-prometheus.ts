import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { eventually } from "#mesh/eventually";
import { ruleFileNames } from "#observability/prometheus/alert-files";
import { debianProgram } from "../../mesh/local/debian-program.ts";
import { freePorts } from "../../mesh/local/free-ports.ts";
import { prometheusPrograms } from "../../mesh/local/prometheus-programs.ts";

const root = join(import.meta.dirname, "../..");
export const rulesFolder = join(root, "observability/prometheus/rules");

interface Answer<T> {
  readonly status: "success" | "error";
  readonly error?: string;
  readonly data: T;
}
export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

export interface Prometheus {
  /** @throws Error where Prometheus does not understand it */
  query(expr: string): Promise<readonly Series[]>;
  /** The traces that a histogram's buckets name, by their label. */
  exemplars(expr: string): Promise<readonly Readonly<Record<string, string>>[]>;
  labelValues(label: string, selector?: string): Promise<readonly string[]>;
  /** Resolves when every target has been read once more. */
  scraped(): Promise<void>;
  stop(): Promise<void>;
}

export interface PrometheusOptions {
  /** Where each job answers `/metrics`. */
  readonly targets: Readonly<Record<string, string>>;
  readonly postgresUrl: string;
  readonly redisUrl: string;
}

/** A real Prometheus with our recording rules and both exporters, which looks every second. */
export async function startPrometheus({
  targets,
  postgresUrl,
  redisUrl,
}: PrometheusOptions): Promise<Prometheus> {
  const cache = join(root, ".ecotrack/cache");
  mkdirSync(cache, { recursive: true });
  const [prometheus, postgres, redis] = await Promise.all([
    debianProgram(cache, prometheusPrograms.prometheus),
    debianProgram(cache, prometheusPrograms.postgresExporter),
    debianProgram(cache, prometheusPrograms.redisExporter),
  ]);
  const [port, postgresPort, redisPort] = (await freePorts(3)).map((each) => `127.0.0.1:${each}`);
  const folder = mkdtempSync(join(tmpdir(), "prometheus-"));
  writeFileSync(
    join(folder, "prometheus.yml"),
    configuration({ ...targets, postgres: `http://${postgresPort}`, redis: `http://${redisPort}` }),
  );
  writeRules(folder);

  const { password, host } = new URL(redisUrl);
  const running = [
    run(
      [
        prometheus.path,
        `--config.file=${folder}/prometheus.yml`,
        `--storage.tsdb.path=${folder}/data`,
        "--enable-feature=exemplar-storage",
      ],
      port,
      {
        ...prometheus.env,
      },
    ),
    run([postgres.path, "--log.level=error"], postgresPort, {
      ...postgres.env,
      DATA_SOURCE_NAME: `${postgresUrl}?sslmode=disable`,
    }),
    run([redis.path, `--redis.addr=redis://${host}`], redisPort, { ...redis.env, REDIS_PASSWORD: password }),
  ];
  const client = prometheusClient(`http://${port}`, Object.keys(targets).length + 2);
  await client.scraped();
  return {
    ...client,
    async stop() {
      await Promise.all(running.map((stop) => stop()));
    },
  };
}

const configuration = (targets: Readonly<Record<string, string>>): string =>
  stringify({
    global: { scrape_interval: "1s", scrape_timeout: "1s", evaluation_interval: "1s" },
    rule_files: ["rules-*.yaml"],
    scrape_configs: Object.entries(targets).map(([job, url]) => ({
      job_name: job,
      static_configs: [{ targets: [new URL(url).host] }],
    })),
  });

/** Ours, all evaluated every second: some take their time in production. */
function writeRules(folder: string): void {
  for (const name of ruleFileNames(rulesFolder)) {
    const rules = parse(readFileSync(join(rulesFolder, `${name}.yaml`), "utf8")) as { groups: object[] };
    const groups = rules.groups.map((group) => ({ ...group, interval: "1s" }));
    writeFileSync(
      join(folder, `rules-${name}.yaml`),
      stringify({ groups }, { aliasDuplicateObjects: false }),
    );
  }
}

function run(
  [program = "", ...args]: readonly string[],
  address: string | undefined,
  env: Readonly<Record<string, string>>,
): () => Promise<void> {
  const child = spawn(program, [...args, `--web.listen-address=${address}`], { env, stdio: "ignore" });
  const exited = new Promise<void>((resolve) => child.once("close", () => resolve()));
  return () => {
    child.kill("SIGKILL");
    return exited;
  };
}

function prometheusClient(url: string, targetCount: number): Omit<Prometheus, "stop"> {
  async function ask<T>(path: string, parameters: Readonly<Record<string, string>>): Promise<T> {
    const response = await fetch(`${url}/api/v1/${path}?${new URLSearchParams(parameters)}`);
    const answer = (await response.json()) as Answer<T>;
    if (answer.status !== "success") throw new Error(`${answer.error}: ${JSON.stringify(parameters)}`);
    return answer.data;
  }
  const query = async (expr: string) =>
    (await ask<{ result: readonly Series[] }>("query", { query: expr })).result;
  return {
    query,
    async exemplars(expr) {
      const now = Date.now() / 1000;
      const range = { query: expr, start: String(now - 300), end: String(now) };
      const series = await ask<{ exemplars: { labels: Record<string, string> }[] }[]>(
        "query_exemplars",
        range,
      );
      return series.flatMap(({ exemplars }) => exemplars.map(({ labels }) => labels));
    },
    labelValues: (label, selector) =>
      ask(`label/${label}/values`, selector === undefined ? {} : { "match[]": selector }),
    async scraped() {
      const since = Date.now() / 1000;
      await eventually(
        async () => {
          // Nothing listens yet at first.
          const read = await query(`count((timestamp(up) > ${since}) and (up == 1))`).catch(() => []);
          return Number(read[0]?.value[1]) === targetCount ? true : undefined;
        },
        { withinMs: 15_000 },
      );
    },
  };
}
