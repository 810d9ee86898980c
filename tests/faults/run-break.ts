import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { Home } from "../../mesh/local/home.ts";
import type { Terminal } from "../../mesh/local/terminal.ts";
import { embeddedBusReader } from "../audit/embedded-bus-reader.ts";
import { type AuditedSystem, audit } from "../audit.ts";
import type { Break } from "./breaks.ts";
import { makeBrokenCopy } from "./broken-copy.ts";
import { carryOut } from "./carry-out.ts";
import { checkAnswers } from "./check-answers.ts";
import { letThemBuy } from "./crowd.ts";
import { createMailReader } from "./handed-mails.ts";
import { type ProvenSystem, startProvenSystem } from "./proven-system.ts";
import type { Purchase } from "./purchase.ts";
import { createRandom } from "./random.ts";
import { openShop } from "./shop.ts";

const loadMs = 4000;
/** From the start of the load until the violation has to be found. */
const findWithinMs = 45_000;

/** Breaks one safeguard, buys, and looks for its violation. @returns it, or undefined when the prover missed it */
export async function runBreak(
  home: Home,
  chosen: Break,
  { step }: Pick<Terminal, "step">,
): Promise<string | undefined> {
  const repository = join(import.meta.dirname, "../..");
  const root = join(home.directory, "broken");
  makeBrokenCopy(repository, root, chosen.changes);
  const silent = <T>(_name: string, work: () => Promise<T>) => work();
  const system = await step(`${chosen.name}: start`, () =>
    startProvenSystem(home, {
      root,
      runtime: "bun",
      kafka: false,
      twins: false,
      durable: false,
      skews: {},
      chosen: chosen.chosen ?? {},
      step: silent,
      show: () => {},
      giveUp: () => {},
    }),
  );
  try {
    return await step(`${chosen.name}: search`, () => search(home, chosen, system));
  } finally {
    await system.close();
  }
}

async function search(home: Home, chosen: Break, system: ProvenSystem): Promise<string | undefined> {
  const shop = await openShop(system.gateway, {
    people: 8,
    products: 8,
    hot: 4,
    hotStock: chosen.hotStock ?? 20,
  });
  const audited: AuditedSystem = {
    databases: system.stores.databaseUrls,
    sandbox: system.sandbox,
    bus: embeddedBusReader(system.stores.databaseUrls.bus),
    writesRecorded: true,
    mails: createMailReader(system.mailbox),
    delivered: new Map(shop.products.map(({ id, delivered }) => [id, delivered])),
  };
  const began = performance.now();
  const passed = () => performance.now() - began;
  const purchases: Purchase[] = [];
  let found: string | undefined;
  const buying = letThemBuy({
    gateway: system.gateway,
    orderServices: system.orderServices,
    sandbox: system.sandbox,
    shop,
    random: createRandom(1),
    buyers: 12,
    goOn: () => passed() < loadMs,
    goesOnWaiting: () => found === undefined && passed() < findWithinMs,
    patienceMs: findWithinMs,
    purchases,
    ...chosen,
  });
  // Not waited for: a fault may last as long as the search.
  carryOut({ faults: chosen.faults ?? [], skews: {} }, { home, system, show: () => {} }).catch(() => {});
  await wait(loadMs);
  const seenAt = new Map<string, number>();
  while (found === undefined && passed() < findWithinMs) {
    await wait(500);
    const seen = (await violationsOf(audited, purchases)).filter((text) => chosen.violation.test(text));
    for (const text of seen) seenAt.set(text, seenAt.get(text) ?? passed());
    for (const text of seenAt.keys()) if (!seen.includes(text)) seenAt.delete(text);
    found = seen.find((text) => passed() - (seenAt.get(text) ?? 0) >= (chosen.lastsMs ?? 0));
  }
  await buying;
  return found;
}

async function violationsOf(audited: AuditedSystem, purchases: readonly Purchase[]): Promise<string[]> {
  const { violations } = await audit(audited);
  const answers = await checkAnswers(purchases, audited.databases.order);
  return [...violations, ...answers.violations];
}
