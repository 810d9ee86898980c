import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fieldsIn, loggedFields } from "./logged-fields.ts";
import { registeredJson } from "./registered-json.ts";
import { parseTelemetry, readTelemetry } from "./telemetry.ts";
import { telemetryPage } from "./telemetry-page.ts";

const root = join(import.meta.dirname, "../..");
/** Processes of the system; what is beside them for tests, measuring and the developer's machine is not. */
const apart =
  /node_modules|\.test\.ts$|\/(testing|bench|local|sandbox|seed)\/|test-\w+\.ts$|tcp-.*cases\.ts$/;
const sources = ["gateway", "services", "mesh", "observability"].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .map((path) => join(folder, path))
    .filter((path) => path.endsWith(".ts") && !apart.test(path))
    .map((path) => readFileSync(join(root, path), "utf8")),
);

test("the register has every field that is logged, and no other", () => {
  const documented = readTelemetry().log.map(({ name }) => name);
  expect(documented.sort()).toEqual([...loggedFields(sources)].sort());
});

test("fields are found in what is given to a log, and only at its top", () => {
  const source =
    'log.info({ orderId, detail: { deep: f(1, 2) }, err: error }, "x"); deps.log?.warn({ url }, "y");';
  expect(fieldsIn(source)).toEqual(["orderId", "detail", "err", "url"]);
});

test("TELEMETRY.md and what processes know are what follows from the register", () => {
  const written = (name: string) => readFileSync(join(root, "observability", name), "utf8");
  expect(written("TELEMETRY.md")).toBe(telemetryPage(readTelemetry()));
  expect(written("registered.json")).toBe(registeredJson(readTelemetry()));
});

test("a mistake in the register is named with its place", () => {
  const metric = "{ name: a_total, type: counter, unit: '1', in: all, owner: edge, says: It is. }";
  const text = (each: string) => `metrics: [${each}]\nspans: []\nlog: []`;
  expect(parseTelemetry(text(metric)).metrics).toHaveLength(1);
  expect(() => parseTelemetry(text(metric.replace("edge", "nobody")))).toThrow("/metrics/0/owner");
  expect(() => parseTelemetry(text(metric.replace("counter", "summary")))).toThrow("/metrics/0/type");
  expect(() => parseTelemetry(text(metric.replace("says", "help")))).toThrow("/metrics/0/help");
  expect(() => parseTelemetry(text(`${metric}, ${metric}`))).toThrow("a_total twice");
  const field = "{ name: reasons, type: object, owner: edge, says: They are. }";
  expect(() => parseTelemetry(`metrics: []\nspans: []\nlog: [${field}]`)).toThrow("members are an object's");
});
