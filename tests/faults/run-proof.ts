import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { Home } from "../../mesh/local/home.ts";
import type { Terminal } from "../../mesh/local/terminal.ts";
import { embeddedBusReader } from "../audit/embedded-bus-reader.ts";
import type { AuditedSystem } from "../audit.ts";
import { carryOut, type Done } from "./carry-out.ts";
import { checkAnswers } from "./check-answers.ts";
import { letThemBuy } from "./crowd.ts";
import { startDecidingDisputes } from "./decide-disputes.ts";
import { createMailReader } from "./handed-mails.ts";
import { openKafkaReader } from "./kafka-reader.ts";
import type { ProveOptions } from "./prove-options.ts";
import { actionMinutes, type ProvenSystem, startProvenSystem } from "./proven-system.ts";
import type { Purchase } from "./purchase.ts";
import { createRandom } from "./random.ts";
import { createRecoveryWatch, type RecoveryWatch } from "./recovery-watch.ts";
import { drawSchedule, type Schedule } from "./schedule.ts";
import { type Settled, settle } from "./settle.ts";
import { openShop, type Shop } from "./shop.ts";

/** What a run did and found. */
export interface Proof {
  readonly schedule: Schedule;
  readonly purchases: readonly Purchase[];
  readonly done: readonly Done[];
  readonly deaths: readonly { readonly process: string; readonly point: string }[];
  readonly recovery: RecoveryWatch;
  readonly settled: Settled;
  /** How many orders were cancelled, by reason. */
  readonly reasons: ReadonlyMap<string, number>;
  /** How disputes ended, by provider. */
  readonly disputes: readonly string[];
  readonly violations: readonly string[];
  readonly checks: number;
  readonly audited: AuditedSystem;
}

export const shopSize = { people: 48, products: 40, hot: 4 } as const;
/** Every order has to be final so long after the last fault. */
export const finalWithinMs = 60_000;
/** Who never acts at the bank buys no later than that before the end: the order has to be final with the others. */
const lapsingBeforeEndMs = actionMinutes * 60_000 - 10_000;
/** A claim on a mail lasts half a minute, and what failed waits before it is tried again. */
const quietWithinMs = 90_000;

/** One whole run: start, load and faults, rest, audit. */
export async function runProof(home: Home, options: ProveOptions, terminal: Terminal): Promise<Proof> {
  const { seed, seconds, faults, kafka, runtime } = options;
  const { step, line } = terminal;
  const schedule = drawSchedule({ seed, seconds, faults, kafka });
  const recovery = createRecoveryWatch();
  let gaveUp = "";
  const system = await startProvenSystem(home, {
    root: join(import.meta.dirname, "../.."),
    runtime,
    kafka,
    skews: schedule.skews,
    step,
    show: recovery.heard,
    giveUp: (reason) => {
      gaveUp = reason;
      line(reason);
    },
  });
  const disputes = startDecidingDisputes(system.sandbox, system.merchant, createRandom(seed + 2));
  try {
    const hotStock = Math.round(seconds * 1.5);
    const shop = await step("Shop", () => openShop(system.gateway, { ...shopSize, hotStock }));
    const { purchases, done } = await disturbBuyers(home, options, {
      system,
      shop,
      schedule,
      recovery,
      terminal,
    });
    const bus = await openBusReader(system);
    const audited: AuditedSystem = {
      databases: system.stores.databaseUrls,
      sandbox: system.sandbox,
      bus: bus.read,
      writesRecorded: true,
      mails: createMailReader(system.mailbox),
      delivered: new Map(shop.products.map(({ id, delivered }) => [id, delivered])),
    };
    const settled = await step("Rest and audit", () => settle(audited, { finalWithinMs, quietWithinMs }));
    await bus.close();
    const answers = await checkAnswers(purchases, audited.databases.order);
    const late = settled.unsettled.map(
      (id) => `order ${id} is not final ${finalWithinMs / 1000} s after the last fault`,
    );
    const violations = [
      ...(gaveUp ? [gaveUp] : []),
      ...late,
      ...settled.audit.violations,
      ...answers.violations,
    ];
    const checks = settled.audit.checks + answers.checks();
    const deaths = system.crashes.deaths();
    const { reasons } = answers;
    return {
      schedule,
      purchases,
      done,
      deaths,
      recovery,
      settled,
      reasons,
      disputes: disputes.decided,
      violations,
      checks,
      audited,
    };
  } finally {
    await disputes.stop();
    await system.close();
  }
}

const openBusReader = async ({ kafkaBrokers, stores }: ProvenSystem) =>
  kafkaBrokers === undefined
    ? { read: embeddedBusReader(stores.databaseUrls.bus), close: async () => {} }
    : await openKafkaReader(kafkaBrokers);

interface Stage {
  readonly system: ProvenSystem;
  readonly shop: Shop;
  readonly schedule: Schedule;
  readonly recovery: RecoveryWatch;
  readonly terminal: Terminal;
}

/** Lets people buy while the schedule is carried out. */
async function disturbBuyers(
  home: Home,
  { seed, seconds, orders, buyers }: ProveOptions,
  { system, shop, schedule, recovery, terminal: { step, line } }: Stage,
): Promise<{ purchases: Purchase[]; done: Done[] }> {
  const began = performance.now();
  const endsAt = began + seconds * 1000;
  let told = 0;
  let disturbing = true;
  const goOn = (placed: number) => disturbing || performance.now() < endsAt || placed < orders;
  const buying = letThemBuy({
    gateway: system.gateway,
    orderServices: system.orderServices,
    sandbox: system.sandbox,
    shop,
    random: createRandom(seed + 1),
    buyers,
    goOn,
    patienceMs: 120_000,
    lapsingForMs: seconds * 1000 - lapsingBeforeEndMs,
    onTold(purchase) {
      told += 1;
      if (purchase.told?.status === 201) recovery.sold();
    },
  });
  let seenAt = performance.now();
  const watch = setInterval(() => {
    const late = performance.now() - seenAt - 100;
    seenAt = performance.now();
    if (late > 300) recovery.note(`the prover itself stood still for ${Math.round(late)} ms`);
  }, 100);
  const progress = setInterval(() => {
    const at = Math.round((performance.now() - began) / 1000);
    line(`  ${String(at).padStart(4)} s  ${told} orders answered, ${recovery.deaths()} processes have died`);
  }, 10_000);
  try {
    return await step("Buyers and faults", async () => {
      const done = await carryOut(schedule, { home, system, show: recovery.note });
      disturbing = false;
      await wait(Math.max(0, endsAt - performance.now()));
      return { purchases: await buying, done };
    });
  } finally {
    clearInterval(progress);
    clearInterval(watch);
  }
}
