import { describe, expect, test } from "bun:test";
import {
  isSameCharge,
  nextAttemptAfterMs,
  type Payment,
  type PaymentStatus,
  refuseRefund,
  standingOf,
} from "./payment.ts";
import { signatureHeader } from "./sandbox/webhook-sender.ts";
import { createSettledCharges } from "./settled-charges.ts";
import { refuseSignature } from "./stripe-signature.ts";

const captured: Payment = {
  id: "0190a000-0000-7000-8000-000000000001",
  orderId: "0190a000-0000-7000-8000-000000000002",
  userId: "0190a000-0000-7000-8000-000000000003",
  status: "captured",
  amount: 1000,
  currency: "EUR",
  refunded: 0,
  refunding: 0,
  dispute: null,
  withdrawn: 0,
  gateway: "stripe",
  capture: "automatic",
  cardToken: "v1.sealed",
  reference: "pi_1",
  nextActionUrl: null,
  actionExpiresAt: null,
  declineCode: null,
  declineDetail: null,
  cancelReason: null,
  attempts: 1,
  createdAt: new Date(0),
};
const eur = (amount: number) => ({ amount, currency: "EUR" });

describe("what an order may rely on", () => {
  test.each<[PaymentStatus, string]>([
    ["initiated", "open"],
    ["unknown", "open"],
    ["requires-action", "requires-action"],
    ["authorized", "authorized"],
    ["captured", "captured"],
    ["declined", "declined"],
    ["cancelled", "cancelled"],
    ["refunded", "cancelled"],
  ])("a payment that is %s stands %s", (status, standing) => {
    expect(standingOf({ ...captured, status })).toMatchObject({ standing });
  });

  test("a captured payment whose cancellation is wanted is not captured any more", () => {
    expect(standingOf({ ...captured, cancelReason: "order-cancelled" })).toEqual({ standing: "cancelled" });
  });

  test("a repeat with another amount, currency, person or card is another charge", () => {
    const request = {
      orderId: captured.orderId,
      userId: captured.userId ?? "",
      amount: eur(1000),
      method: { type: "card" as const, token: "pm_card_visa" },
    };
    expect(isSameCharge(captured, "pm_card_visa", request)).toBe(true);
    expect(isSameCharge(captured, "pm_card_visa", { ...request, amount: eur(1001) })).toBe(false);
    expect(
      isSameCharge(captured, "pm_card_visa", { ...request, amount: { amount: 1000, currency: "USD" } }),
    ).toBe(false);
    expect(isSameCharge(captured, "pm_card_visa", { ...request, userId: captured.id })).toBe(false);
    expect(
      isSameCharge(captured, "pm_card_visa", { ...request, method: { type: "card", token: "pm_1" } }),
    ).toBe(false);
    expect(
      isSameCharge(captured, "pm_card_visa", {
        ...request,
        method: { type: "paypal", token: "pm_card_visa" },
      }),
    ).toBe(false);
  });
});

describe("refunds", () => {
  test("up to what is left, counting what is on its way", () => {
    const partly = { ...captured, refunded: 300, refunding: 200 };
    expect(refuseRefund(partly, eur(500))).toBeUndefined();
    expect(refuseRefund(partly, eur(501))).toEqual({ refused: "above-captured", left: eur(500) });
  });

  test("in the payment's currency, and only of captured money", () => {
    expect(refuseRefund(captured, { amount: 1, currency: "USD" })).toMatchObject({
      refused: "currency-differs",
    });
    expect(refuseRefund({ ...captured, status: "unknown" }, eur(1))).toMatchObject({
      refused: "nothing-captured",
    });
  });
});

test("the provider is asked again ever more slowly, but at least every 30 s", () => {
  expect([0, 1, 2, 20].map(nextAttemptAfterMs)).toEqual([2000, 3000, 4500, 30_000]);
});

describe("the signature of a webhook", () => {
  const body = '{"id":"evt_1"}';
  const now = new Date(1_700_000_000_000);
  const header = signatureHeader(body, "whsec_1", now.getTime());
  const at = (seconds: number) => new Date(now.getTime() + seconds * 1000);

  test("is good within five minutes", () => {
    expect(refuseSignature(body, header, "whsec_1", at(300))).toBeUndefined();
    expect(refuseSignature(body, header, "whsec_1", at(-300))).toBeUndefined();
  });

  test("may stand beside another one while the secret is rolled", () => {
    const [time, good] = header.split(",");
    expect(refuseSignature(body, `${time},v1=${"0".repeat(64)},${good}`, "whsec_1", now)).toBeUndefined();
  });

  test("is refused when old, from the future, of another body or secret, or not there", () => {
    expect(refuseSignature(body, header, "whsec_1", at(301))).toBe("outside-tolerance");
    expect(refuseSignature(body, header, "whsec_1", at(-301))).toBe("outside-tolerance");
    expect(refuseSignature(`${body} `, header, "whsec_1", now)).toBe("wrong");
    expect(refuseSignature(body, header, "whsec_2", now)).toBe("wrong");
    for (const missing of [null, "", "t=1", "v1=00", "t=x,v1=00", "t=1,v0=00"]) {
      expect(refuseSignature(body, missing, "whsec_1", now)).toBe("missing");
    }
  });
});

test("settled charges are forgotten oldest first", () => {
  const settled = createSettledCharges(2);
  for (const reference of ["pi_1", "pi_2", "pi_3"]) settled.add(reference);
  expect(["pi_1", "pi_2", "pi_3"].map((each) => settled.has(each))).toEqual([false, true, true]);
});
