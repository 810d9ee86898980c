import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { eventually } from "#mesh/eventually";
import { uuidV7 } from "#mesh/uuid-v7";
import { reconcile } from "./reconcile.ts";
import { applyStripeWebhook } from "./stripe-webhook.ts";
import { sweepPayments } from "./sweep-payments.ts";
import { startTestService, type TestService } from "./test-service.ts";

/** Until it no longer throws. */
const soon = (attempt: () => Promise<void>) =>
  eventually(async () => {
    await attempt();
    return true;
  });

let service: TestService;
let orderId: string;
beforeAll(async () => {
  service = await startTestService({ webhooks: true });
});
afterAll(() => service.stop());
beforeEach(() => {
  orderId = uuidV7();
});

const payment = async () =>
  (
    await service.sql<{ status: string; refunded: number; refunding: number }[]>`
      select status, refunded, refunding from payments where order_id = ${orderId}`
  )[0];
const kinds = async () => (await service.ledger(orderId)).map(({ kind }) => kind);
const balance = async () =>
  (
    await service.sql<{ sum: number }[]>`
      select sum(e.amount)::int as sum from ledger_entries e join payments p on p.id = e.payment_id
      where p.order_id = ${orderId} and e.account = 'stripe:balance'`
  )[0]?.sum;
const quiet = () =>
  soon(async () => {
    const { refunds, webhooks } = service.sandbox.state();
    expect(refunds.every(({ status }) => status === "failed")).toBe(true);
    expect(webhooks).toMatchObject({ pending: 0, failed: 0 });
  });
const charge = async () => (await service.charge(orderId, "pm_card_refundFail")).body.id;

test("a refund that comes back is booked back, once, and can be made again", async () => {
  const paymentId = await charge();
  expect(await service.refund(paymentId, 1999)).toMatchObject({ status: 201, body: { status: "succeeded" } });
  await soon(async () => expect(await kinds()).toEqual(["capture", "refund", "refund-reversal"]));
  await quiet();
  expect(await kinds()).toEqual(["capture", "refund", "refund-reversal"]);
  expect(await payment()).toEqual({ status: "captured", refunded: 0, refunding: 0 });
  expect(await balance()).toBe(1999);
  expect(service.atProvider(orderId)).toMatchObject({ refunded: 0, net: 1999 });
  expect(await service.events(orderId)).toEqual(["initiated", "processed", "refunded", "refund-reversed"]);
  expect(service.lines.filter((line) => line.includes("a refund came back")).length).toBeGreaterThan(0);
  expect(await service.refund(paymentId, 500)).toMatchObject({ status: 201 });
  await quiet();
});

test("news from before it came back books nothing, and the reconciliation finds nothing wrong", async () => {
  const paymentId = await charge();
  await service.refund(paymentId, 700);
  await soon(async () => expect(await kinds()).toContain("refund-reversal"));
  const { intents, charges } = service.sandbox.state();
  const intent = intents.find(({ metadata }) => metadata.orderId === orderId);
  const late = charges.find(({ payment_intent }) => payment_intent === intent?.id);
  const told = {
    id: `evt_${uuidV7()}`,
    type: "charge.refunded",
    data: { object: { ...late, amount_refunded: 700 } },
  };
  expect(await applyStripeWebhook(service.deps, JSON.stringify(told))).toBe("nothing-to-do");
  expect(await payment()).toMatchObject({ refunded: 0 });
  const window = { from: new Date(Date.now() - 60_000), to: new Date(Date.now() + 60_000) };
  const found = await reconcile(service.deps, service.deps.gateways.stripe, window);
  expect(found.findings.filter((each) => each.orderId === orderId)).toEqual([]);
});

test("a cancellation sends it anew, a while later", async () => {
  await charge();
  await service.cancel(orderId);
  await soon(async () => expect(await kinds()).toEqual(["capture", "refund", "refund-reversal"]));
  await sweepPayments(service.deps);
  expect(await kinds()).toHaveLength(3);
  await service.passTime();
  await sweepPayments(service.deps);
  expect((await kinds()).filter((kind) => kind === "refund").length).toBeGreaterThan(1);
  await quiet();
});

test("one whose outcome was still open counts as refused, whatever the answer says later", async () => {
  const paymentId = await charge();
  const refundId = uuidV7();
  await service.sql`update payments set refunding = 300 where id = ${paymentId}`;
  await service.sql`
    insert into refunds (id, payment_id, amount, reason, origin, status) values
    (${refundId}, ${paymentId}, 300, 'test', 'admin', 'pending')`;
  const intent = service.sandbox.state().intents.find(({ metadata }) => metadata.orderId === orderId);
  const object = {
    id: "re_1",
    payment_intent: intent?.id,
    amount: 300,
    currency: "eur",
    status: "failed",
    metadata: { refundId },
  };
  const tell = (extra: object = {}) =>
    applyStripeWebhook(
      service.deps,
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
  expect(await payment()).toEqual({ status: "captured", refunded: 0, refunding: 0 });
  expect(await kinds()).toEqual(["capture"]);
});

test("one that was made in Stripe's dashboard is booked back too", async () => {
  await charge();
  const intent = service.sandbox.state().intents.find(({ metadata }) => metadata.orderId === orderId);
  await service.stripePost("/v1/refunds", { payment_intent: intent?.id ?? "", amount: "250" });
  await soon(async () => expect(await kinds()).toEqual(["capture", "refund", "refund-reversal"]));
  expect(await balance()).toBe(1999);
});
