import { decimalAmount, minorUnits } from "../../decimal-amount.ts";
import { adjudicate, type DisputeHappening, disputed, type PaypalDisputeRecord } from "./paypal-disputes.ts";
import { invalidRequest, notFound, unprocessable } from "./paypal-error.ts";

/** What a buyer's PayPal account does when the order is captured. */
export type Behaviour =
  | "success"
  | "decline"
  | "timeout"
  | "late"
  | "duplicate"
  | "approval"
  | "dispute"
  | "untold"
  | "reversed"
  | "refundfail"
  | "refundfailonce";

export interface PaypalRefundRecord {
  id: string;
  amount: number;
  customId: string | null;
  at: number;
  /** The money did not reach the buyer and is the shop's again. */
  failed?: true;
  /** PayPal took it, for a dispute that was lost or for the buyer's bank: it shows that as a refund. */
  reversal?: true;
}

/** A PayPal order. Amounts in minor units, times in milliseconds. */
export interface PaypalRecord {
  id: string;
  behaviour: Behaviour;
  status: "CREATED" | "APPROVED" | "COMPLETED" | "VOIDED";
  currency: string;
  amount: number;
  customId: string | null;
  captureId: string | null;
  capturedAt: number | null;
  refunds: PaypalRefundRecord[];
  dispute?: PaypalDisputeRecord;
  createdAt: number;
}

export type PaypalHappening =
  | DisputeHappening
  | { type: "CHECKOUT.ORDER.APPROVED" | "PAYMENT.CAPTURE.COMPLETED"; order: PaypalRecord }
  | {
      type: "PAYMENT.CAPTURE.REFUNDED" | "PAYMENT.CAPTURE.REVERSED" | "PAYMENT.REFUND.FAILED";
      order: PaypalRecord;
      refund: PaypalRefundRecord;
    };

/** `SANDBOX_success_1999_EUR_anything` is an order of 19.99 EUR that its buyer approved, without being made first. */
const readyMade =
  /^SANDBOX_(success|decline|timeout|late|duplicate|approval|dispute|untold|reversed|refundfail|refundfailonce)_(\d{1,8})_([A-Z]{3})(?:_[A-Za-z0-9_]*)?$/;

/** PayPal's own record of money. */
export class PaypalBooks {
  readonly orders = new Map<string, PaypalRecord>();
  #made = 0;

  constructor(
    private readonly run: string,
    private readonly now: () => number,
    private readonly happened: (event: PaypalHappening) => void,
  ) {}

  newId(): string {
    return `${this.run}${(++this.#made).toString(36).padStart(6, "0")}`.toUpperCase();
  }

  create(currency: string, value: string, customId: string | null): PaypalRecord {
    const amount = minorUnits(value, currency);
    if (amount === undefined || amount === 0 || decimalAmount({ amount, currency }) === undefined) {
      throw invalidRequest("The amount cannot be taken in this currency.");
    }
    return this.#add({ id: this.newId(), behaviour: "approval", currency, amount, customId });
  }

  order(id: string): PaypalRecord {
    const found = this.orders.get(id);
    if (found !== undefined) return found;
    const [, behaviour, amount, currency] = readyMade.exec(id) ?? [];
    if (behaviour === undefined || currency === undefined) throw notFound();
    return this.#add({
      id,
      behaviour: behaviour as Behaviour,
      currency,
      amount: Number(amount),
      customId: null,
    });
  }

  approve(order: PaypalRecord, approved: boolean): void {
    if (order.status !== "CREATED") return;
    order.status = approved ? "APPROVED" : "VOIDED";
    if (approved) this.happened({ type: "CHECKOUT.ORDER.APPROVED", order });
  }

  capture(order: PaypalRecord): void {
    if (order.status === "COMPLETED") {
      throw unprocessable("ORDER_ALREADY_CAPTURED", "Order already captured.");
    }
    if (order.status !== "APPROVED") {
      throw unprocessable("ORDER_NOT_APPROVED", "Payer has not yet approved the Order for payment.");
    }
    if (order.behaviour === "decline") {
      throw unprocessable("INSTRUMENT_DECLINED", "The instrument presented was declined by the processor.");
    }
    order.status = "COMPLETED";
    order.captureId = this.newId();
    order.capturedAt = this.now();
    this.happened({ type: "PAYMENT.CAPTURE.COMPLETED", order });
    if (order.behaviour !== "dispute" && order.behaviour !== "untold") return;
    order.dispute = { id: `PP-D-${this.newId()}`, openedAt: this.now(), outcome: null };
    this.happened({ type: "CUSTOMER.DISPUTE.CREATED", order, dispute: order.dispute });
  }

  refund(
    captureId: string,
    value: string | undefined,
    currency: string,
    customId: string | null,
  ): PaypalRefundRecord {
    const order = this.ofCapture(captureId);
    const left = order.amount - refundedOf(order);
    const amount = value === undefined ? left : minorUnits(value, currency);
    if (currency !== order.currency)
      throw unprocessable("CURRENCY_MISMATCH", "The currency must be the capture's.");
    if (amount === undefined || amount === 0) throw invalidRequest("The amount is not valid.");
    if (order.dispute && order.dispute.outcome !== "RESOLVED_SELLER_FAVOUR")
      throw unprocessable("TRANSACTION_DISPUTED", "Partial refunds are not possible while a case is open.");
    if (left === 0)
      throw unprocessable("CAPTURE_FULLY_REFUNDED", "The capture has already been fully refunded");
    if (amount > left) throw unprocessable("REFUND_AMOUNT_EXCEEDED", "The refund is more than what is left.");
    const refund: PaypalRefundRecord = { id: this.newId(), amount, customId, at: this.now() };
    order.refunds.push(refund);
    this.happened({ type: "PAYMENT.CAPTURE.REFUNDED", order, refund });
    return refund;
  }

  failRefund(order: PaypalRecord, refund: PaypalRefundRecord): void {
    if (refund.failed) return;
    refund.failed = true;
    this.happened({ type: "PAYMENT.REFUND.FAILED", order, refund });
  }

  /** @param outcome as the request has it */
  adjudicate(disputeId: string, outcome: unknown): PaypalRecord {
    const [order, dispute] = disputed(this.orders.values(), disputeId);
    adjudicate(dispute, outcome, this.now());
    this.happened({ type: "CUSTOMER.DISPUTE.RESOLVED", order, dispute });
    if (dispute.outcome === "RESOLVED_BUYER_FAVOUR") this.reverse(order);
    return order;
  }

  /** Takes back what the shop still has of an order. */
  reverse(order: PaypalRecord): void {
    const amount = order.amount - refundedOf(order);
    if (amount === 0) return;
    const refund: PaypalRefundRecord = {
      id: this.newId(),
      amount,
      customId: null,
      at: this.now(),
      reversal: true,
    };
    order.refunds.push(refund);
    this.happened({ type: "PAYMENT.CAPTURE.REVERSED", order, refund });
  }

  ofCapture(captureId: string): PaypalRecord {
    for (const order of this.orders.values()) if (order.captureId === captureId) return order;
    throw notFound();
  }

  #add(order: Pick<PaypalRecord, "id" | "behaviour" | "currency" | "amount" | "customId">): PaypalRecord {
    const record: PaypalRecord = {
      ...order,
      status: order.behaviour === "approval" ? "CREATED" : "APPROVED",
      captureId: null,
      capturedAt: null,
      refunds: [],
      createdAt: this.now(),
    };
    this.orders.set(record.id, record);
    return record;
  }
}

/** What went back of an order in any way, in minor units. */
export const refundedOf = ({ refunds }: PaypalRecord): number =>
  refunds.reduce((sum, { amount, failed }) => (failed ? sum : sum + amount), 0);

/** What of that PayPal took. */
export const reversedOf = ({ refunds }: PaypalRecord): number =>
  refunds.reduce((sum, { amount, reversal }) => (reversal ? sum + amount : sum), 0);
