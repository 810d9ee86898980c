import { openDatabase } from "#mesh/postgres/open-database";
import { createLog } from "#observability/log";
import type { AuditedOrder, Stores } from "./audit/audited-order.ts";
import type { BusReader } from "./audit/bus-order.ts";
import { auditDisputes, type DisputeBooks } from "./audit/disputes.ts";
import { auditEvents } from "./audit/events.ts";
import { createFindings, type Findings } from "./audit/findings.ts";
import { auditMails, type HandedMails } from "./audit/mails.ts";
import { auditMoney, type Charged } from "./audit/money.ts";
import { auditRefunds, type RefundBooks } from "./audit/refunds.ts";
import { auditStock } from "./audit/stock.ts";

export interface AuditedSystem {
  readonly databases: Readonly<Record<"user" | "product" | "order" | "payment" | "notification", string>>;
  /** The payment sandbox, whose books are what really happened to the money. */
  readonly sandbox: string;
  readonly bus?: BusReader;
  /** Whether notes were taken of what was written into the outboxes: `faults/record-writes.ts`. */
  readonly writesRecorded?: boolean;
  /** What the mail server was handed; without it the service's own rows have to be believed. */
  readonly mails?: () => HandedMails;
  /** Pieces that were delivered, by product id, where somebody knows better than the store. */
  readonly delivered?: ReadonlyMap<string, number>;
}

export interface Audit {
  /** What was found to be wrong, in words; empty is good. */
  readonly violations: readonly string[];
  /** How many comparisons were made. */
  readonly checks: number;
  /** Orders that have not come to an end yet; the rest of the audit says little while there are any. */
  readonly unsettled: number;
  readonly confirmed: number;
  readonly cancelled: number;
}

/**
 * Reads every store, the provider's books and the mailbox, and compares them with the invariants of the order. Each
 * table is read once, as a whole.
 */
export async function audit(system: AuditedSystem): Promise<Audit> {
  const log = createLog({ service: "audit", level: "silent" });
  const open = (url: string) => openDatabase({ url, max: 1, applicationName: "audit", log });
  const { databases, sandbox } = system;
  const stores = {
    product: open(databases.product),
    order: open(databases.order),
    payment: open(databases.payment),
    notification: open(databases.notification),
    user: open(databases.user),
  };
  try {
    return await compare(system, stores, (await (await fetch(`${sandbox}/sandbox/state`)).json()) as Books);
  } finally {
    await Promise.all(Object.values(stores).map((sql) => sql.end()));
  }
}

interface Books extends DisputeBooks, Omit<RefundBooks, "paypal"> {
  readonly paypal?: readonly (NonNullable<DisputeBooks["paypal"]>[number] &
    NonNullable<RefundBooks["paypal"]>[number])[];
  readonly orders: readonly Charged[];
}

/** What the service finds itself when it compares its books with the providers' is nothing. */
async function auditComparison({ payment }: Stores, { expect }: Findings): Promise<void> {
  const open = await payment<{ what: string }[]>`
    select gateway || ' ' || kind || ' ' || reference as what from reconciliation_findings where resolved_at is null`;
  expect(
    open.length === 0,
    () => `the comparison of the books found ${open.map(({ what }) => what).join(", ")}`,
  );
}

async function compare(system: AuditedSystem, stores: Stores, books: Books): Promise<Audit> {
  const orders = await stores.order<AuditedOrder[]>`
    select o.id, o.status, o.total_amount as total, s.due_at is not null as "underWay"
    from orders o join sagas s on s.order_id = o.id`;
  const findings: Findings = createFindings();
  await auditMoney(stores, orders, books.orders, findings);
  await auditDisputes(stores, books, findings);
  await auditRefunds(stores, books, findings);
  await auditComparison(stores, findings);
  await auditStock(stores, orders, system.delivered, findings);
  await auditEvents(stores, orders, system, findings);
  await auditMails(stores, orders, system.mails?.(), findings);
  const ended = (status: string) => orders.filter((order) => order.status === status).length;
  return {
    violations: findings.violations,
    checks: findings.checks(),
    unsettled: orders.filter(({ status, underWay }) => underWay || status === "pending").length,
    confirmed: ended("confirmed"),
    cancelled: ended("cancelled"),
  };
}
