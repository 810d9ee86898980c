import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { secretPatterns } from "../secret-patterns.ts";

type Components = Readonly<Record<string, Readonly<Record<string, unknown>>>>;
interface Collector {
  readonly receivers: Components;
  readonly processors: Components;
  readonly exporters: Components;
  readonly extensions: Components;
  readonly service: {
    readonly extensions: readonly string[];
    readonly pipelines: Readonly<
      Record<string, Readonly<Record<"receivers" | "processors" | "exporters", readonly string[]>>>
    >;
  };
}
interface Redaction {
  readonly allowed_keys: readonly string[];
  readonly blocked_values: readonly string[];
}

const read = (name: string) =>
  parse(readFileSync(join(import.meta.dirname, name), "utf8"), { merge: true }) as Collector;
const collector = read("config.yaml");
/** What tells a process from others; the rest is what OTEL_RESOURCE_ATTRIBUTES and the chart may add. */
const resource = [
  "service.name",
  "service.namespace",
  "service.version",
  "service.instance.id",
  "host.name",
  "deployment.environment.name",
];
const redaction = (signal: string) => collector.processors[`redaction/${signal}`] as unknown as Redaction;

for (const name of ["config.yaml", "log-reader.yaml"]) {
  const { service, ...components } = read(name);
  describe(name, () => {
    test("uses what it describes, and describes what it uses", () => {
      for (const kind of ["receivers", "processors", "exporters"] as const) {
        const used = Object.values(service.pipelines).flatMap((pipeline) => pipeline[kind]);
        expect([...new Set(used)].sort()).toEqual(Object.keys(components[kind]).sort());
      }
      expect([...service.extensions].sort()).toEqual(Object.keys(components.extensions).sort());
    });
    test("minds its memory before all else, and batches last", () => {
      for (const { processors } of Object.values(service.pipelines)) {
        expect([processors[0], processors.at(-1)]).toEqual(["memory_limiter", "batch"]);
      }
    });
    test("keeps a queue for each exporter and tries again", () => {
      for (const exporter of Object.values(components.exporters)) {
        expect(exporter).toMatchObject({
          sending_queue: { enabled: true },
          retry_on_failure: { enabled: true },
        });
      }
    });
  });
}

describe("what may be told is what the registry has:", () => {
  const registry = parse(readFileSync(join(import.meta.dirname, "../telemetry.yaml"), "utf8")) as {
    spans: { attributes: string[]; sometimes?: string[] }[];
    log: { name: string }[];
  };
  const compare = (signal: string, expected: readonly string[]) => {
    const allowed = redaction(signal).allowed_keys;
    return {
      missing: [...new Set(expected)].filter((name) => !allowed.includes(name)),
      unknown: allowed.filter((name) => !expected.includes(name)),
    };
  };
  test("attributes of spans, and of the processes that send them", () => {
    const ofSpans = registry.spans.flatMap(({ attributes, sometimes = [] }) => [...attributes, ...sometimes]);
    expect(compare("traces", [...resource, ...ofSpans])).toEqual({ missing: [], unknown: [] });
  });
  test("fields of lines, but for those that OTLP has a place for", () => {
    const elsewhere = ["level", "time", "service", "message", "trace_id", "span_id", "err"];
    const ofLines = registry.log.map(({ name }) => name).filter((name) => !elsewhere.includes(name));
    const ofErrors = ["type", "message", "stack", "code"].flatMap((name) => [
      `err.${name}`,
      `err.cause.${name}`,
    ]);
    const expected = [...ofLines, ...ofErrors, "service.name", "service.namespace"];
    expect(compare("logs", expected)).toEqual({ missing: [], unknown: [] });
  });
});

test("nothing leaves or waits before it is redacted", () => {
  const { traces, logs } = collector.service.pipelines;
  expect(traces?.processors.slice(0, 3)).toEqual(["memory_limiter", "redaction/traces", "tail_sampling"]);
  expect(logs?.processors.slice(0, 2)).toEqual(["memory_limiter", "redaction/logs"]);
});

test("sends to where Tempo and Loki listen, and gets lines from the reader", () => {
  const yaml = (path: string) =>
    parse(readFileSync(join(import.meta.dirname, "..", path), "utf8")) as unknown;
  const tempo = yaml("tempo/tempo.yaml");
  const loki = yaml("loki/loki.yaml");
  expect(tempo).toMatchObject({
    server: { http_listen_port: 3200 },
    distributor: { receivers: { otlp: { protocols: { http: { endpoint: "0.0.0.0:4318" } } } } },
  });
  expect(loki).toMatchObject({ server: { http_listen_port: 3100 } });
  expect(collector.exporters["otlp_http/tempo"]?.endpoint).toBe("http://tempo:4318");
  expect(collector.exporters["otlp_http/loki"]?.endpoint).toBe("http://loki:3100/otlp");
  expect(collector.receivers.otlp).toMatchObject({ protocols: { http: { endpoint: "0.0.0.0:4318" } } });
  expect(read("log-reader.yaml").exporters.otlp_http?.endpoint).toBe("http://collector:4318");
  // The labels that every LogQL query of the dashboards begins with.
  expect(loki).toMatchObject({
    limits_config: {
      otlp_config: {
        resource_attributes: {
          attributes_config: [{ action: "index_label", attributes: ["service.name", "service.namespace"] }],
        },
      },
    },
  });
});

describe("what looks like a secret is masked in", () => {
  test("the same as in each process", () => {
    for (const signal of ["traces", "logs"])
      expect(redaction(signal).blocked_values).toEqual([...secretPatterns]);
  });
  // Go's patterns are like these but for the place of the flag.
  const patterns = (signal: string) =>
    redaction(signal).blocked_values.map(
      (each) => new RegExp(each.replace("(?i)", ""), each.startsWith("(?i)") ? "i" : ""),
    );
  const secrets = [
    "authorization: Bearer abcdefgh12345678",
    "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
    "sk_test_4eC39HqLyjWDarjtT1zdp7dc",
    "eco_live_0123456789abcdefABCDEF",
    "4242424242424242",
    "4242 4242 4242 4242",
    "5555-5555-5555-4444",
    "3782 822463 10005",
    "ada.lovelace+shop@example.co.uk",
    "postgres://ecotrack_order:hunter2@postgres:5432/x",
  ];
  const harmless = [
    "0190a5b0-7e1a-7000-8000-000000000000",
    "4bf92f3577b34da6a3ce929d0e0e4736",
    "/api/orders/{id}",
    "INSERT orders, INSERT order_items",
    "1795352611",
    "2026-11-22T13:03:36.665Z",
    "http://127.0.0.1:4318/v1/traces",
  ];
  for (const signal of ["traces", "logs"]) {
    test(signal, () => {
      const masked = (text: string) => patterns(signal).some((pattern) => pattern.test(text));
      expect(secrets.filter((text) => !masked(text))).toEqual([]);
      expect(harmless.filter(masked)).toEqual([]);
    });
  }
});
