import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { classesOf, parseSlo } from "./slo.ts";
import { sloRules } from "./slo-rules.ts";

const root = join(import.meta.dir, "../..");
const read = (path: string) => readFileSync(join(root, path), "utf8");
const text = read("observability/slo.yaml");
const slo = parseSlo(text);

test("rules/slo.yaml is what slo.yaml makes: `bun observability/prometheus/main.ts` writes it", () => {
  expect(read("observability/prometheus/rules/slo.yaml")).toBe(sloRules(slo));
});

test("every route of gateway.yaml counts for exactly one class, or for none on purpose", () => {
  const { routes } = parse(read("gateway/gateway.yaml")) as {
    routes: { path: string; methods: string[] }[];
  };
  const uncounted = new RegExp(`^(?:${slo.uncounted})$`);
  const wrong = routes
    .flatMap(({ path, methods }) => methods.map((method) => ({ method, route: path })))
    .map((request) => ({ ...request, classes: classesOf(slo, request) }))
    .filter(({ route, classes }) => classes.length !== (uncounted.test(route) ? 0 : 1));
  expect(routes.length).toBeGreaterThan(50);
  expect(wrong).toEqual([]);
});

test("what is in time is a bucket, else nothing ever is", () => {
  const source = read("observability/metrics.ts");
  const buckets = /latencyBuckets = \[([^\]]+)\]/.exec(source)?.[1]?.split(",").map(Number);
  for (const { within } of Object.values(slo.classes)) expect(buckets).toContain(within);
});

test("a class without its time is refused, with the name of the field", () => {
  expect(() => parseSlo(text.replace(", within: 2 }", " }"))).toThrow(/classes\/checkout\/within/);
});
