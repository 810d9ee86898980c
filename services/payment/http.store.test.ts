import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { uuidV7 } from "#mesh/uuid-v7";
import { startTestService, type TestService } from "./test-service.ts";

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.stop());

const rows = async () => {
  const [row] = await service.sql<{ count: number }[]>`
    select (select count(*) from payments) + (select count(*) from refunds) + (select count(*) from outbox) as count`;
  return row?.count;
};
const money = { amount: 100, currency: "EUR" };

describe("reading", () => {
  test("is for the owner and admins; to others the payment does not exist", async () => {
    const orderId = uuidV7();
    const { body } = await service.charge(orderId);
    const stranger = await service.people.userToken({ userId: uuidV7() });
    for (const token of [service.tokens.user, service.tokens.admin]) {
      expect(await service.call("GET", `/api/payments/${body.id}`, token)).toMatchObject({
        status: 200,
        body,
      });
      expect((await service.call("GET", `/api/payments?orderId=${orderId}`, token)).body).toMatchObject({
        data: [body],
        nextCursor: null,
      });
    }
    expect(await service.call("GET", `/api/payments/${body.id}`, stranger)).toMatchObject({
      status: 404,
      body: { code: "payment-not-found" },
    });
    expect((await service.call("GET", `/api/payments?orderId=${orderId}`, stranger)).body.data).toEqual([]);
  });

  test("a tombstone is nobody's payment", async () => {
    const orderId = uuidV7();
    await service.cancel(orderId);
    const list = await service.call("GET", `/api/payments?orderId=${orderId}`, service.tokens.admin);
    expect(list.body.data).toEqual([]);
  });

  test.each([
    ["/api/payments/nothing", 422],
    [`/api/payments/${uuidV7()}`, 404],
    ["/api/payments", 422],
    ["/api/payments?orderId=1", 422],
    [`/api/payments?orderId=${uuidV7()}&limit=1`, 422],
  ])("%s is answered with %d", async (path, status) => {
    expect(await service.call("GET", path, service.tokens.user)).toMatchObject({ status });
  });
});

describe("who may call", () => {
  const charge = () => [`/internal/payments/${uuidV7()}`, service.chargeBody("pm_card_visa", 100)] as const;

  test("only order-service charges and cancels", async () => {
    const [path, body] = charge();
    const product = await service.people.serviceToken("product-service");
    for (const token of [service.tokens.user, service.tokens.admin, product]) {
      expect(await service.call("PUT", path, token, body)).toMatchObject({ status: 403 });
      expect(await service.call("POST", `${path}/cancel`, token, { reason: "x" })).toMatchObject({
        status: 403,
      });
    }
    expect(await service.call("PUT", path, "nonsense", body)).toMatchObject({ status: 401 });
  });

  test("only an admin refunds", async () => {
    const { body } = await service.charge(uuidV7());
    const refund = { amount: money, reason: "x" };
    for (const token of [service.tokens.user, service.tokens.order]) {
      const reply = await service.call("POST", `/api/payments/${body.id}/refunds`, token, refund, {
        "idempotency-key": "k",
      });
      expect(reply).toMatchObject({ status: 403, body: { code: "forbidden" } });
    }
  });
});

describe("bad input changes no row", () => {
  const good = () => service.chargeBody("pm_card_visa", 100);
  const badCharges: [string, (body: ReturnType<typeof good>) => unknown, number, string][] = [
    ["an amount of 0", (body) => ({ ...body, amount: { ...money, amount: 0 } }), 422, "validation-failed"],
    [
      "a negative amount",
      (body) => ({ ...body, amount: { ...money, amount: -1 } }),
      422,
      "validation-failed",
    ],
    ["half a cent", (body) => ({ ...body, amount: { ...money, amount: 1.5 } }), 422, "validation-failed"],
    ["10^12", (body) => ({ ...body, amount: { ...money, amount: 1e12 } }), 422, "card-number-refused"],
    [
      "an amount as text",
      (body) => ({ ...body, amount: { ...money, amount: "100" } }),
      422,
      "validation-failed",
    ],
    [
      "a currency in lower case",
      (body) => ({ ...body, amount: { ...money, currency: "eur" } }),
      422,
      "validation-failed",
    ],
    ["an unknown field", (body) => ({ ...body, price: 1 }), 422, "validation-failed"],
    ["no user", (body) => ({ ...body, userId: undefined }), 422, "validation-failed"],
    [
      "another kind of payment",
      (body) => ({ ...body, paymentMethod: { type: "cash", token: "pm_x" } }),
      422,
      "validation-failed",
    ],
    [
      "a token with a blank",
      (body) => ({ ...body, paymentMethod: { type: "card", token: "pm x" } }),
      422,
      "validation-failed",
    ],
    [
      "a card number",
      (body) => ({ ...body, paymentMethod: { type: "card", token: "4242424242424242" } }),
      422,
      "card-number-refused",
    ],
    [
      "a card number with blanks",
      (body) => ({ ...body, paymentMethod: { type: "card", token: "4242 4242 4242 4242" } }),
      422,
      "card-number-refused",
    ],
    [
      "a card number in an unknown field",
      (body) => ({ ...body, number: 4242424242424242 }),
      422,
      "card-number-refused",
    ],
    ["no JSON", () => "{", 400, "malformed-request"],
    ["an array", () => [], 422, "validation-failed"],
  ];
  test.each(badCharges)("a charge with %s", async (_, change, status, code) => {
    const before = await rows();
    const path = `/internal/payments/${uuidV7()}`;
    const reply = await service.call("PUT", path, service.tokens.order, change(good()));
    expect(reply).toMatchObject({ status, body: { code } });
    expect(await rows()).toBe(before);
  });

  test("a charge of no order id, with another content type, or with bytes that are no UTF-8", async () => {
    const { order } = service.tokens;
    expect(await service.call("PUT", "/internal/payments/1", order, good())).toMatchObject({ status: 422 });
    const path = `/internal/payments/${uuidV7()}`;
    const text = { "content-type": "text/plain" };
    expect(await service.call("PUT", path, order, good(), text)).toMatchObject({ status: 415 });
    const request = new Request(`http://payment${path}`, {
      method: "PUT",
      headers: { authorization: `Bearer ${order}`, "content-type": "application/json" },
      body: new Uint8Array([0x22, 0xff, 0x22]),
    });
    expect(await service.send(request)).toMatchObject({ status: 400, body: { code: "malformed-request" } });
  });

  test("a cancellation without a reason or with a card number as reason", async () => {
    const path = `/internal/payments/${uuidV7()}/cancel`;
    expect(await service.call("POST", path, service.tokens.order, {})).toMatchObject({ status: 422 });
    const reason = "card 4242 4242 4242 4242";
    expect(await service.call("POST", path, service.tokens.order, { reason })).toMatchObject({
      status: 422,
      body: { code: "card-number-refused" },
    });
  });

  const badRefunds: [string, unknown, Record<string, string>, number, string][] = [
    ["no key", { amount: money, reason: "x" }, {}, 400, "idempotency-key-missing"],
    [
      "a key that is too long",
      { amount: money, reason: "x" },
      { "idempotency-key": "k".repeat(256) },
      400,
      "idempotency-key-missing",
    ],
    [
      "nothing to refund",
      { amount: { ...money, amount: 0 }, reason: "x" },
      { "idempotency-key": "a" },
      422,
      "validation-failed",
    ],
    ["a bare number", { amount: 100, reason: "x" }, { "idempotency-key": "b" }, 422, "validation-failed"],
    ["no reason", { amount: money, reason: "" }, { "idempotency-key": "c" }, 422, "validation-failed"],
    [
      "a card number",
      { amount: money, reason: "4242424242424242" },
      { "idempotency-key": "d" },
      422,
      "card-number-refused",
    ],
    [
      "another currency",
      { amount: { amount: 1, currency: "USD" }, reason: "x" },
      { "idempotency-key": "e" },
      422,
      "currency-differs",
    ],
  ];
  test.each(badRefunds)("a refund with %s", async (_, body, headers, status, code) => {
    const paid = await service.charge(uuidV7());
    const path = `/api/payments/${paid.body.id}/refunds`;
    expect(await service.call("POST", path, service.tokens.admin, body, headers)).toMatchObject({
      status,
      body: { code },
    });
    expect(service.sandbox.state().refunds).toEqual([]);
  });

  test("a refund of an unknown payment", async () => {
    const reply = await service.refund(uuidV7(), 1);
    expect(reply).toMatchObject({ status: 404, body: { code: "payment-not-found" } });
  });

  test("no card number was written to the log or to the database", async () => {
    expect(service.lines.join("\n")).not.toMatch(/4242[ -]?4242/);
    const [row] = await service.sql<{ text: string }[]>`
      select coalesce(string_agg(payments::text, ' '), '') as text from payments`;
    expect(row?.text).not.toContain("4242424242424242");
  });
});

test("the books of orders are for order-service: what was taken, given back and booked", async () => {
  const [paid, declined, unknown, taken] = [uuidV7(), uuidV7(), uuidV7(), uuidV7()];
  const { body } = await service.charge(paid);
  await service.charge(taken, "pm_card_createDispute");
  const dispute = service.sandbox.state().disputes.at(-1);
  await service.webhook({ id: "evt_books", type: "charge.dispute.created", data: { object: dispute } });
  await service.charge(declined, "pm_card_chargeDeclined");
  const refund = { amount: money, reason: "x" };
  await service.call("POST", `/api/payments/${body.id}/refunds`, service.tokens.admin, refund, {
    "idempotency-key": "books",
  });
  const find = (token: string) =>
    service.call("POST", "/internal/payments/find", token, { orderIds: [paid, declined, unknown, taken] });
  expect((await find(service.tokens.admin)).status).toBe(403);
  const { payments } = (await find(service.tokens.order)).body as unknown as {
    payments: { orderId: string; captured: number; refunded: number; booked: number }[];
  };
  const of = (id: string) => payments.find(({ orderId }) => orderId === id);
  const { captured = 0 } = of(paid) ?? {};
  expect(captured).toBeGreaterThan(100);
  expect(of(paid)).toMatchObject({ refunded: 100, booked: captured - 100, undone: 0, currency: "EUR" });
  expect(of(taken)).toMatchObject({ captured, refunded: 0, withdrawn: captured, booked: 0 });
  expect(of(declined)).toMatchObject({ captured: 0, refunded: 0, booked: 0 });
  expect(of(unknown)).toBeUndefined();
});
