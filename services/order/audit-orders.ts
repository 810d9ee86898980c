import { claimAudit, findToAudit, saveAudit, type ToAudit } from "./audit-store.ts";
import { auditOrder, type Violation } from "./order-audit.ts";
import type { OrderDeps } from "./order-deps.ts";
import { findOrders } from "./order-store.ts";
import { patienceMs } from "./saga.ts";

const batchSize = 200;
const everyMs = 15_000;
/** By then an order has ended, or somebody has to look at its saga anyway. */
const settledAfterMs = patienceMs + 5 * 60_000;

/**
 * Compares orders that have ended with what product-service and payment-service say of them, each once, and again after it
 * was cancelled. What disagrees is counted, logged, and kept in `audit_findings`.
 * @returns how many orders were looked at; undefined while another process does it
 * @throws when a service or the database gives no answer; then nothing is noted and the same is done again
 */
export async function auditOrders(
  deps: OrderDeps,
  { placedBefore }: { placedBefore: Date },
): Promise<number | undefined> {
  const after = await claimAudit(deps.sql);
  if (after === undefined) return undefined;
  const range = { after, before: firstIdOf(placedBefore), limit: batchSize };
  const { placed, queued } = await findToAudit(deps.sql, range);
  const all = new Map([...placed, ...queued].map((each) => [each.id, each]));
  const { done, again, violations } = await compare(deps, [...all.values()]);
  const auditedTo = placed.at(-1)?.id ?? after;
  const found = await deps.transaction((tx) => saveAudit(tx, { auditedTo, done, again, violations }));
  for (const { orderId, invariant, detail } of found) {
    deps.metrics.violated(invariant);
    deps.log.error({ orderId, invariant, detail }, "an invariant of an order does not hold");
  }
  return all.size;
}

async function compare(deps: OrderDeps, all: readonly ToAudit[]) {
  const ended = all.filter(({ underWay }) => !underWay).map(({ id }) => id);
  const again = all.filter(({ underWay }) => underWay).map(({ id }) => id);
  const violations: Violation[] = [];
  if (ended.length === 0) return { done: [], again, violations };
  const before = await findOrders(deps.sql, ended);
  const [reservations, payments] = await Promise.all([
    deps.products.reservations(ended),
    deps.payments.audited(ended),
  ]);
  // What changed while it was looked at is looked at later.
  const now = new Map((await findOrders(deps.sql, ended)).map((order) => [order.id, order]));
  const done: string[] = [];
  for (const order of before) {
    const { status, updatedAt, cancelReason } = now.get(order.id) ?? order;
    const isCancelling = cancelReason !== undefined && status !== "cancelled";
    if (isCancelling || updatedAt.getTime() !== order.updatedAt.getTime()) {
      again.push(order.id);
      continue;
    }
    done.push(order.id);
    violations.push(...auditOrder(order, reservations.get(order.id), payments.get(order.id)));
  }
  return { done, again, violations };
}

/** The smallest UUIDv7 of a moment (RFC 9562 §5.7). */
function firstIdOf(moment: Date): string {
  const milliseconds = moment.getTime().toString(16).padStart(12, "0");
  return `${milliseconds.slice(0, 8)}-${milliseconds.slice(8)}-7000-8000-000000000000`;
}

/** Audits from now on, one process at a time. */
export function startAuditing(deps: OrderDeps): { stop(): Promise<void> } {
  let running = Promise.resolve();
  let stopped = false;
  const audit = async () => {
    try {
      const settled = () => ({ placedBefore: new Date(deps.now().getTime() - settledAfterMs) });
      while (!stopped && (await auditOrders(deps, settled())) === batchSize) {
        // There is more: go on at once.
      }
    } catch (error) {
      deps.log.warn({ err: error }, "the audit of orders waits");
    }
  };
  const timer = setInterval(() => {
    running = running.then(audit);
  }, everyMs);
  return {
    async stop() {
      stopped = true;
      clearInterval(timer);
      await running;
    },
  };
}
