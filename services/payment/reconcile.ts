import { within } from "./apply-event.ts";
import { bookForeignRefund, refundsNow } from "./apply-refund.ts";
import { appendAudit, auditEntry } from "./audit-log.ts";
import { tokenOf } from "./charge-payment.ts";
import type { Payment } from "./payment.ts";
import type { ChargeTotals, PaymentGateway, ProviderMovement } from "./payment-gateway.ts";
import { paymentOfOrder, paymentsOfOrders } from "./payment-of-charge.ts";
import { capturedBetween, findById } from "./payment-store.ts";
import { knownCharge } from "./provider-outcome.ts";
import { reconcileDisputes, reconcileReversal } from "./reconcile-dispute.ts";
import { type ChargeMovement, type Finding, judgeCharge, type RefundMovement } from "./reconciliation.ts";
import { databaseNow, resolveFindings, saveFinding } from "./reconciliation-store.ts";
import { findRefundById } from "./refund-store.ts";
import { bookRefund, type RefundDeps } from "./send-refund.ts";
import { settle } from "./settle-charge.ts";

export interface Reconciliation {
  readonly charges: number;
  readonly refunds: number;
  readonly disputes: number;
  /** What was booked because the provider proves it. */
  readonly repairs: number;
  /** What a person has to look at. */
  readonly findings: readonly Finding[];
}

/** Payments of so many movements are looked up at once: nearly all agree, and a run has to keep up with what is sold. */
const together = 100;
/** What the provider lists as charged is asked for at most this often in one run when it lists nothing of it. */
const askedAtMost = 500;

/**
 * Compares our books with the provider's list over a time. A charge or a refund that the provider proves is booked;
 * what cannot be proved is kept as a finding. Running it again, or in two processes, changes nothing more.
 * @throws when the provider does not answer
 */
export async function reconcile(
  deps: RefundDeps,
  gateway: PaymentGateway,
  { from, to }: { readonly from: Date; readonly to: Date },
): Promise<Reconciliation> {
  const began = await databaseNow(deps.sql);
  const listed = new Set<string>();
  // First, so that what was taken back is joined with its dispute.
  const { disputes, repairs, findings } = await reconcileDisputes(deps, gateway, { from, to });
  const count = { charges: 0, refunds: 0, disputes, repairs };
  for await (const batch of inBatches(gateway.movements(from, to), together)) {
    const charges = batch.filter((movement) => movement.kind === "charge");
    const orderIds = charges.map(({ orderId }) => orderId);
    const payments = await paymentsOfOrders(deps.sql, gateway.name, orderIds);
    for (const movement of batch) {
      if (movement.kind === "charge") listed.add(movement.reference);
      if (movement.kind === "charge") count.charges++;
      if (movement.kind === "refund") count.refunds++;
      const result = await reconcileMovement(deps, gateway, movement, payments);
      if (result === "repaired") count.repairs++;
      else if (result !== undefined) findings.push(result);
    }
  }
  findings.push(...(await missingCharges(deps, gateway, { from, to }, listed)));
  for (const finding of findings) await report(deps, gateway, finding);
  await resolveFindings(deps.sql, gateway.name, { from, to, began });
  return { ...count, findings };
}

type Result = Finding | "repaired" | undefined;

async function reconcileMovement(
  deps: RefundDeps,
  gateway: PaymentGateway,
  movement: ProviderMovement,
  payments: ReadonlyMap<string, Payment>,
): Promise<Result> {
  if (movement.kind === "charge")
    return await reconcileCharge(deps, gateway, movement, payments.get(movement.orderId ?? ""));
  if (movement.kind === "refund") return await reconcileRefund(deps, gateway, movement);
  return await reconcileReversal(deps, gateway, movement);
}

async function reconcileCharge(
  deps: RefundDeps,
  gateway: PaymentGateway,
  charge: ChargeMovement,
  payment: Payment | undefined,
): Promise<Result> {
  const verdict = judgeCharge(payment, charge);
  if (verdict === "agrees" || payment === undefined)
    return verdict === "agrees" ? undefined : asFinding(verdict);
  const { reference, orderId, at: movedAt } = charge;
  if (verdict === "book") {
    await deps.transaction(async (tx) => {
      await settle(within(deps, tx), payment, { outcome: "captured", reference });
      await appendAudit(tx, repair(deps, payment, { booked: "charge", reference }));
    });
    return "repaired";
  }
  if (verdict !== "ask") return verdict;
  const totals = await totalsOf(deps, gateway, { ...payment, reference });
  if (totals === undefined || totals.captured <= totals.refunded) return undefined;
  const detail = `${totals.captured - totals.refunded} ${totals.currency} stay charged for a payment that is ${payment.status}`;
  return { kind: "charge-of-ended-payment", reference, orderId, detail, movedAt };
}

async function* inBatches<T>(all: AsyncIterable<T>, most: number): AsyncIterable<readonly T[]> {
  let batch: T[] = [];
  for await (const each of all) {
    batch.push(each);
    if (batch.length < most) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

const asFinding = (verdict: ReturnType<typeof judgeCharge>): Finding | undefined =>
  typeof verdict === "string" ? undefined : verdict;

async function reconcileRefund(
  deps: RefundDeps,
  gateway: PaymentGateway,
  refund: RefundMovement,
): Promise<Result> {
  const { reference, chargeReference, at: movedAt } = refund;
  const ours = refund.refundId === null ? undefined : await findRefundById(deps.sql, refund.refundId);
  const orderId =
    refund.orderId ?? (chargeReference === null ? null : ((await gateway.orderOf(chargeReference)) ?? null));
  const payment =
    ours === undefined
      ? await paymentOfOrder(deps.sql, gateway.name, orderId)
      : await findById(deps.sql, ours.paymentId);
  const about = { reference, orderId, movedAt };
  if (!refund.succeeded) {
    if (ours?.status !== "succeeded") return undefined;
    const detail = "the bank sent a refund back that is booked as sent to the buyer";
    return { ...about, orderId: payment?.orderId ?? orderId, kind: "refund-missing", detail };
  }
  const sent = `${refund.amount.amount} ${refund.amount.currency}`;
  if (payment === undefined || payment.userId === null || payment.reference === null) {
    return {
      ...about,
      kind: "refund-without-payment",
      detail: `${sent} went back, and no payment knows of it`,
    };
  }
  if (ours?.status === "pending") {
    await deps.transaction(async (tx) => {
      await bookRefund(deps, tx, ours, payment.id, reference);
      await appendAudit(tx, repair(deps, payment, { booked: "refund", reference }));
    });
    return "repaired";
  }
  const seen = await refundsNow(deps, payment);
  if (seen === undefined) return undefined;
  const { totals } = seen;
  if (totals.refunded < payment.refunded) {
    const detail = `${payment.refunded} ${payment.currency} are booked as sent back, ${totals.refunded} were`;
    return { ...about, kind: "refund-missing", detail };
  }
  const isBooked = await deps.transaction(async (tx) => {
    if (
      (await bookForeignRefund(deps, tx, payment.id, seen, { reference, amount: refund.amount.amount })) !==
      "booked"
    )
      return false;
    await appendAudit(tx, repair(deps, payment, { booked: "foreign-refund", reference }));
    return true;
  });
  return isBooked ? "repaired" : undefined;
}

/** Payments that count as captured here and that the provider does not list: it is asked for each by its name. */
async function missingCharges(
  deps: RefundDeps,
  gateway: PaymentGateway,
  window: { readonly from: Date; readonly to: Date },
  listed: ReadonlySet<string>,
): Promise<Finding[]> {
  const ours = await capturedBetween(deps.sql, gateway.name, window, askedAtMost, [...listed]);
  const findings: Finding[] = [];
  for (const payment of ours) {
    const totals = await totalsOf(deps, gateway, payment);
    if (totals !== undefined && totals.captured === payment.amount) continue;
    findings.push({
      kind: "payment-without-charge",
      reference: payment.reference ?? payment.id,
      orderId: payment.orderId,
      detail: `${payment.amount} ${payment.currency} are booked, ${totals?.captured ?? 0} were charged`,
      movedAt: payment.createdAt,
    });
  }
  return findings;
}

const totalsOf = async (
  deps: RefundDeps,
  gateway: PaymentGateway,
  payment: Payment,
): Promise<ChargeTotals | undefined> => await gateway.totals(knownCharge(payment, tokenOf(deps, payment)));

const repair = (
  { now }: RefundDeps,
  { id, orderId, amount, currency, gateway }: Payment,
  what: Readonly<Record<string, string>>,
) => auditEntry(now(), "reconciliation-repair", id, { orderId, amount, currency, gateway, ...what });

async function report(deps: RefundDeps, { name }: PaymentGateway, finding: Finding): Promise<void> {
  if (!(await saveFinding(deps.sql, name, finding))) return;
  const { kind, reference, orderId, detail } = finding;
  deps.metrics.findings.inc({ kind });
  deps.log.error(
    { gateway: name, kind, reference, orderId, detail },
    "the provider's books differ from ours",
  );
  const audit = auditEntry(deps.now(), "reconciliation-finding", null, {
    gateway: name,
    kind,
    reference,
    orderId,
  });
  await appendAudit(deps.sql, audit);
}
