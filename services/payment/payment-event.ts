import { type PaymentEvents, paymentEvent } from "#mesh/events/payment-events";
import { type AuditAct, auditEntry } from "./audit-log.ts";
import type { Payment } from "./payment.ts";
import type { Told } from "./payment-store.ts";

interface Makers {
  readonly newId: () => string;
  readonly now: () => Date;
}

type Extra<T extends keyof PaymentEvents> = Omit<PaymentEvents[T], keyof ReturnType<typeof dataOf>>;

/** The event and the audit row that tell of what happened to a payment. */
export function tell<T extends keyof PaymentEvents>(
  { newId, now }: Makers,
  payment: Payment,
  type: T,
  act: AuditAct,
  extra: Extra<T>,
): Told {
  const { id, orderId, amount, currency, gateway, reference } = payment;
  const at = now();
  const data = { ...dataOf(payment), ...extra } as unknown as PaymentEvents[T];
  return {
    event: paymentEvent(type, { id: newId(), subject: id, time: at, data }),
    audit: auditEntry(at, act, id, { orderId, amount, currency, gateway, reference, ...extra }),
  };
}

const dataOf = ({ id, orderId, userId, amount, currency }: Payment) => ({
  paymentId: id,
  orderId,
  userId: userId ?? "",
  amount: { amount, currency },
});
