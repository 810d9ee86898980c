import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { SpanKind } from "@opentelemetry/api";
import { parse, stringify } from "yaml";
import { eventually } from "../../mesh/eventually.ts";
import { createLog } from "../log.ts";
import { createMetrics } from "../metrics.ts";
import { startOtlpReceiver } from "../trace/otlp-receiver.ts";
import { Tracing } from "../trace/tracing.ts";

const card = "4242 4242 4242 4242";
/** Tail sampling decides ten seconds after the first span of a trace. */
const decidedMs = 40_000;

/**
 * Sends spans of ours through the real collector with our configuration, of which only the addresses are others.
 * @returns what is not as it should be
 */
export async function tryCollector(program: string, folder: string): Promise<string[]> {
  const tempo = await startOtlpReceiver();
  const port = await freePort();
  const config = join(folder, "tried.yaml");
  writeFileSync(config, elsewhere(tempo.endpoint, port));
  const env = { ...process.env, TRACE_SHARE_PERCENT: "0" };
  const collector = spawn(program, [`--config=${config}`], { env, stdio: ["ignore", "ignore", "inherit"] });
  try {
    const listens = () => fetch(`http://127.0.0.1:${port}/v1/traces`).then(() => true);
    await eventually(listens, { withinMs: 20_000 });
    const log = createLog({ service: "check", level: "silent", destination: { write: () => {} } });
    const metrics = createMetrics("check");
    const tracing = new Tracing({
      endpoint: `http://127.0.0.1:${port}`,
      resource: { "service.name": "check" },
      ratio: 1,
      slowMs: 1000,
      batchMs: 20_000,
      log,
      metrics,
    });
    sendTraces(tracing);
    await tracing.close(20_000);
    await eventually(() => tempo.spans.length >= 3 || undefined, { withinMs: decidedMs }).catch(() => {});
    return mistakesIn(tempo.spans);
  } finally {
    collector.kill("SIGKILL");
    await tempo.close();
  }
}

function elsewhere(endpoint: string, port: number): string {
  const file = parse(readFileSync(new URL("../collector/config.yaml", import.meta.url), "utf8"), {
    merge: true,
  });
  file.receivers.otlp.protocols.http.endpoint = `127.0.0.1:${port}`;
  for (const exporter of Object.values(file.exporters as Record<string, object>))
    Object.assign(exporter, { endpoint, encoding: "json" });
  file.service.extensions = [];
  file.service.telemetry.metrics = { level: "none" };
  return stringify(file);
}

/** One that failed with another span of its trace, one that was slow, and one that nobody has to look at. */
function sendTraces(tracing: Tracing): void {
  const at = performance.now();
  const trace = (digit: string, spans: readonly { name: string; ms: number; failed: boolean }[]) => {
    for (const [nth, { name, ms, failed }] of spans.entries())
      tracing.record({
        traceId: digit.repeat(32),
        spanId: `${nth + 1}`.padStart(16, digit),
        name,
        kind: SpanKind.INTERNAL,
        startedAt: at - ms,
        endedAt: at,
        failed,
        attributes: { "order.id": "o1", "enduser.id": "ada", "db.query.text": `select '${card}'` },
      });
  };
  trace("a", [
    { name: "failed", ms: 5, failed: true },
    { name: "beside it", ms: 5, failed: false },
  ]);
  trace("b", [{ name: "slow", ms: 1500, failed: false }]);
  trace("c", [{ name: "ordinary", ms: 5, failed: false }]);
}

function mistakesIn(
  spans: readonly { name: string; attributes: Readonly<Record<string, unknown>> }[],
): string[] {
  const names = spans.map(({ name }) => name).sort();
  const told = JSON.stringify(spans.map(({ attributes }) => attributes));
  return [
    ...(names.join() === "beside it,failed,slow" ? [] : [`it kept ${names.join(", ") || "nothing"}`]),
    ...(told.includes("enduser.id") ? ["an attribute that is not in the register came through"] : []),
    ...(told.includes("4242") ? ["the number of a card came through"] : []),
    ...(told.includes("o1") ? [] : ["the order's id did not come through"]),
  ];
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
