import { expect, test } from "bun:test";
import { meetAtLock } from "#mesh/postgres/interleaving";
import { uuidV7 } from "#mesh/uuid-v7";
import { orderUnderTest } from "./order-under-test.ts";
import { gatewayNamed } from "./payment-gateway.ts";
import { paypalTeller, type Told } from "./provider-teller.ts";
import { reconcile } from "./reconcile.ts";
import { eventResource } from "./sandbox/paypal/paypal-objects.ts";
import { takeNews, takeWaitingNews } from "./take-news.ts";

const order = orderUnderTest({ webhooks: false });
const paypal = paypalTeller(order);
const type = "PAYMENT.CAPTURE.REVERSED";

const tell = async (told: Told, id = `WH-${uuidV7()}`) =>
  await takeNews(
    order.service.deps,
    "paypal",
    JSON.stringify({ id, event_type: told.type, resource: told.object }),
  );
const run = async () => {
  const window = { from: new Date(Date.now() - 60_000), to: new Date(Date.now() + 60_000) };
  const result = await reconcile(
    order.service.deps,
    gatewayNamed(order.service.deps.gateways, "paypal"),
    window,
  );
  return result.findings.filter((each) => each.orderId === order.id).map(({ kind }) => kind);
};
const charge = async (does = "success") =>
  (await order.service.charge(order.id, order.paypalToken(does))).body.id;
const recordOf = () => {
  const found = order.service.sandbox.state().paypal.find(({ customId }) => customId === order.id);
  if (found === undefined) throw new Error("PayPal has none");
  return found;
};
/** PayPal takes so much back, without any dispute. */
function reverse(amount = 1999): Told {
  const refund = {
    id: `R${uuidV7().slice(-8)}`,
    amount,
    customId: null,
    at: Date.now(),
    reversal: true,
  } as const;
  recordOf().refunds.push(refund);
  return { type, object: eventResource({ type, order: recordOf(), refund }, "") };
}
/** What PayPal tells of the money of a dispute that was lost. */
function reversed(): Told {
  const refund = recordOf().refunds.find(({ reversal }) => reversal);
  if (refund === undefined) throw new Error("PayPal took nothing back");
  return { type, object: eventResource({ type, order: recordOf(), refund }, "") };
}
const booksAgree = async () => {
  const { net } = order.service.atProvider(order.id);
  expect(await order.balance("paypal")).toBe(net);
};
const meetAtPayment = (...acts: (() => Promise<unknown>)[]) =>
  meetAtLock(
    order.service.sql,
    (tx) => tx`select from payments where order_id = ${order.id} for update`,
    acts,
  );

test("a payment that PayPal took back is booked once, and nothing of it can be refunded", async () => {
  const id = await charge();
  const told = reverse();
  expect(await tell(told, "WH-once")).toBe("applied");
  expect(await tell(told, "WH-once")).toBe("nothing-to-do");
  expect(await tell(told)).toBe("nothing-to-do");
  expect(await order.kinds()).toEqual(["capture", "reversal"]);
  expect(await order.shown()).toBe("disputed");
  expect(await order.service.refund(id, 1)).toMatchObject({ status: 409 });
  expect(await run()).toEqual([]);
  expect(await order.kinds()).toHaveLength(2);
  expect(await order.service.events(order.id)).toEqual(["initiated", "processed", "disputed"]);
  await booksAgree();
});

test("of which nobody told is found in PayPal's list of transactions, and the late news changes nothing", async () => {
  await charge();
  const told = reverse(700);
  expect(await run()).toEqual([]);
  expect(await order.kinds()).toEqual(["capture", "reversal"]);
  expect(await tell(told)).toBe("nothing-to-do");
  await booksAgree();
});

test.each([
  ["the list first", 0],
  ["the news first", 1],
] as const)("told and listed at once is booked once: %s", async (_, at) => {
  await charge();
  const told = reverse();
  const acts = [run, () => tell(told), () => tell(told)] as const;
  await meetAtPayment(...(at === 0 ? acts : acts.toReversed()));
  expect(await order.kinds()).toEqual(["capture", "reversal"]);
  await booksAgree();
});

test("of a charge whose answer was lost is booked with it", async () => {
  order.service.network.before = async (request, go) => {
    const answer = await go();
    return request.url.includes("/capture") ? new Response("gone", { status: 502 }) : answer;
  };
  await charge();
  delete order.service.network.before;
  expect(await tell(reverse())).toBe("applied");
  expect(await order.kinds()).toEqual(["capture", "reversal"]);
  await booksAgree();
});

test.each([
  ["the dispute first", 0],
  ["the reversal first", 1],
] as const)("the loss of a dispute and the reversal that it is are the same money: %s", async (_, at) => {
  await charge("dispute");
  await tell(paypal.disputed());
  await paypal.lose();
  const news = [paypal.disputed(), reversed()] as const;
  const acts = news.map((told) => () => tell(told));
  await meetAtPayment(...(at === 0 ? acts : acts.toReversed()));
  expect(await order.kinds()).toEqual(["capture", at === 0 ? "dispute-withdrawal" : "reversal"]);
  for (const told of news) expect(await tell(told)).toBe("nothing-to-do");
  expect(await run()).toEqual([]);
  expect(await order.kinds()).toHaveLength(2);
  expect(await order.shown()).toBe("disputed");
  await booksAgree();
});

test("a refund in PayPal's own pages is not confused with a reversal, whichever is looked at first", async () => {
  await charge();
  await paypal.refund(500);
  const refunded = paypal.refunded();
  const taken = reverse(1499);
  // PayPal's list has both at this moment, and does not say which is which.
  expect(await tell(refunded)).toBe("applied");
  expect(await tell(taken)).toBe("applied");
  expect(await run()).toEqual([]);
  await booksAgree();
  const [payment] = await order.service.sql<{ gone: number }[]>`
    select refunded + withdrawn as gone from payments where order_id = ${order.id}`;
  expect(payment?.gone).toBe(1999);
});

test("a refund that is told and listed again while a reversal is not known yet is booked once", async () => {
  await charge();
  const taken = reverse(700);
  await paypal.refund(500);
  const refunded = paypal.refunded();
  expect(await tell(refunded)).toBe("applied");
  expect(await tell(refunded)).toBe("nothing-to-do");
  expect(await run()).toEqual([]);
  expect((await order.kinds()).toSorted()).toEqual(["capture", "refund", "reversal"]);
  expect(await tell(taken)).toBe("nothing-to-do");
  await booksAgree();
});

test("a reversal that is known is no refund when one is told", async () => {
  await charge();
  const taken = reverse(1499);
  expect(await tell(taken)).toBe("applied");
  await paypal.refund(500);
  expect(await tell(paypal.refunded())).toBe("applied");
  expect(await order.kinds()).toEqual(["capture", "reversal", "refund"]);
  await booksAgree();
});

test("a refund that came to nothing is not taken for made because of what was taken back", async () => {
  await charge();
  await paypal.refund(500);
  const made = paypal.refunded();
  paypal.failRefund();
  expect(await tell(reverse(700))).toBe("applied");
  expect(await tell(made)).toBe("nothing-to-do");
  expect(await order.kinds()).toEqual(["capture", "reversal"]);
  await booksAgree();
});

test("one of more than is left waits for the news that makes room for it", async () => {
  const id = await charge("refundfail");
  await order.service.refund(id, 1999);
  const refund = recordOf().refunds[0];
  if (refund === undefined) throw new Error("PayPal has no refund");
  refund.failed = true;
  expect(await tell(reverse())).toBe("waits");
  const failed = "PAYMENT.REFUND.FAILED" as const;
  await tell({ type: failed, object: eventResource({ type: failed, order: recordOf(), refund }, "") });
  await order.service.sql`update waiting_news set next_attempt_at = now()`;
  await takeWaitingNews(order.service.deps);
  expect(await order.kinds()).toEqual(["capture", "refund", "refund-reversal", "reversal"]);
  await booksAgree();
});

test("ends a cancellation: what was taken is gone back too", async () => {
  await charge();
  expect(await tell(reverse())).toBe("applied");
  expect(await order.service.cancel(order.id)).toMatchObject({ status: 200, body: { status: "refunded" } });
  await booksAgree();
});

test("what came back of one, and no dispute tells of, is for a person to look at", async () => {
  await charge();
  await tell(reverse());
  order.service.network.before = async (request, go) => {
    const answer = await go();
    if (!request.url.includes("/v1/reporting/transactions")) return answer;
    const list = (await answer.json()) as { transaction_details: object[] };
    const info = {
      transaction_id: `B${order.id.slice(-8)}`,
      transaction_event_code: "T1202",
      transaction_status: "S",
      transaction_initiation_date: new Date().toISOString(),
      transaction_amount: { currency_code: "EUR", value: "19.99" },
      paypal_reference_id: recordOf().captureId,
    };
    return Response.json({
      ...list,
      transaction_details: [...list.transaction_details, { transaction_info: info }],
    });
  };
  expect(await run()).toEqual(["return-unbooked"]);
});
