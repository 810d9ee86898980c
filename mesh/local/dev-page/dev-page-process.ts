import { childEnvironment } from "../child-environment.ts";
import {
  localUrl,
  type ProcessDefinition,
  type SystemSettings,
  systemProcesses,
} from "../system-processes.ts";
import { orderExample } from "../welcome.ts";
import type { WatchedProcess } from "./watch-process.ts";

/** The page of a running `bun dev`, which knows where all others are. */
export function devPageProcess(settings: SystemSettings, logs: string): ProcessDefinition {
  const { ports, stores, chosen } = settings;
  const { bus: _bus, ...databaseUrls } = stores.databaseUrls;
  const { OTEL_EXPORTER_OTLP_ENDPOINT: elsewhere } = chosen;
  return {
    name: "dev-page",
    group: "helper",
    entry: "mesh/local/dev-page/main.ts",
    readyUrl: `${localUrl(ports.page)}/health/ready`,
    env: childEnvironment({
      PORT: String(ports.page),
      LOGS_FOLDER: logs,
      PROCESSES: JSON.stringify(systemProcesses(settings).map(watched)),
      LINKS: JSON.stringify(links(settings)),
      DATABASE_URLS: JSON.stringify(databaseUrls),
      MAILBOX_URL: localUrl(ports.mailbox),
      ORDER_EXAMPLE: orderExample(localUrl(ports.gateway)),
      ...(elsewhere && { TRACES_ELSEWHERE: elsewhere }),
    }),
  };
}

/** How the others send their spans here: all of them, and at once, because a person waits for them. */
export function devPageTracing({
  ports,
  chosen,
}: Pick<SystemSettings, "ports" | "chosen">): Record<string, string> {
  if (chosen.OTEL_EXPORTER_OTLP_ENDPOINT) return {};
  return { OTEL_EXPORTER_OTLP_ENDPOINT: localUrl(ports.page), OTEL_BSP_SCHEDULE_DELAY: "200" };
}

function watched({ name, group, readyUrl }: ProcessDefinition): WatchedProcess {
  const kind = group === "gateway" || group === "service" ? group : "helper";
  const metricsUrl = kind === "helper" ? undefined : readyUrl.replace(/\/health\/ready$/, "/metrics");
  return { name, kind, readyUrl, metricsUrl };
}

function links({ ports, chosen }: SystemSettings): Record<string, string> {
  return {
    "API documentation": `${localUrl(ports.gateway)}/docs`,
    Mailbox: localUrl(ports.mailbox),
    ...(!chosen.STRIPE_SECRET_KEY && { "Payment sandbox": localUrl(ports.sandbox) }),
    Metrics: `${localUrl(ports.admin)}/metrics`,
  };
}
