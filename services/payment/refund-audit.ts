import { type AuditEntry, auditEntry } from "./audit-log.ts";
import type { Payment } from "./payment.ts";
import type { RefundOrigin } from "./refund.ts";

interface Asked {
  readonly id: string;
  readonly amount: number;
  readonly origin: RefundOrigin;
  readonly createdAt: Date;
  readonly requestedBy?: string;
}

/** That money is to go back, and who wanted it. */
export const refundAsked = (payment: Payment, { createdAt, ...refund }: Asked): AuditEntry =>
  auditEntry(createdAt, "refund-asked", payment.id, {
    ...about(payment, refund),
    origin: refund.origin,
    ...(refund.requestedBy !== undefined && { requestedBy: refund.requestedBy }),
  });

/** What came of it. */
export const refundEnded = (
  at: Date,
  act: "refund-settled" | "refund-refused" | "refund-reversed",
  payment: Payment,
  refund: Pick<Asked, "id" | "amount">,
  extra: Readonly<Record<string, unknown>>,
): AuditEntry => auditEntry(at, act, payment.id, { ...about(payment, refund), ...extra });

const about = ({ orderId, currency, gateway }: Payment, { id, amount }: Pick<Asked, "id" | "amount">) => ({
  orderId,
  refundId: id,
  amount,
  currency,
  gateway,
});
