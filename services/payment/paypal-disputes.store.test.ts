import { expect, test } from "bun:test";
import { uuidV7 } from "#mesh/uuid-v7";
import { orderUnderTest, soon } from "./order-under-test.ts";
import { type PaypalDispute, paypalDisputeNews } from "./paypal-dispute.ts";
import { sweepPayments } from "./sweep-payments.ts";
import { takeNews } from "./take-news.ts";

const order = orderUnderTest({ webhooks: true });

async function disputed() {
  const { body } = await order.service.charge(order.id, order.paypalToken("dispute"));
  await soon(async () => expect(await order.shown()).toBe("disputed"));
  const record = order.service.sandbox.state().paypal.find(({ customId }) => customId === order.id);
  const decide = (outcome: string) =>
    order.service.paypalPost(`/v1/customer/disputes/${record?.dispute?.id}/adjudicate`, {
      adjudication_outcome: outcome,
    });
  const object = (extra: object = {}): PaypalDispute => ({
    dispute_id: record?.dispute?.id ?? "",
    create_time: new Date().toISOString(),
    reason: "UNAUTHORISED",
    status: "UNDER_REVIEW",
    dispute_amount: { currency_code: "EUR", value: "19.99" },
    disputed_transactions: [{ seller_transaction_id: record?.captureId ?? "" }],
    ...extra,
  });
  const tell = (type: string, resource: object) =>
    takeNews(
      order.service.deps,
      "paypal",
      JSON.stringify({ id: `WH-${uuidV7()}`, event_type: `CUSTOMER.DISPUTE.${type}`, resource }),
    );
  return { paymentId: body.id, decide, object, tell };
}
test("a dispute at PayPal shows, holds refunds up, and takes nothing while it is open", async () => {
  const { paymentId } = await disputed();
  expect(await order.kinds()).toEqual(["capture"]);
  expect(await order.service.refund(paymentId, 1)).toMatchObject({
    status: 409,
    body: { code: "payment-disputed" },
  });
});

test("one that is decided for the shop leaves the money and lets refunds go again", async () => {
  const { paymentId, decide } = await disputed();
  await decide("SELLER_FAVOR");
  await soon(async () => expect(await order.shown()).toBe("captured"));
  expect(await order.kinds()).toEqual(["capture"]);
  expect(await order.service.refund(paymentId, 1)).toMatchObject({ status: 201 });
});

test("one that is decided for the buyer is booked once, ends a cancellation, and the books agree", async () => {
  const { decide, object, tell } = await disputed();
  expect(await order.service.cancel(order.id)).toMatchObject({ status: 202 });
  await decide("BUYER_FAVOR");
  // PayPal tells of the verdict and of the money at the same time: what is heard first names the one entry of both.
  await soon(async () => {
    const [charged, ...taken] = await order.kinds();
    expect(charged).toBe("capture");
    expect([["dispute-withdrawal"], ["reversal"]]).toContainEqual(taken);
    const disputes = await order.service.sql`
      select d.status from disputes d join payments p on p.id = d.payment_id where p.order_id = ${order.id}`;
    expect(disputes.map(({ status }) => status)).toEqual(["lost"]);
  });
  const lost = object({ status: "RESOLVED", dispute_outcome: { outcome_code: "RESOLVED_BUYER_FAVOUR" } });
  expect(await tell("RESOLVED", lost)).toBe("nothing-to-do");
  expect(await tell("CREATED", object())).toBe("nothing-to-do");
  await order.service.passTime();
  await sweepPayments(order.service.deps);
  expect(await order.service.cancel(order.id)).toMatchObject({ status: 200, body: { status: "refunded" } });
  expect(order.service.atProvider(order.id)).toMatchObject({
    captured: 1999,
    refunded: 0,
    withdrawn: 1999,
    net: 0,
  });
  expect(await order.balance("paypal")).toBe(0);
  expect(await order.kinds()).toHaveLength(2);
});

test("money that PayPal took at once comes back when the dispute is won, in whatever order it tells", async () => {
  const { object, tell } = await disputed();
  const took = { affected_party: "SELLER", type: "DEBIT", reason: "DISPUTE_SETTLEMENT" };
  const gave = { ...took, type: "CREDIT" };
  const won = object({
    status: "RESOLVED",
    dispute_outcome: { outcome_code: "RESOLVED_SELLER_FAVOUR" },
    money_movements: [took, gave],
  });
  for (const [type, resource] of [
    ["RESOLVED", won],
    ["UPDATED", object({ money_movements: [took] })],
    ["RESOLVED", won],
  ] as const)
    await tell(type, resource);
  expect(await order.kinds()).toEqual(["capture", "dispute-withdrawal", "dispute-reinstatement"]);
  expect(await order.shown()).toBe("captured");
});

test("of a lost one that was about more, what PayPal gave to the buyer counts", async () => {
  const { object } = await disputed();
  const outcome = { outcome_code: "ACCEPTED", amount_refunded: { currency_code: "EUR", value: "5.00" } };
  const news = paypalDisputeNews(object({ status: "RESOLVED", dispute_outcome: outcome }));
  expect(news).toMatchObject({ status: "lost", amount: 500, withdrawn: true, reinstated: false });
});

test("of a capture that PayPal does not show, and one whose amount cannot be read, nothing is booked", async () => {
  const { object, tell } = await disputed();
  expect(await tell("CREATED", object({ disputed_transactions: [{ seller_transaction_id: "X1" }] }))).toBe(
    "waits",
  );
  expect(await tell("CREATED", object({ dispute_amount: { currency_code: "EUR", value: "1.999" } }))).toBe(
    "malformed",
  );
  expect(await order.kinds()).toEqual(["capture"]);
});
