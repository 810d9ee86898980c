import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { Home } from "../../mesh/local/home.ts";
import { serviceNames } from "../../mesh/local/service-names.ts";
import type { Terminal } from "../../mesh/local/terminal.ts";
import { startProvenSystem } from "../faults/proven-system.ts";
import { alertLimits } from "./alert-limits.ts";
import { type AlertReceiver, type Heard, openAlertReceiver } from "./alert-receiver.ts";
import type { Drill } from "./drills.ts";
import { type Monitoring, readShipped, type ShippedFiles, startMonitoring } from "./start-monitoring.ts";
import { startTraffic, type Traffic } from "./steady-traffic.ts";

export interface DrillResult {
  readonly name: string;
  readonly alert?: string;
  readonly receiver?: string;
  readonly fired?: Timed;
  readonly resolved?: Timed;
  /** In words; nothing where all was as it has to be. */
  readonly wrong: readonly string[];
}

interface Timed {
  readonly afterMs: number;
  readonly limitMs: number;
}

const root = join(import.meta.dirname, "../..");
/** Before anything is done, at speed 1. */
const calmMs = 120_000;
/** Of two cores that others use as well: a start of a garbage collection, a scrape that comes late. Nothing of it is faster at speed. */
const machineMs = 3000;
/** Until everything works again after a fault: the longest pause between two tries is 10 s (sagas), with connections and breakers. */
const recoveryMs = 30_000;
const tallyEveryMs = 30_000;

interface Stage {
  readonly drill: Drill;
  readonly speed: number;
  readonly shipped: ShippedFiles;
  readonly receiver: AlertReceiver;
  readonly traffic: Traffic;
  readonly terminal: Terminal;
}

/** One whole drill in a system of its own: calm, fault, alert, the end of both, and what else was heard. */
export async function runDrill(
  home: Home,
  drill: Drill,
  { speed, terminal }: { speed: number; terminal: Terminal },
): Promise<DrillResult> {
  const quiet = { ...terminal, step: <T>(_: string, work: () => Promise<T>) => work() };
  const system = await terminal.step("System", () =>
    startProvenSystem(home, {
      root,
      runtime: "bun",
      kafka: drill.kafka ?? false,
      twins: false,
      durable: false,
      skews: {},
      step: quiet.step,
      show: terminal.line,
      giveUp: terminal.line,
    }),
  );
  const receiver = await openAlertReceiver((heard) => terminal.line(`  ${told(heard)}`));
  const traffic = await terminal.step("Traffic", () => startTraffic(system.gateway));
  const host = (port: number) => `127.0.0.1:${port}`;
  const redisUrl = new URL(system.stores.redisUrl);
  redisUrl.port = String(system.links.redis.port);
  const services = serviceNames.map((name) => [`${name}-service`, host(system.ports[name])] as const);
  const progress = setInterval(() => {
    const { answers, failures, slowestMs } = traffic.tally();
    terminal.line(
      `  ${answers} answers, ${failures} of them failures, the slowest ${Math.round(slowestMs)} ms`,
    );
  }, tallyEveryMs);
  try {
    const monitoring = await terminal.step("Prometheus", () =>
      startMonitoring(home, {
        speed,
        targets: { gateway: host(system.ports.admin), ...Object.fromEntries(services) },
        redisUrl: redisUrl.href,
        receiverUrl: receiver.url,
      }),
    );
    const stage = { drill, speed, shipped: readShipped(), receiver, traffic, terminal };
    const begin = () => drill.begin({ system, traffic });
    return await course(stage, monitoring, begin);
  } finally {
    clearInterval(progress);
    await traffic.stop();
    receiver.close();
    // Before the proxies: nobody is left to complain of them.
    await home.end(3000);
    await system.close();
  }
}

async function course(
  stage: Stage,
  monitoring: Monitoring,
  begin: () => Promise<() => Promise<void>>,
): Promise<DrillResult> {
  const { drill, speed, shipped, receiver, terminal } = stage;
  const { step } = terminal;
  const since = performance.now();
  await step("Calm", () => wait(calmMs / speed));
  const early = receiver.heard
    .filter((heard) => heard.at >= since && isNews(heard))
    .map((heard) => `before anything was done: ${told(heard)}`);
  const holdMs = slowestSymptomMs(shipped, "firesMs") / speed;
  const afterMs = slowestSymptomMs(shipped, "resolvesMs") / speed + recoveryMs;
  const end = await step(`Fault: ${drill.title}`, begin);
  const beganAt = performance.now();
  const fired = drill.alert === undefined ? undefined : await awaited(stage, "firing", beganAt, 0);
  await step("Fault goes on", () => wait(Math.max(0, beganAt + holdMs - performance.now())));
  const firing = await monitoring.query('ALERTS{alertstate="firing", severity!="heartbeat"}');
  for (const { metric } of firing) terminal.line(`  in Prometheus: ${metric.alertname} ${metric.job ?? ""}`);
  await step("End of the fault", end);
  const endedAt = performance.now();
  const resolved = fired?.found && (await awaited(stage, "resolved", endedAt, recoveryMs));
  await step("Afterwards", () => wait(Math.max(0, endedAt + afterMs - performance.now())));
  const others = receiver.heard
    .filter((heard) => heard.at >= beganAt && isNews(heard) && heard.labels.alertname !== drill.alert)
    .filter(({ labels }) => labels.severity === "page" || drill.alert === undefined)
    .map(
      (heard) =>
        `not expected: ${told(heard)} (${Math.round((heard.at - beganAt) / 1000)} s after the fault)`,
    );
  const silent = receiver.heartbeats() === 0 ? ["no heartbeat has come"] : [];
  return {
    name: drill.name,
    ...(drill.alert !== undefined && { alert: drill.alert }),
    ...(fired?.found && { receiver: fired.found.receiver }),
    ...(fired && { fired }),
    ...(resolved && { resolved }),
    wrong: [...early, ...silent, ...(fired?.wrong ?? []), ...(resolved ? resolved.wrong : []), ...others],
  };
}

/** What somebody is told of as new. */
const isNews = ({ status, receiver }: Heard): boolean => status === "firing" && receiver !== "heartbeat";

interface Awaited extends Timed {
  readonly found: Heard | undefined;
  readonly wrong: readonly string[];
}

/** Waits for the alert to come or to end, as long as its rule allows. The first series that fires, all that end. */
async function awaited(
  { drill, speed, shipped, receiver, terminal }: Stage,
  status: "firing" | "resolved",
  since: number,
  moreMs: number,
): Promise<Awaited> {
  const rule = shipped.alerts.find(({ alert }) => alert === drill.alert);
  if (!rule) throw new Error(`There is no alert ${drill.alert}`);
  const limits = alertLimits(rule, shipped);
  const limitMs = (status === "firing" ? limits.firesMs : limits.resolvesMs) / speed + moreMs + machineMs;
  const own = () => receiver.heard.filter(({ labels }) => labels.alertname === rule.alert);
  const come = () => {
    if (status === "firing") return own().find((heard) => heard.status === "firing");
    const last = new Map(own().map((heard) => [heard.fingerprint, heard]));
    return [...last.values()].every((heard) => heard.status === "resolved") ? own().at(-1) : undefined;
  };
  const found = await terminal.step(`${rule.alert} ${status}`, async () => {
    // Not found in time it may still come: how late tells what is wrong.
    while (!come() && performance.now() < since + 2 * limitMs) await wait(50);
    return come();
  });
  const afterMs = found ? found.at - since : Number.POSITIVE_INFINITY;
  const late = found
    ? `${rule.alert} ${status} ${(afterMs / 1000).toFixed(1)} s after, at most ${(limitMs / 1000).toFixed(1)} s`
    : `${rule.alert} is not ${status}`;
  const runbook = found?.annotations.runbook ?? "";
  const wrong = [
    ...(afterMs > limitMs ? [late] : []),
    ...(found && !(runbook && existsSync(join(root, runbook))) ? [`no runbook: "${runbook}"`] : []),
    ...(found && found.receiver !== limits.receiver ? [`told to ${found.receiver}`] : []),
  ];
  return { afterMs, limitMs, found, wrong };
}

/** Of the pages for what people feel, whatever the cause is: so long a fault has to go on for all of them to have come. */
const slowestSymptomMs = (shipped: ShippedFiles, which: "firesMs" | "resolvesMs"): number =>
  Math.max(
    ...shipped.alerts
      .filter(
        ({ labels, for: after }) => labels?.symptom && labels.severity === "page" && after !== undefined,
      )
      .map((rule) => alertLimits(rule, shipped)[which]),
  );

const told = ({ receiver, status, labels, annotations }: Heard): string =>
  `${receiver} is told: ${labels.alertname} ${labels.job ?? labels.gateway ?? ""} ${status} (${annotations.summary})`;
