import { type Static, Type } from "@sinclair/typebox";
import { moneySchema } from "../money.ts";
import { Uuid } from "../uuid-schema.ts";
import { cloudEvent, type NewEvent } from "./cloud-event.ts";

export const paymentTopic = "payment-events";

const payment = Type.Object({ paymentId: Uuid, orderId: Uuid, userId: Uuid, amount: moneySchema });

/** The data of each event of payment-service, by type. */
export const paymentEvents = {
  "ecotrack.payment.initiated.v1": payment,
  /** The buyer has to agree at the provider or the bank before `expiresAt`. */
  "ecotrack.payment.action-required.v1": Type.Composite([
    payment,
    Type.Object({ expiresAt: Type.String({ format: "date-time" }) }),
  ]),
  /** The money is held and not taken yet. */
  "ecotrack.payment.authorized.v1": payment,
  "ecotrack.payment.processed.v1": payment,
  "ecotrack.payment.failed.v1": Type.Composite([payment, Type.Object({ reason: Type.String() })]),
  "ecotrack.payment.refunded.v1": Type.Composite([payment, Type.Object({ refunded: moneySchema })]),
  /** A refund did not reach the buyer and is with us again; `refunded` is what has gone back without it. */
  "ecotrack.payment.refund-reversed.v1": Type.Composite([payment, Type.Object({ refunded: moneySchema })]),
  /** The buyer asked the bank for the money back; `withdrawn` is what the bank took for that. */
  "ecotrack.payment.disputed.v1": Type.Composite([
    payment,
    Type.Object({
      disputeStatus: Type.Union([Type.Literal("open"), Type.Literal("won"), Type.Literal("lost")]),
      withdrawn: moneySchema,
    }),
  ]),
} as const;

export type PaymentEvents = { [T in keyof typeof paymentEvents]: Static<(typeof paymentEvents)[T]> };

export const paymentEvent = <T extends keyof PaymentEvents>(type: T, event: NewEvent<PaymentEvents[T]>) =>
  cloudEvent("/payment-service", type, event);
