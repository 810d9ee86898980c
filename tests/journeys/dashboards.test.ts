import { afterAll, beforeAll, expect, test } from "bun:test";
import { eventually } from "#mesh/eventually";
import { allDashboards } from "#observability/grafana/all-dashboards";
import { metricsIn } from "#observability/grafana/metrics-in";
import { pageAnnotations, pageQueries, pageVariables } from "#observability/grafana/page-queries";
import { readRecords } from "#observability/prometheus/alert-files";
import { buy, call, newPerson, newProduct, password } from "./person.ts";
import { type Prometheus, rulesFolder, startPrometheus } from "./start-prometheus.ts";
import { system } from "./system.ts";

/** What has no series while nothing is wrong, by the metric or the words that only such queries hold. */
const quiet: Readonly<Record<string, string>> = {
  'status=~"5.."': "no answer failed",
  "count by (severity, owner, alertname, alertstate) (ALERTS": "nothing fires",
  'outcome="refused"': "nobody came too often",
  gateway_upstream_errors_total: "every call got an answer",
  gateway_addresses_refused_total: "no address is kept out",
  gateway_unreadable_requests_total: "what came in was HTTP",
  invariant_violations_total: "everything adds up",
  payment_reconciliation_findings_total: "the provider's books agree with ours",
  trace_spans_dropped_total: "the collector takes all spans",
};

const targets = {
  gateway: system.admin,
  ...Object.fromEntries(Object.entries(system.services).map(([name, url]) => [`${name}-service`, url])),
};
let prometheus: Prometheus;
let known: ReadonlySet<string>;

beforeAll(async () => {
  prometheus = await startPrometheus({
    targets,
    postgresUrl: process.env.TEST_DATABASE_URL ?? "",
    redisUrl: process.env.TEST_REDIS_URL ?? "",
  });
  // A counter that was not there before it counted has no rate yet: everything happens twice.
  await goldenJourney();
  await prometheus.scraped();
  await goldenJourney();
  await prometheus.scraped();
  known = await knownMetrics();
}, 60_000);
afterAll(() => prometheus?.stop());

async function goldenJourney(): Promise<void> {
  const { accessToken: token, user } = await newPerson();
  for (const secret of [password, "wrong password"])
    await call("POST", "/api/auth/login", { body: { email: user.email, password: secret } });
  await call("GET", "/api/users/me", { token });
  await call("GET", "/api/products?sort=carbon", { token });
  const product = await newProduct();
  await call("GET", `/api/products/${product.id}`, { token });
  const items = [{ productId: product.id, quantity: 1 }];
  const { body: order } = await buy({ token, items });
  await buy({ token, items, card: "pm_card_chargeDeclined" });
  await call("GET", `/api/orders/${order.id}/details`, { token });
  await call("POST", `/api/orders/${order.id}/cancel`, { token });
  await call("GET", "/api/notifications", { token });
}

/** What our processes say that they have, and what Prometheus has of others. */
async function knownMetrics(): Promise<Set<string>> {
  const texts = await Promise.all(
    Object.values(targets).map(async (url) => (await fetch(`${url}/metrics`)).text()),
  );
  const declared = texts.flatMap((text) => [...text.matchAll(/^# TYPE (\S+) (\w+)/gm)]);
  const names = declared.flatMap(([, name = "", type]) =>
    type === "histogram" ? ["_bucket", "_sum", "_count"].map((suffix) => name + suffix) : [name],
  );
  const recorded = readRecords(rulesFolder).map(({ record }) => record);
  return new Set([...names, ...recorded, ...(await prometheus.labelValues("__name__")), "ALERTS"]);
}

/** As Grafana fills in what is chosen when a page opens. */
const filled = (expr: string): string =>
  expr.replaceAll(/\$__rate_interval|\$__range/g, "1m").replaceAll(/\$(route|service|slo|class)\b/g, ".*");

for (const [file, text] of allDashboards) {
  test(`every query of ${file} finds series in a Prometheus that saw the system at work`, async () => {
    const queries = pageQueries(text, "prometheus");
    expect(queries.length).toBeGreaterThan(0);
    for (const expr of queries) expect(metricsIn(expr).filter((name) => !known.has(name))).toEqual([]);
    const due = queries.filter((expr) => !Object.keys(quiet).some((words) => expr.includes(words)));
    const rest = [...queries.filter((expr) => !due.includes(expr)), ...pageAnnotations(text)];
    await Promise.all(rest.map((expr) => prometheus.query(filled(expr))));
    await eventually(
      async () => {
        const found = await Promise.all(due.map((expr) => prometheus.query(filled(expr))));
        expect(due.filter((_, at) => found[at]?.length === 0)).toEqual([]);
        return true;
      },
      { withinMs: 10_000, everyMs: 500 },
    );
  }, 20_000);

  test(`every choice on ${file} has something to choose from`, async () => {
    for (const query of pageVariables(text)) {
      const [, selector = "", label = ""] = /^label_values\((.+), (\w+)\)$/.exec(query) ?? [];
      expect([query, (await prometheus.labelValues(label, selector)).length]).not.toEqual([query, 0]);
    }
  });
}

test("the dots on a panel of durations lead to traces that were recorded", async () => {
  const labels = await prometheus.exemplars("http_server_request_duration_seconds_bucket");
  const trace = labels[0]?.trace_id;
  expect(trace).toMatch(/^[0-9a-f]{32}$/);
  const spans = await eventually(
    async () => {
      const found = (await (await fetch(`${system.traces}/traces/${trace}`)).json()) as object[];
      return found.length > 0 ? found : undefined;
    },
    { withinMs: 10_000 },
  );
  expect(spans[0]).toMatchObject({ traceId: trace });
});

test("what may be quiet is asked for", () => {
  const queries = [...allDashboards.values()].flatMap((text) => pageQueries(text, "prometheus"));
  expect(Object.keys(quiet).filter((words) => !queries.some((expr) => expr.includes(words)))).toEqual([]);
});
