import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { uuidV7 } from "#mesh/uuid-v7";
import { forgetOldKeys } from "./refund-store.ts";
import { sweepPayments } from "./sweep-payments.ts";
import { startTestService, type TestService } from "./test-service.ts";

let service: TestService;
let orderId: string;
let paymentId: string;

beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.stop());
beforeEach(async () => {
  delete service.network.before;
  orderId = uuidV7();
  paymentId = (await service.charge(orderId)).body.id;
});

const payment = async () =>
  (await service.call("GET", `/api/payments/${paymentId}`, service.tokens.user)).body;
const refundRows = async () =>
  await service.sql<
    { status: string }[]
  >`select status from refunds where payment_id = ${paymentId} order by id`;

test("in part, then the rest; the payment shows both", async () => {
  expect(await service.refund(paymentId, 500)).toMatchObject({
    status: 201,
    body: { paymentId, status: "succeeded", amount: { amount: 500, currency: "EUR" }, reason: "damaged" },
  });
  expect(await payment()).toMatchObject({ status: "captured", refunded: { amount: 500 } });
  expect(await service.refund(paymentId, 1499)).toMatchObject({ status: 201 });
  expect(await payment()).toMatchObject({ status: "refunded", refunded: { amount: 1999 } });
  expect((await service.ledger(orderId)).map(({ amount }) => amount)).toEqual([1999, 500, 1499]);
  expect(await service.events(orderId)).toEqual(["initiated", "processed", "refunded", "refunded"]);
  expect(service.atProvider(orderId)).toMatchObject({ net: 0 });
});

test("above what was captured is refused, and again for the same key", async () => {
  const key = uuidV7();
  const refused = { status: 422, body: { code: "refund-above-captured", left: { amount: 1999 } } };
  expect(await service.refund(paymentId, 2000, key)).toMatchObject(refused);
  const again = await service.refund(paymentId, 2000, key);
  expect(again).toMatchObject(refused);
  expect(again.headers.get("idempotency-replayed")).toBe("true");
  expect(service.atProvider(orderId)).toMatchObject({ refunded: 0 });
});

test("of a declined payment is refused", async () => {
  const declined = uuidV7();
  await service.charge(declined, "pm_card_chargeDeclined");
  const [row] = await service.sql<{ id: string }[]>`select id from payments where order_id = ${declined}`;
  expect(await service.refund(row?.id ?? "", 1)).toMatchObject({
    status: 409,
    body: { code: "nothing-captured" },
  });
});

test("a repeated key gets the first answer, another body with it is refused", async () => {
  const key = uuidV7();
  const first = await service.refund(paymentId, 500, key);
  const again = await service.refund(paymentId, 500, key);
  expect(again).toMatchObject({ status: 201, body: first.body });
  expect(first.headers.get("idempotency-replayed")).toBeNull();
  expect(again.headers.get("idempotency-replayed")).toBe("true");
  expect(await service.refund(paymentId, 501, key)).toMatchObject({
    status: 422,
    body: { code: "idempotency-key-reused" },
  });
  expect(service.atProvider(orderId)).toMatchObject({ refunded: 500 });
});

test("a repeat gets the first answer byte for byte, refusals too, and for 24 hours", async () => {
  for (const amount of [500, 5000]) {
    const key = uuidV7();
    const first = await service.refund(paymentId, amount, key);
    const again = await service.refund(paymentId, amount, key, service.twin);
    expect(again.text).toBe(first.text);
    expect(again.headers.get("content-type")).toBe(first.headers.get("content-type"));
    await forgetOldKeys(service.sql);
    expect((await service.refund(paymentId, amount, key)).text).toBe(first.text);
    await service.sql`
      update refunds set created_at = now() - interval '25 hours' where idempotency_key = ${key}`;
    await forgetOldKeys(service.sql);
    expect((await service.refund(paymentId, amount, key)).headers.get("idempotency-replayed")).toBeNull();
  }
  expect(service.atProvider(orderId)).toMatchObject({ refunded: 1000 });
});

test("a refund in another currency, or written as a fraction, is refused", async () => {
  const path = `/api/payments/${paymentId}/refunds`;
  const asked = (amount: unknown) =>
    service.call(
      "POST",
      path,
      service.tokens.admin,
      { amount, reason: "x" },
      { "idempotency-key": uuidV7() },
    );
  expect(await asked({ amount: 1, currency: "USD" })).toMatchObject({
    status: 422,
    body: { code: "currency-differs", detail: "The payment is in EUR" },
  });
  for (const amount of [1.5, "1.00", 1e-2]) {
    expect(await asked({ amount, currency: "EUR" })).toMatchObject({ status: 422 });
  }
});

test("a card number in the reason or in the key is refused and written nowhere", async () => {
  const number = "4000 0566 5566 5556";
  const path = `/api/payments/${paymentId}/refunds`;
  const amount = { amount: 1, currency: "EUR" };
  for (const [reason, key] of [
    [`for card ${number}`, uuidV7()],
    ["x", number.replaceAll(" ", "-")],
  ]) {
    const reply = await service.call(
      "POST",
      path,
      service.tokens.admin,
      { amount, reason },
      { "idempotency-key": key },
    );
    expect(reply).toMatchObject({ status: 422, body: { code: "card-number-refused" } });
    expect(reply.text).not.toContain("5556");
  }
  expect(service.lines.join("\n")).not.toContain("5556");
});

test("one key at the same instant in two processes sends the money once", async () => {
  const key = uuidV7();
  const replies = await Promise.all(
    Array.from({ length: 8 }, (_, i) =>
      service.refund(paymentId, 500, key, i % 2 === 0 ? undefined : service.twin),
    ),
  );
  for (const { status, body } of replies) {
    if (status !== 201) expect(body).toMatchObject({ status: 409, code: "idempotency-key-in-flight" });
  }
  expect(replies.some(({ status }) => status === 201)).toBe(true);
  expect(service.atProvider(orderId)).toMatchObject({ refunded: 500 });
});

test("different keys at the same instant never send more than was captured", async () => {
  const replies = await Promise.all(
    Array.from({ length: 6 }, (_, i) =>
      service.refund(paymentId, 500, uuidV7(), i % 2 === 0 ? undefined : service.twin),
    ),
  );
  expect(replies.map(({ status }) => status).sort((a, b) => a - b)).toEqual([201, 201, 201, 422, 422, 422]);
  expect(service.atProvider(orderId)).toMatchObject({ refunded: 1500 });
});

test("an unknown outcome is pending, keeps its money aside, and the sweep ends it with one refund", async () => {
  service.network.before = async (_, go) => {
    await go();
    return new Response("gone", { status: 502 });
  };
  const key = uuidV7();
  const first = await service.refund(paymentId, 1500, key);
  expect(first).toMatchObject({ status: 201, body: { status: "pending" } });
  delete service.network.before;
  expect(await service.refund(paymentId, 500)).toMatchObject({ status: 422 });
  await service.passTime();
  await sweepPayments(service.deps);
  expect(await refundRows()).toMatchObject([{ status: "succeeded" }, { status: "refused" }]);
  expect(await payment()).toMatchObject({ refunded: { amount: 1500 } });
  expect(service.atProvider(orderId)).toMatchObject({ refunded: 1500 });
  expect(await service.refund(paymentId, 1500, key)).toMatchObject({ status: 201, body: first.body });
});

test("a process that died in the middle is replaced by the repeat of the request", async () => {
  const key = uuidV7();
  service.network.before = async () => new Response("no", { status: 503 });
  await service.refund(paymentId, 500, key);
  delete service.network.before;
  await service.sql`update refunds set answer_status = null, answer_body = null, claimed_until = now() + interval '1 minute'
    where payment_id = ${paymentId}`;
  expect(await service.refund(paymentId, 500, key)).toMatchObject({
    status: 409,
    body: { code: "idempotency-key-in-flight" },
  });
  await service.passTime();
  expect(await service.refund(paymentId, 500, key)).toMatchObject({
    status: 201,
    body: { status: "succeeded" },
  });
  expect(service.atProvider(orderId)).toMatchObject({ refunded: 500 });
});

test("one that the provider refuses frees its money and is told", async () => {
  service.network.before = async () =>
    Response.json(
      { error: { type: "invalid_request_error", code: "charge_disputed", message: "no" } },
      { status: 400 },
    );
  expect(await service.refund(paymentId, 500)).toMatchObject({
    status: 409,
    body: { code: "refund-refused" },
  });
  delete service.network.before;
  expect(await service.refund(paymentId, 1999)).toMatchObject({ status: 201 });
});
