import type { ChargeDeps } from "./charge-payment.ts";
import type { Payment } from "./payment.ts";
import {
  type ChargeOutcome,
  gatewayNamed,
  type KnownCharge,
  type PaymentGateway,
} from "./payment-gateway.ts";

/** A provider that failed once may give the same fault for the key for ever: then only looking for the charge tells. */
const repeatsBeforeLooking = 4;

/** A payment as its provider knows it. */
export const knownCharge = (payment: Payment, token: string): KnownCharge => ({
  orderId: payment.orderId,
  amount: { amount: payment.amount, currency: payment.currency },
  token,
  capture: payment.capture === "automatic" ? "automatic" : "delayed",
  createdAt: payment.createdAt,
  reference: payment.reference,
});

/** Goes on with a payment at its provider: charges, asks what came of it, takes what is held, ends what took too long. */
export async function outcomeAtProvider(
  { gateways, now }: Pick<ChargeDeps, "gateways" | "now">,
  payment: Payment,
  token: string,
): Promise<ChargeOutcome> {
  const gateway = gatewayNamed(gateways, payment.gateway);
  const known = knownCharge(payment, token);
  if (payment.status === "authorized" && payment.capture === "asked") return await gateway.capture(known);
  const isAnswered = payment.status === "requires-action" || payment.status === "authorized";
  if (isAnswered && payment.actionExpiresAt !== null && payment.actionExpiresAt <= now()) {
    return await endOf(gateway, known, payment);
  }
  const age = now().getTime() - payment.createdAt.getTime();
  if (payment.reference !== null || age > gateway.keyTrustedForMs) return await gateway.find(known);
  const outcome = await gateway.charge(known);
  if (outcome.outcome !== "unknown" || payment.attempts <= repeatsBeforeLooking) return outcome;
  const found = await gateway.find(known);
  return found.outcome === "captured" ? found : outcome;
}

/** Nobody agreed, or took the money, in time: it is let go at the provider before it counts as declined here. */
async function endOf(
  gateway: PaymentGateway,
  known: KnownCharge,
  { status }: Payment,
): Promise<ChargeOutcome> {
  const ended = await gateway.void(known);
  if (ended === "captured") return await gateway.find(known);
  if (ended === "unknown") return { outcome: "unknown", reason: "void-unknown" };
  const [code, detail] =
    status === "authorized"
      ? ["authorization_expired", "The money was held and not taken in time"]
      : ["authentication_expired", "The buyer did not agree in time"];
  return { outcome: "declined", reference: known.reference, code, detail };
}
