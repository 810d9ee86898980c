import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { eventually } from "#mesh/eventually";
import { uuidV7 } from "#mesh/uuid-v7";
import { type PaypalDispute, paypalDisputeNews } from "./paypal-dispute.ts";
import { applyPaypalWebhook } from "./paypal-webhook.ts";
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

async function disputed() {
  const { body } = await service.charge(orderId, `SANDBOX_dispute_1999_EUR_${orderId.slice(-6)}`);
  await soon(async () => expect(await shown()).toBe("disputed"));
  const record = service.sandbox.state().paypal.find(({ customId }) => customId === orderId);
  const decide = (outcome: string) =>
    service.paypalPost(`/v1/customer/disputes/${record?.dispute?.id}/adjudicate`, {
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
    applyPaypalWebhook(
      service.deps,
      JSON.stringify({ id: `WH-${uuidV7()}`, event_type: `CUSTOMER.DISPUTE.${type}`, resource }),
    );
  return { paymentId: body.id, decide, object, tell };
}
const shown = async () => {
  const { body } = await service.call("GET", `/api/payments?orderId=${orderId}`, service.tokens.user);
  return (body.data[0] as { status?: string } | undefined)?.status;
};
const kinds = async () => (await service.ledger(orderId)).map(({ kind }) => kind);

test("a dispute at PayPal shows, holds refunds up, and takes nothing while it is open", async () => {
  const { paymentId } = await disputed();
  expect(await kinds()).toEqual(["capture"]);
  expect(await service.refund(paymentId, 1)).toMatchObject({
    status: 409,
    body: { code: "payment-disputed" },
  });
});

test("one that is decided for the shop leaves the money and lets refunds go again", async () => {
  const { paymentId, decide } = await disputed();
  await decide("SELLER_FAVOR");
  await soon(async () => expect(await shown()).toBe("captured"));
  expect(await kinds()).toEqual(["capture"]);
  expect(await service.refund(paymentId, 1)).toMatchObject({ status: 201 });
});

test("one that is decided for the buyer is booked once, ends a cancellation, and the books agree", async () => {
  const { decide, object, tell } = await disputed();
  expect(await service.cancel(orderId)).toMatchObject({ status: 202 });
  await decide("BUYER_FAVOR");
  await soon(async () => expect(await kinds()).toEqual(["capture", "dispute-withdrawal"]));
  const lost = object({ status: "RESOLVED", dispute_outcome: { outcome_code: "RESOLVED_BUYER_FAVOUR" } });
  expect(await tell("RESOLVED", lost)).toBe("nothing-to-do");
  expect(await tell("CREATED", object())).toBe("nothing-to-do");
  await service.passTime();
  await sweepPayments(service.deps);
  expect(await service.cancel(orderId)).toMatchObject({ status: 200, body: { status: "refunded" } });
  expect(service.atProvider(orderId)).toMatchObject({ captured: 1999, refunded: 0, withdrawn: 1999, net: 0 });
  const [row] = await service.sql<{ sum: number }[]>`
    select sum(e.amount)::int as sum from ledger_entries e join payments p on p.id = e.payment_id
    where p.order_id = ${orderId} and e.account = 'paypal:balance'`;
  expect(row?.sum).toBe(0);
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
  expect(await kinds()).toEqual(["capture", "dispute-withdrawal", "dispute-reinstatement"]);
  expect(await shown()).toBe("captured");
});

test("of a lost one that was about more, what PayPal gave to the buyer counts", async () => {
  const { object } = await disputed();
  const outcome = { outcome_code: "ACCEPTED", amount_refunded: { currency_code: "EUR", value: "5.00" } };
  const news = paypalDisputeNews(object({ status: "RESOLVED", dispute_outcome: outcome }));
  expect(news).toMatchObject({ status: "lost", amount: 500, withdrawn: true, reinstated: false });
});

test("of a capture that is not ours, and one whose amount cannot be read, nothing is booked", async () => {
  const { object, tell } = await disputed();
  expect(await tell("CREATED", object({ disputed_transactions: [{ seller_transaction_id: "X1" }] }))).toBe(
    "not-ours",
  );
  expect(await tell("CREATED", object({ dispute_amount: { currency_code: "EUR", value: "1.999" } }))).toBe(
    "malformed",
  );
  expect(await kinds()).toEqual(["capture"]);
});
