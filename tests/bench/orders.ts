import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { eventually } from "#mesh/eventually";
import { cpuSeconds, residentMiB } from "../../mesh/local/cpu-time.ts";
import type { Home } from "../../mesh/local/home.ts";
import { testPorts } from "../../mesh/local/ports.ts";
import { createSecrets } from "../../mesh/local/secrets.ts";
import { startStores } from "../../mesh/local/start-stores.ts";
import { startSystem } from "../../mesh/local/start-system.ts";
import { demoLogins, localUrl } from "../../mesh/local/system-processes.ts";
import { createTerminal } from "../../mesh/local/terminal.ts";
import { openTestHome, removeTestHome } from "../../mesh/local/test-home.ts";
import { type Audit, audit } from "../audit.ts";
import { commits } from "./commits.ts";
import { measureFloor } from "./floor.ts";
import { type OrdersOptions, readOptions } from "./orders-options.ts";
import { post } from "./post.ts";

/** Each buyer has one order under way at a time; more people than that, so that no limit for one person is met. */
const peopleWanted = 48;
const hotProducts = 40;
/** By then events and mails are out; what the audit itself costs is not an order's. */
const trailMs = 2500;

const options = readOptions(process.argv.slice(2));
const root = join(import.meta.dir, "../..");
const home = await openTestHome(join(root, ".ecotrack/cache"));
let failed = false;
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => void removeTestHome(home, 3000).then(() => process.exit(130)));
try {
  await bench(home, options);
} catch (error) {
  failed = true;
  console.error((error as Error).message);
} finally {
  await removeTestHome(home);
}
process.exit(failed ? 1 : 0);

async function bench(home: Home, { seconds, buyers, rate, warmUp, runtime }: OrdersOptions): Promise<void> {
  const { step, line } = createTerminal();
  const secrets = await createSecrets();
  const ports = await testPorts();
  const stores = await startStores(home, { root, secrets, durable: true, step });
  const chosen = { LOG_LEVEL: "warn" };
  await startSystem(home, { root, runtime, ports, stores, secrets, chosen, step, show: line });
  const gateway = localUrl(ports.gateway);
  const system = { databases: stores.databaseUrls, sandbox: localUrl(ports.sandbox) };

  const people = await step("People", () =>
    Promise.all(Array.from({ length: peopleWanted }, (_, at) => register(gateway, at))),
  );
  const products = await step("Stock", () => stockUp(gateway));
  await step("Warm-up", () => load(gateway, { people, products, buyers, rate: undefined, seconds: warmUp }));
  await settle(system);

  const processes = home.processes.alive();
  const pids = processes.map(({ pid }) => pid);
  const before = await audit(system);
  const committedBefore = await commits(stores.postgresUrl);
  const cpuBefore = new Map(pids.map((pid) => [pid, cpuSeconds([pid])]));
  const ownBefore = process.cpuUsage();
  const result = await step(`${seconds} s of orders`, () =>
    load(gateway, { people, products, buyers, rate, seconds }),
  );
  await new Promise((resolve) => setTimeout(resolve, trailMs));
  const cpuAfter = new Map(pids.map((pid) => [pid, cpuSeconds([pid])]));
  const own = process.cpuUsage(ownBefore);
  const after = await step("Settling and audit", () => settle(system));
  const confirmed = after.confirmed - before.confirmed;
  const committed = await commits(stores.postgresUrl);
  const postgresPids = processes.filter(({ name }) => /postgres/i.test(name)).map(({ pid }) => pid);
  const floor = await step("Floor", () =>
    measureFloor({
      postgresUrl: stores.postgresUrl,
      databaseUrls: stores.databaseUrls,
      postgresPids,
      orders: 1000,
    }),
  );

  const perProcess = processes.map(({ name, pid }) => ({
    name,
    cpuMs: (((cpuAfter.get(pid) ?? 0) - (cpuBefore.get(pid) ?? 0)) * 1000) / confirmed,
    mib: residentMiB(pid),
  }));
  const total = perProcess.reduce((sum, { cpuMs }) => sum + cpuMs, 0);
  const ms = (value: number) => `${value.toFixed(2)} ms`;
  line("");
  for (const { name, cpuMs, mib } of perProcess)
    line(
      `  ${name.padEnd(22)} ${ms(cpuMs).padStart(9)} CPU an order   ${mib.toFixed(0).padStart(5)} MiB resident`,
    );
  line(
    `  load generator         ${ms((own.user + own.system) / 1000 / confirmed).padStart(9)} CPU an order   (not counted)`,
  );
  line("");
  line(
    `  ${confirmed} orders confirmed, ${result.refused} refused, ${(confirmed / seconds).toFixed(0)} a second on ${runtime}; ${rate ? `${rate} begun a second, at most ` : ""}${buyers} at a time`,
  );
  line(`  p50 ${ms(percentile(result.latencies, 0.5))}, p99 ${ms(percentile(result.latencies, 0.99))}`);
  line(
    `  CPU an order: ${ms(total)}, all processes and stores; floor ${ms(floor)}; ratio ${(total / floor).toFixed(1)}`,
  );
  const perOrder = [...committed].map(([name, count]) => {
    const each = (count - (committedBefore.get(name) ?? 0)) / confirmed;
    return `${name.replace("ecotrack_", "")} ${each.toFixed(1)}`;
  });
  line(`  transactions an order: ${perOrder.join(", ")}`);
  line("  stock, money, events and mails add up");
}

interface Load {
  readonly people: readonly string[];
  readonly products: readonly string[];
  readonly buyers: number;
  readonly rate: number | undefined;
  readonly seconds: number;
}

async function load(gateway: string, { people, products, buyers, rate, seconds }: Load) {
  const from = performance.now();
  const until = performance.now() + seconds * 1000;
  const latencies: number[] = [];
  const failures = new Map<string, number>();
  let nth = 0;
  async function buyer(): Promise<void> {
    while (performance.now() < until) {
      const at = nth++;
      // An order that has to wait for a free buyer is late from the moment at which it should have begun.
      const started = rate ? from + (at * 1000) / rate : performance.now();
      const early = started - performance.now();
      if (early > 0) await new Promise((resolve) => setTimeout(resolve, early));
      const answer = await post(gateway, "/api/orders", {
        token: people[at % people.length] ?? "",
        headers: { "idempotency-key": randomUUID() },
        body: orderOf([products[at % products.length] ?? "", products[(at * 7 + 3) % products.length] ?? ""]),
      });
      if (answer.status === 201) latencies.push(performance.now() - started);
      else
        failures.set(
          `${answer.status} ${String(answer.body.code)}`,
          (failures.get(`${answer.status} ${String(answer.body.code)}`) ?? 0) + 1,
        );
    }
  }
  await Promise.all(Array.from({ length: buyers }, buyer));
  if (latencies.length === 0) throw new Error(`Nothing was sold: ${JSON.stringify([...failures])}`);
  const refused = [...failures].map(([what, times]) => `${times} × ${what}`).join(", ") || "none";
  return { latencies: latencies.toSorted((a, b) => a - b), refused };
}

function orderOf(productIds: readonly string[]) {
  return {
    items: [...new Set(productIds)].map((productId) => ({ productId, quantity: 1 })),
    shippingAddress: {
      fullName: "Ada Lovelace",
      line1: "12 St James's Square",
      city: "London",
      postalCode: "SW1Y 4JH",
      country: "GB",
    },
    paymentMethod: { type: "card", token: "pm_card_visa" },
  };
}

async function register(gateway: string, at: number): Promise<string> {
  const email = `buyer-${randomUUID()}@example.test`;
  const body = { email, password: "correct horse battery staple", firstName: "Ada", lastName: "Lovelace" };
  // An address of its own for each: the limit on registering is per address.
  const answer = await post(gateway, "/api/auth/register", {
    body,
    headers: { "x-forwarded-for": `10.9.0.${at + 1}` },
  });
  if (typeof answer.body.accessToken !== "string") throw new Error(`Registering answered ${answer.status}`);
  return answer.body.accessToken;
}

/** Products with more in stock than can be sold in the time. */
async function stockUp(gateway: string): Promise<string[]> {
  const login = await post(gateway, "/api/auth/login", { body: demoLogins.admin });
  const token = String(login.body.accessToken);
  return Promise.all(
    Array.from({ length: hotProducts }, async (_, at) => {
      const body = {
        name: `Bench product ${at}`,
        description: "Sold fast",
        category: "drinkware",
        price: { amount: 1000 + at, currency: "EUR" },
        stock: { onHand: 1_000_000 },
        billOfMaterials: {
          materials: [{ material: "stainless-steel", kg: "0.4" }],
          packaging: [],
          manufacturing: { country: "DE", energyKwh: "1.5" },
        },
      };
      const answer = await post(gateway, "/api/products", { token, body });
      if (typeof answer.body.id !== "string")
        throw new Error(`Creating a product answered ${answer.status} ${JSON.stringify(answer.body)}`);
      return answer.body.id;
    }),
  );
}

/** Waits until every order has ended and every event and mail is out. @throws when something does not add up */
function settle(system: Parameters<typeof audit>[0]): Promise<Audit> {
  return eventually(
    async () => {
      const found = await audit(system);
      if (found.unsettled > 0) throw new Error(`${found.unsettled} orders have not come to an end`);
      if (found.violations.length > 0)
        throw new Error(`What does not add up:\n${found.violations.slice(0, 20).join("\n")}`);
      return found;
    },
    { withinMs: 60_000, everyMs: 500 },
  );
}

function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
