import type { Log } from "#observability/log";
import type { ProductDeps } from "./product-deps.ts";
import {
  claimStockAudit,
  countReservations,
  endStockAudit,
  findStockDisagreements,
  type StockDisagreement,
  type StockViolation,
  saveStockViolations,
} from "./stock-audit-store.ts";

const everyMs = 60_000;
const batchSize = 5000;
/** Of one turn; what is left waits for the next one. */
const mostBatches = 20;
const mostFindings = 100;
/** An order holds its stock at the latest 15 minutes after it got its id; the rest is for clocks. */
const passedAfterMs = 20 * 60_000;

/**
 * Compares the stock of every product with its deliveries and with all reservations there ever were. Those of orders that
 * were placed before `passed` are counted once and remembered as a sum, so that a turn reads only what is new. What
 * disagrees is counted, logged, and kept in `stock_audit_findings`.
 * @returns whether all could be compared; not while another process does it, nor while there is more to count
 */
export async function auditStock(
  { sql, transaction, metrics }: Pick<ProductDeps, "sql" | "transaction" | "metrics">,
  { log, passed, limit = batchSize }: { readonly log: Log; readonly passed: Date; readonly limit?: number },
): Promise<boolean> {
  if (!(await claimStockAudit(sql))) return false;
  try {
    const before = firstIdOf(passed);
    let more = true;
    for (let batch = 0; more && batch < mostBatches; batch += 1) {
      more = await transaction((tx) => countReservations(tx, { before, limit }));
    }
    if (more) return false;
    const violations = (await transaction((tx) => findStockDisagreements(tx, mostFindings))).flatMap(judge);
    for (const { productId, invariant, detail } of await saveStockViolations(sql, violations)) {
      metrics.violations.inc({ invariant });
      log.error({ productId, invariant, detail }, "an invariant of a product's stock does not hold");
    }
    return true;
  } finally {
    await endStockAudit(sql);
  }
}

function judge({ productId, ...stock }: StockDisagreement): StockViolation[] {
  const { onHand, reserved, sold, received, taken, held } = stock;
  const found: StockViolation[] = [];
  const expect = (holds: boolean, invariant: string, detail: string) => {
    if (!holds) found.push({ productId, invariant, detail });
  };
  const all = onHand + reserved + sold;
  const parts = `${onHand} on hand, ${reserved} reserved and ${sold} sold`;
  expect(all === received, "stock-is-what-was-delivered", `${parts} are ${all}, ${received} were delivered`);
  expect(sold === taken, "sold-is-what-was-reserved", `${sold} are sold, reservations took ${taken}`);
  expect(
    reserved === held,
    "reserved-is-what-is-held",
    `${reserved} are reserved, reservations hold ${held}`,
  );
  return found;
}

/** The smallest UUIDv7 of a moment (RFC 9562 §5.7). */
function firstIdOf(moment: Date): string {
  const milliseconds = moment.getTime().toString(16).padStart(12, "0");
  return `${milliseconds.slice(0, 8)}-${milliseconds.slice(8)}-7000-8000-000000000000`;
}

/** Audits from now on, one process at a time. */
export function startStockAudit(deps: ProductDeps, log: Log): { stop(): Promise<void> } {
  let running = Promise.resolve();
  const timer = setInterval(() => {
    const passed = new Date(deps.now().getTime() - passedAfterMs);
    running = auditStock(deps, { log, passed }).then(
      () => {},
      (error: unknown) => log.warn({ err: error }, "the audit of stock waits"),
    );
  }, everyMs);
  return {
    async stop() {
      clearInterval(timer);
      await running;
    },
  };
}
