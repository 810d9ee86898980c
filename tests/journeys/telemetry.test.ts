import { beforeAll, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "#mesh/eventually";
import { checkMetrics } from "#observability/telemetry/check-metrics";
import { checkSpans } from "#observability/telemetry/check-spans";
import { parseExposition } from "#observability/telemetry/parse-exposition";
import { readTelemetry } from "#observability/telemetry/telemetry";
import type { ReceivedSpan } from "#observability/trace/otlp-receiver";
import { Canaries } from "./canaries.ts";
import { type Sent, sendCanaries } from "./canary-calls.ts";
import { call } from "./person.ts";
import { system } from "./system.ts";

const telemetry = readTelemetry();
const processes = [
  ["gateway", system.admin],
  ...Object.entries(system.services).map(([name, url]) => [`${name}-service`, url] as const),
] as const;
const canaries = new Canaries();
let sent: Sent;

interface Running {
  readonly name: string;
  readonly pid: number;
}
const logFiles = () =>
  readdirSync(system.logs).map((file) => ({ file, text: readFileSync(join(system.logs, file), "utf8") }));
const levels = () => {
  const lines = logFiles().flatMap(({ text }) => text.match(/^\{.*"message":"log level changed"\}$/gm) ?? []);
  return lines.map((line) => JSON.parse(line) as { service: string; to: string });
};

/** Every process tells of it after all that it told before: then that is in its file, too. */
async function switchLevels(): Promise<void> {
  const before = levels().length;
  const records = readFileSync(join(system.logs, "../processes.json"), "utf8");
  const running = (JSON.parse(records) as Running[]).filter(({ name }) =>
    processes.some(([process]) => process === name),
  );
  expect(running).toHaveLength(processes.length);
  for (const { pid } of running) process.kill(pid, "SIGUSR2");
  await eventually(() => levels().length === before + processes.length || undefined, { withinMs: 5000 });
}

const spansSoFar = async () => (await (await fetch(`${system.traces}/traces`)).json()) as ReceivedSpan[];
const metricsOf = async (url: string, accept: string) =>
  (await fetch(`${url}/metrics`, { headers: { accept } })).text();

beforeAll(async () => {
  await switchLevels();
  sent = await sendCanaries(canaries);
  await switchLevels();
  await eventually(
    async () =>
      (await spansSoFar()).some(
        ({ name, attributes }) => name === "notification-delivery" && attributes["order.id"] === sent.orderId,
      ) || undefined,
    { withinMs: 10_000 },
  );
}, 60_000);

test("every level was heard, and is again what it was", async () => {
  const services = processes.map(([name]) => name).sort();
  expect(
    levels()
      .slice(-12)
      .map(({ service, to }) => `${service} ${to}`)
      .sort(),
  ).toEqual(services.flatMap((name) => [`${name} debug`, `${name} info`]));
  expect((await call("GET", "/log-level", { base: system.admin })).body).toEqual({ level: "info" });
  const loud = await call("PUT", "/log-level/loud", { base: system.admin });
  expect(loud.status).toBe(404);
  const same = await call("PUT", "/log-level/info", { base: system.admin });
  expect(same).toMatchObject({ status: 200, body: { level: "info" } });
});

test("what a process exposes is what the register says, and the other way round", async () => {
  for (const [name, url] of processes)
    expect(checkMetrics(telemetry, name, parseExposition(await metricsOf(url, "text/plain")))).toEqual([]);
});

test("spans are those of the register, with its attributes, and all of them", async () => {
  expect(checkSpans(telemetry, await spansSoFar())).toEqual([]);
});

test("a line has no field that is not in the register, and so none whose value is withheld", () => {
  const documented = new Set(telemetry.log.map(({ name }) => name));
  const lines = logFiles()
    .filter(({ file }) => processes.some(([name]) => file.startsWith(name)))
    .flatMap(({ text }) => text.split("\n").filter((line) => line.startsWith("{")));
  expect(lines.length).toBeGreaterThan(100);
  expect(lines.filter((line) => line.includes("[not in telemetry.yaml]"))).toEqual([]);
  const fields = new Set(lines.flatMap((line) => Object.keys(JSON.parse(line) as object)));
  expect([...fields].filter((field) => !documented.has(field))).toEqual([]);
});

test("no password, token, card number or address is in any log, span or metric", async () => {
  const spans = JSON.stringify(await spansSoFar());
  const told = [...logFiles(), { file: "spans", text: spans }];
  for (const [name, url] of processes)
    for (const accept of ["text/plain", "application/openmetrics-text"])
      told.push({ file: `metrics of ${name}`, text: await metricsOf(url, accept) });
  // What may be told of them is there: it is looked for where it would be.
  expect(spans).toContain(sent.orderId);
  expect(told.find(({ file }) => file.startsWith("gateway"))?.text).toContain(sent.userId);
  expect(told.flatMap(({ file, text }) => canaries.in(text).map((name) => `${file}: ${name}`))).toEqual([]);
});

test("a slow bucket leads to a trace that was recorded", async () => {
  const text = await metricsOf(system.services.order, "application/openmetrics-text");
  const [, traceId] =
    /^http_server_request_duration_seconds_bucket\{.*# \{trace_id="(\w{32})"\}/m.exec(text) ?? [];
  expect((await spansSoFar()).some((span) => span.traceId === traceId)).toBe(true);
});
