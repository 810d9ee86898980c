import { expect, test } from "bun:test";
import { uuidV7 } from "#mesh/uuid-v7";
import { orderUnderTest, soon } from "./order-under-test.ts";
import { gatewayNamed } from "./payment-gateway.ts";
import { paypalTeller, stripeTeller } from "./provider-teller.ts";
import { reconcile } from "./reconcile.ts";
import { sweepPayments } from "./sweep-payments.ts";
import { takeNews, takeWaitingNews } from "./take-news.ts";

const order = orderUnderTest({ webhooks: true });

/** Until every refund came back and all news of that is delivered. */
const quiet = () =>
  soon(async () => {
    const { refunds, paypal, webhooks } = order.service.sandbox.state();
    expect(refunds.every(({ status }) => status === "failed")).toBe(true);
    expect(paypal.every((each) => each.refunds.every(({ failed }) => failed))).toBe(true);
    expect(webhooks).toMatchObject({ pending: 0, failed: 0 });
  });
const windowNow = () => ({ from: new Date(Date.now() - 60_000), to: new Date(Date.now() + 60_000) });
const charge = async (gateway: "stripe" | "paypal" = "stripe") => {
  const token = gateway === "paypal" ? order.paypalToken("refundfail") : "pm_card_refundFail";
  return (await order.service.charge(order.id, token)).body.id;
};

const both = test.each(["stripe", "paypal"] as const);

both("a refund that comes back to %s is booked back, once, and can be made again", async (gateway) => {
  const paymentId = await charge(gateway);
  expect(await order.service.refund(paymentId, 1999)).toMatchObject({
    status: 201,
    body: { status: "succeeded" },
  });
  await soon(async () => expect(await order.kinds()).toEqual(["capture", "refund", "refund-reversal"]));
  await quiet();
  expect(await order.kinds()).toEqual(["capture", "refund", "refund-reversal"]);
  expect(await order.payment()).toEqual({ status: "captured", refunded: 0, refunding: 0 });
  expect(await order.balance(gateway)).toBe(1999);
  expect(order.service.atProvider(order.id)).toMatchObject({ refunded: 0, net: 1999 });
  expect(await order.service.events(order.id)).toEqual([
    "initiated",
    "processed",
    "refunded",
    "refund-reversed",
  ]);
  expect(order.service.lines.filter((line) => line.includes("a refund came back")).length).toBeGreaterThan(0);
  expect(await order.service.refund(paymentId, 500)).toMatchObject({ status: 201 });
  await quiet();
});

test("news from before it came back books nothing, and the reconciliation finds nothing wrong", async () => {
  const paymentId = await charge();
  await order.service.refund(paymentId, 700);
  await soon(async () => expect(await order.kinds()).toContain("refund-reversal"));
  const { intents, charges } = order.service.sandbox.state();
  const intent = intents.find(({ metadata }) => metadata.orderId === order.id);
  const late = charges.find(({ payment_intent }) => payment_intent === intent?.id);
  const told = {
    id: `evt_${uuidV7()}`,
    type: "charge.refunded",
    data: { object: { ...late, amount_refunded: 700 } },
  };
  expect(await takeNews(order.service.deps, "stripe", JSON.stringify(told))).toBe("nothing-to-do");
  expect(await order.payment()).toMatchObject({ refunded: 0 });
  const found = await reconcile(order.service.deps, order.service.deps.gateways.stripe, windowNow());
  expect(found.findings.filter((each) => each.orderId === order.id)).toEqual([]);
});

test("of one that came back to PayPal, and whose news was lost, the reconciliation tells", async () => {
  await order.service.refund(await charge("paypal"), 700);
  await soon(async () => expect(await order.kinds()).toContain("refund-reversal"));
  const { deps, sql } = order.service;
  const found = async () => {
    const { findings } = await reconcile(deps, gatewayNamed(deps.gateways, "paypal"), windowNow());
    return findings.filter((each) => each.orderId === order.id).map(({ kind }) => kind);
  };
  expect(await found()).toEqual([]);
  await sql`update refunds set status = 'succeeded' where payment_id in
    (select id from payments where order_id = ${order.id})`;
  expect(await found()).toEqual(["refund-missing"]);
});

both("a cancellation sends one that came back to %s anew, a while later", async (gateway) => {
  await charge(gateway);
  await order.service.cancel(order.id);
  await soon(async () => expect(await order.kinds()).toEqual(["capture", "refund", "refund-reversal"]));
  await sweepPayments(order.service.deps);
  expect(await order.kinds()).toHaveLength(3);
  await order.service.passTime();
  await sweepPayments(order.service.deps);
  expect((await order.kinds()).filter((kind) => kind === "refund").length).toBeGreaterThan(1);
  await quiet();
});

test("one whose outcome was still open counts as refused, whatever the answer says later", async () => {
  const paymentId = await charge();
  const refundId = uuidV7();
  await order.service.sql`update payments set refunding = 300 where id = ${paymentId}`;
  await order.service.sql`
    insert into refunds (id, payment_id, amount, reason, origin, status) values
    (${refundId}, ${paymentId}, 300, 'test', 'admin', 'pending')`;
  const intent = order.service.sandbox.state().intents.find(({ metadata }) => metadata.orderId === order.id);
  const object = {
    id: "re_1",
    payment_intent: intent?.id,
    amount: 300,
    currency: "eur",
    status: "failed",
    metadata: { refundId },
  };
  const tell = (extra: object = {}) =>
    takeNews(
      order.service.deps,
      "stripe",
      JSON.stringify({
        id: `evt_${uuidV7()}`,
        type: "refund.failed",
        data: { object: { ...object, ...extra } },
      }),
    );
  expect(await tell({ status: "succeeded" })).toBe("nothing-to-do");
  expect(await tell({ metadata: { refundId: uuidV7() } })).toBe("nothing-to-do");
  expect(await tell()).toBe("applied");
  expect(await tell()).toBe("nothing-to-do");
  expect(await order.payment()).toEqual({ status: "captured", refunded: 0, refunding: 0 });
  expect(await order.kinds()).toEqual(["capture"]);
});

both("one that was made at %s itself comes back, whatever is told first", async (gateway) => {
  await charge(gateway);
  const teller = (gateway === "stripe" ? stripeTeller : paypalTeller)(order);
  await teller.refund(250);
  await quiet();
  await order.service.sql`update waiting_news set next_attempt_at = now()`;
  await takeWaitingNews(order.service.deps);
  expect(await order.payment()).toMatchObject({ status: "captured", refunded: 0, refunding: 0 });
  expect(await order.balance(gateway)).toBe(1999);
  const [refund] = await order.service.sql<{ status: string }[]>`
    select r.status from refunds r join payments p on p.id = r.payment_id where p.order_id = ${order.id}`;
  expect(refund).toEqual({ status: "failed" });
});
