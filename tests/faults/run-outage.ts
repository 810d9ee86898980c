import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { Home } from "../../mesh/local/home.ts";
import type { Terminal } from "../../mesh/local/terminal.ts";
import type { AuditedSystem } from "../audit.ts";
import { checkAnswers } from "./check-answers.ts";
import { letThemBuy } from "./crowd.ts";
import { createMailReader } from "./handed-mails.ts";
import { openKafkaReader } from "./kafka-reader.ts";
import { type MemoryWatch, watchMemory } from "./memory-watch.ts";
import { createOutboxWatch, type OutboxWatch } from "./outbox-watch.ts";
import type { ProveOptions } from "./prove-options.ts";
import { type ProvenSystem, startProvenSystem } from "./proven-system.ts";
import type { Purchase } from "./purchase.ts";
import { createRandom } from "./random.ts";
import { finalWithinMs, shopSize } from "./run-proof.ts";
import { settle } from "./settle.ts";
import { openShop, type Shop } from "./shop.ts";

/** What happened while the broker was away, and whether all of it arrived afterwards. */
export interface Outage {
  readonly purchases: readonly Purchase[];
  /** Told for good while the broker was away, and how long each took, in ms. */
  readonly meanwhileMs: readonly number[];
  readonly beforeMs: readonly number[];
  readonly mostWaiting: number;
  /** From the broker's return until every outbox was empty. */
  readonly caughtUpAfterMs: number | undefined;
  readonly memory: MemoryWatch;
  readonly violations: readonly string[];
  readonly checks: number;
  readonly confirmed: number;
}

const warmUpMs = 15_000;
const afterwardsMs = 10_000;
const catchUpWithinMs = 120_000;
const quietWithinMs = 120_000;
/** The processes that write what waits, and that read it when it comes. */
const watched = ["order-service-1", "order-service-2", "notification-service-1", "notification-service-2"];

/** Takes the broker away for a time while orders go on at a bounded rate, and looks whether everything arrives. */
export async function runOutage(home: Home, options: ProveOptions, terminal: Terminal): Promise<Outage> {
  const { step, line } = terminal;
  const system = await startProvenSystem(home, {
    root: join(import.meta.dirname, "../.."),
    runtime: options.runtime,
    kafka: true,
    skews: {},
    step,
    show: () => {},
    giveUp: line,
  });
  try {
    const hotStock = options.outage;
    const shop = await step("Shop", () => openShop(system.gateway, { ...shopSize, hotStock }));
    const outbox = createOutboxWatch(Object.values(servicesOf(system)));
    const memory = watchMemory(home, watched);
    const course = await takeAway(options, { system, shop, outbox, memory, terminal });
    outbox.stop();
    memory.stop();
    const audited = await auditAll({ system, shop, purchases: course.purchases, terminal });
    const lost = course.caughtUpAfterMs === undefined ? ["events still wait after two minutes"] : [];
    const violations = [...lost, ...memory.unbounded(), ...audited.violations];
    return { ...course, ...audited, violations, mostWaiting: outbox.most(), memory };
  } finally {
    await system.close();
  }
}

const servicesOf = ({ stores: { databaseUrls } }: ProvenSystem) => {
  const { bus: _, ...services } = databaseUrls;
  return services;
};

interface Scene {
  readonly system: ProvenSystem;
  readonly shop: Shop;
  readonly outbox: OutboxWatch;
  readonly memory: MemoryWatch;
  readonly terminal: Terminal;
}

async function takeAway(
  { seed, buyers, rate, outage }: ProveOptions,
  { system, shop, outbox, memory, terminal: { step, line } }: Scene,
) {
  let going = true;
  let isAway = false;
  const beforeMs: number[] = [];
  const meanwhileMs: number[] = [];
  const purchases: Purchase[] = [];
  const buying = letThemBuy({
    gateway: system.gateway,
    orderServices: system.orderServices,
    sandbox: system.sandbox,
    shop,
    random: createRandom(seed + 1),
    buyers,
    rate,
    goOn: () => going,
    patienceMs: 120_000,
    purchases,
    onTold: ({ startedAt }) => (isAway ? meanwhileMs : beforeMs).push(Date.now() - startedAt.getTime()),
  });
  await step("Orders as usual", () => wait(warmUpMs));
  const progress = setInterval(() => {
    line(
      `  ${meanwhileMs.length} orders answered meanwhile, ${outbox.waiting()} events wait, ${memory.now()}`,
    );
  }, 30_000);
  isAway = true;
  memory.begin();
  await step(`${outage} s without Kafka`, () => system.withoutKafka(() => wait(outage * 1000)));
  memory.end();
  clearInterval(progress);
  isAway = false;
  const backAt = performance.now();
  const caughtUp = await step("Catching up", () => outbox.empty(catchUpWithinMs));
  const caughtUpAfterMs = caughtUp ? performance.now() - backAt : undefined;
  await wait(afterwardsMs);
  going = false;
  await buying;
  return { purchases, beforeMs, meanwhileMs, caughtUpAfterMs };
}

async function auditAll({
  system,
  shop,
  purchases,
  terminal,
}: Pick<Scene, "system" | "shop" | "terminal"> & { readonly purchases: readonly Purchase[] }) {
  const bus = await openKafkaReader(system.kafkaBrokers ?? "");
  const audited: AuditedSystem = {
    databases: system.stores.databaseUrls,
    sandbox: system.sandbox,
    bus: bus.read,
    writesRecorded: true,
    mails: createMailReader(system.mailbox),
    delivered: new Map(shop.products.map(({ id, delivered }) => [id, delivered])),
  };
  const settled = await terminal.step("Rest and audit", () =>
    settle(audited, { finalWithinMs, quietWithinMs }),
  );
  await bus.close();
  const answers = await checkAnswers(purchases, audited.databases.order);
  const late = settled.unsettled.map((id) => `order ${id} is not final`);
  return {
    violations: [...late, ...settled.audit.violations, ...answers.violations],
    checks: settled.audit.checks + answers.checks(),
    confirmed: settled.audit.confirmed,
  };
}
