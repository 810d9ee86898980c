import { tellBuild } from "#observability/build-info";
import { createLog, type Log } from "#observability/log";
import { changeLogLevelOnSignal } from "#observability/log-level";
import { createMetrics } from "#observability/metrics";
import { type GatewayConfig, readConfig } from "./config.ts";
import { openGateway } from "./open-gateway.ts";
import { keptBySupervisor, type WorkerMessage } from "./processes/kept-file.ts";
import { supervise } from "./processes/supervise.ts";

async function main(): Promise<void> {
  const config = readConfig(process.env);
  const log = createLog({ service: "gateway", level: config.logLevel });
  changeLogLevelOnSignal(log);
  const stop = config.processes > 1 ? await superviseAll(config, log) : await serve(config, log);
  let stopping = false;
  const stopOnce = () => {
    if (stopping) return;
    stopping = true;
    void stop().finally(() => process.exit(0));
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, stopOnce);
  // Of several processes: the one that began this one is gone, and nobody would ever end it.
  process.on("disconnect", stopOnce);
}

async function serve(config: GatewayConfig, log: Log): Promise<() => Promise<void>> {
  const metrics = createMetrics("gateway");
  metrics.collectRuntime();
  tellBuild(metrics, { version: config.buildVersion, revision: config.buildRevision });
  const { adminPort, reload, stop } = await openGateway({ config, log, metrics, kept: keptBySupervisor() });
  process.on("SIGHUP", reload);
  process.send?.({ adminPort } satisfies WorkerMessage);
  return stop;
}

async function superviseAll(config: GatewayConfig, log: Log): Promise<() => Promise<void>> {
  const { processes, adminPort, adminHost } = config;
  const command = [process.execPath, ...process.execArgv, process.argv[1] ?? ""] as const;
  const { reload, shareLogLevel, stop } = await supervise({
    processes,
    adminPort,
    adminHost,
    command,
    env: process.env,
    log,
  });
  process.on("SIGHUP", reload);
  // After the listener that changes the level of this one.
  process.on("SIGUSR2", shareLogLevel);
  return stop;
}

main().catch((error: unknown) => {
  const lines = (error instanceof Error ? error.message : String(error)).split("\n");
  const opening = "Cannot start gateway: ";
  for (const line of lines) console.error(line.startsWith(opening) ? line : opening + line);
  process.exit(1);
});
