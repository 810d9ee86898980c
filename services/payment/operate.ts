import { join } from "node:path";
import { serviceEnvironment } from "#mesh/local/service-environment";
import { openDatabase } from "#mesh/postgres/open-database";
import type { Sql } from "#mesh/postgres/sql";
import { uuidV7 } from "#mesh/uuid-v7";
import { createLog } from "#observability/log";
import { createMetrics } from "#observability/metrics";
import { type PaymentConfig, readConfig } from "./config.ts";
import { createPaymentDeps } from "./payment-deps.ts";
import { reconcile } from "./reconcile.ts";
import { openFindings } from "./reconciliation-store.ts";
import { reencrypt } from "./reencrypt.ts";
import { sealAuditLog } from "./seal-audit-log.ts";
import { configuredGateways, windowBefore } from "./start-reconciliation.ts";
import { verifyAuditLog } from "./verify-audit-log.ts";

const usage = `What an operator does with payments.

  bun run payments reconcile [hours]   compares our books with the providers', repairs what is provable
  bun run payments findings            what is open of that
  bun run payments reencrypt           seals every column with the first key of KEYRING
  bun run audit verify [head]          recomputes the chain of the audit log; head: one that was printed before

Works on the bun dev that runs here, or with payment-service's own environment where DATABASE_URL is set. Ends with 0
when all is well, with 1 when something is wrong, with 2 when it was called wrongly.`;

async function main([command = "", argument, ...rest]: readonly string[]): Promise<number> {
  const run = commands[command];
  if (run === undefined || rest.length > 0) {
    console.error(usage);
    return command === "--help" ? 0 : 2;
  }
  try {
    const root = join(import.meta.dirname, "../..");
    const config = readConfig(serviceEnvironment(root, "payment", process.env));
    const log = createLog({ service: "payment-service", level: "silent" });
    const sql = openDatabase({ url: config.databaseUrl, max: 4, applicationName: "operate", log });
    try {
      return await run(sql, config, argument);
    } finally {
      await sql.end({ timeout: 1 });
    }
  } catch (error) {
    console.error(`Cannot ${command}: ${(error as Error).message}`);
    return 1;
  }
}

type Command = (sql: Sql, config: PaymentConfig, argument: string | undefined) => Promise<number>;
const commands: Readonly<Record<string, Command>> = {
  reconcile: runReconcile,
  findings: showFindings,
  reencrypt: runReencrypt,
  verify: runVerify,
};

async function runReconcile(sql: Sql, config: PaymentConfig, argument?: string): Promise<number> {
  const hours = argument === undefined ? config.reconcileHours : Number(argument);
  if (!Number.isInteger(hours) || hours < 1 || hours > 720) {
    throw new Error(`the hours are "${argument}", expected an integer from 1 to 720`);
  }
  const deps = createPaymentDeps({
    config,
    sql,
    transaction: async (work) => (await sql.begin((tx) => work(tx))) as Awaited<ReturnType<typeof work>>,
    // The relay of a running service finds the events within half a second.
    autocommit: (statement) => statement(sql),
    log: createLog({ service: "payment-service", level: "silent" }),
    metrics: createMetrics("payment-service"),
    now: () => new Date(),
    newId: uuidV7,
  });
  let found = 0;
  for (const gateway of configuredGateways(deps)) {
    const result = await reconcile(deps, gateway, windowBefore(new Date(), hours));
    const { charges, refunds, disputes, repairs, findings } = result;
    console.log(
      `${gateway.name}: ${charges} charges, ${refunds} refunds and ${disputes} disputes compared, ${repairs} repaired, ${findings.length} to look at`,
    );
    found += findings.length;
  }
  if (found > 0) await showFindings(sql);
  return found === 0 ? 0 : 1;
}

async function showFindings(sql: Sql): Promise<number> {
  const findings = await openFindings(sql);
  for (const { gateway, kind, reference, orderId, detail, movedAt } of findings) {
    console.log(
      `${movedAt.toISOString()}  ${gateway} ${kind}  ${reference}  order ${orderId ?? "unknown"}\n  ${detail}`,
    );
  }
  if (findings.length === 0) console.log("Nothing is open");
  return findings.length === 0 ? 0 : 1;
}

async function runReencrypt(sql: Sql, { keyring }: PaymentConfig): Promise<number> {
  const done = await reencrypt(sql, keyring, () => new Date());
  console.log(
    Object.entries(done)
      .map(([column, count]) => `${column}: ${count} sealed anew`)
      .join("\n"),
  );
  return 0;
}

async function runVerify(sql: Sql, _config: PaymentConfig, head?: string): Promise<number> {
  await sealAuditLog(sql);
  const { count, unsealed, head: last, broken } = await verifyAuditLog(sql, head);
  console.log(`${count} rows are as they were written, ${unsealed} wait to be sealed\nhead ${last}`);
  if (broken === undefined) return 0;
  const row = broken.id === null ? "" : ` (row ${broken.id})`;
  console.log(`BROKEN at ${broken.position}${row}: ${broken.why}`);
  return 1;
}

process.exitCode = await main(process.argv.slice(2));
