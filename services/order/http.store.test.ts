import { afterAll, describe, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { uuidV7 } from "#mesh/uuid-v7";
import { lost } from "./fake-services.ts";
import { orderOf, shippingAddress, startTestService } from "./test-service.ts";

const service = await startTestService();
const { call, place, services, sql, customer, stranger, admin } = service;
const soap = services.addProduct(1_000_000, { amount: 499, kgCO2e: "0.35" });
const shirt = services.addProduct(1_000_000, { amount: 2999, kgCO2e: "2.105", name: "Shirt" });
const one = orderOf([{ productId: soap, quantity: 1 }]);

afterAll(() => service.close());

const countRows = async () => {
  const [row] = await sql`
    select (select count(*) from orders) as orders, (select count(*) from idempotency_keys) as keys,
      (select count(*) from outbox) as events`;
  return row;
};

describe("placing an order", () => {
  test("is answered with the confirmed order, which is stored with its event", async () => {
    const items = [
      { productId: shirt.toUpperCase(), quantity: 2 },
      { productId: soap, quantity: 3 },
    ];
    const { status, body, headers } = await place(orderOf(items));
    expect(status).toBe(201);
    expect(headers.get("content-type")).toBe("application/json");
    expect(body).toEqual({
      id: expect.any(String),
      status: "confirmed",
      items: [
        {
          productId: shirt,
          name: "Shirt",
          quantity: 2,
          unitPrice: { amount: 2999, currency: "EUR" },
          carbon: { kgCO2e: "2.105" },
        },
        {
          productId: soap,
          name: "Soap",
          quantity: 3,
          unitPrice: { amount: 499, currency: "EUR" },
          carbon: { kgCO2e: "0.35" },
        },
      ],
      total: { amount: 7495, currency: "EUR" },
      carbon: { kgCO2e: "5.260" },
      shippingAddress,
      paymentMethod: { type: "card" },
      createdAt: expect.any(String),
      updatedAt: expect.any(String),
    } as unknown as typeof body);
    expect(await service.row(body.id)).toEqual({
      status: "confirmed",
      cancel_reason: null,
      step: null,
      lease: null,
      payment_token: null,
    });
    expect(await service.settled(body.id)).toEqual({
      status: "confirmed",
      reservation: "confirmed",
      payment: "captured",
    });
    expect((await service.read(body.id)).body).toEqual(body);
    const [created, confirmedEvent] = await service.events(body.id);
    const { items: lines, total, carbon } = body as unknown as Record<string, unknown>;
    const data = { orderId: body.id, userId: service.userId, items: lines, total, carbon };
    expect(created).toMatchObject({
      type: "ecotrack.order.created.v1",
      source: "/order-service",
      subject: body.id,
      data,
    });
    const paymentId = services.payments.get(body.id)?.id;
    expect(confirmedEvent).toMatchObject({
      type: "ecotrack.order.confirmed.v1",
      subject: body.id,
      data: { ...data, paymentId },
    });
  });

  test("of more than there is gives 409, and a cancelled order that holds nothing", async () => {
    const scarce = services.addProduct(1);
    const { status, body, headers } = await place(orderOf([{ productId: scarce, quantity: 2 }]));
    expect(status).toBe(409);
    expect(headers.get("content-type")).toBe("application/problem+json");
    expect(body).toMatchObject({
      code: "insufficient-stock",
      instance: "/api/orders",
      items: [{ productId: scarce, quantity: 2 }],
    } as object);
    const id = await service.onlyOrder();
    expect(await service.settled(id)).toEqual({
      status: "cancelled",
      reservation: "released",
      payment: "cancelled",
    });
    expect(await service.eventTypes(id)).toEqual(["created", "cancelled"]);
    expect(services.products.get(scarce)?.onHand).toBe(1);
  });

  test("with a card that is declined gives 402, and the stock goes back", async () => {
    const rare = services.addProduct(5);
    const { status, body } = await place(
      orderOf([{ productId: rare, quantity: 5 }], "pm_card_chargeDeclined"),
    );
    expect(status).toBe(402);
    expect(body).toMatchObject({ code: "payment-declined", declineCode: "generic_decline" } as object);
    const id = await service.onlyOrder();
    expect(await service.settled(id)).toEqual({
      status: "cancelled",
      reservation: "released",
      payment: "declined",
    });
    expect(services.products.get(rare)?.onHand).toBe(5);
    expect((await service.read(id)).body).toMatchObject({
      status: "cancelled",
      cancelReason: "payment-declined",
    });
  });

  test("that a service calls invalid ends cancelled, not pending", async () => {
    const { status, body } = await place(orderOf([{ productId: soap, quantity: 1 }], "pm_malformed"));
    expect([status, body.code]).toEqual([422, "order-rejected"]);
    expect(await service.settled(await service.onlyOrder())).toMatchObject({
      status: "cancelled",
      reservation: "released",
    });
  });

  test("of products that do not exist names each of them and stores nothing", async () => {
    const before = await countRows();
    const items = [uuidV7(), soap, uuidV7()].map((productId) => ({ productId, quantity: 1 }));
    const { status, body } = await place(orderOf(items));
    expect([status, body.code]).toEqual([422, "product-not-found"]);
    expect(body.errors.map(({ pointer }) => pointer)).toEqual(["/items/0/productId", "/items/2/productId"]);
    expect(await countRows()).toEqual(before);
  });

  test("in two currencies, or for more than can be charged, is refused", async () => {
    const dollars = services.addProduct(5, { currency: "USD" });
    const mixed = await place(orderOf([soap, dollars].map((productId) => ({ productId, quantity: 1 }))));
    expect([mixed.status, mixed.body.code]).toEqual([422, "mixed-currencies"]);
    const dear = services.addProduct(5000, { amount: 10_000_000 });
    const much = await place(orderOf([{ productId: dear, quantity: 1000 }]));
    expect([much.status, much.body.code]).toEqual([422, "total-too-large"]);
  });

  test("counts in the business metrics", async () => {
    await place(one);
    const text = await service.metrics.text();
    expect(text).toMatch(
      /orders_total\{order_status="confirmed",payment_method="card",service="order-service"\} [1-9]/,
    );
    expect(text).toMatch(/orders_total\{order_status="pending",payment_method="card"/);
    expect(text).toMatch(
      /order_value_bucket\{le="5",service="order-service",currency="EUR",region="GB"\} [1-9]/,
    );
    expect(text).toContain(
      'order_processing_duration_seconds_count{service="order-service",order_status="confirmed"}',
    );
    expect(text).toMatch(/carbon_sold_kg_total\{service="order-service"\} [\d.]+/);
    expect(text).toMatch(/sagas_unfinished\{service="order-service"\} 0/);
  });
});

describe("bad input", () => {
  const line = (quantity: unknown) => orderOf([{ productId: soap, quantity }]);
  const card = (paymentMethod: unknown) => ({ ...one, paymentMethod });
  const to = (address: object) => ({ ...one, shippingAddress: { ...shippingAddress, ...address } });

  const someItems = (count: number) =>
    Array.from({ length: count }, () => ({ productId: uuidV7(), quantity: 1 }));
  const twice = [soap, soap.toUpperCase()].map((productId) => ({ productId, quantity: 1 }));

  test.each<[string, unknown, string]>([
    ["a quantity of 0", line(0), "/items/0/quantity"],
    ["a quantity of -1", line(-1), "/items/0/quantity"],
    ["a quantity of 1.5", line(1.5), "/items/0/quantity"],
    ["a quantity of 10^12", line(1e12), "/items/0/quantity"],
    ["a quantity of 1001", line(1001), "/items/0/quantity"],
    ["a quantity in quotes", line("1"), "/items/0/quantity"],
    ["a price", { ...one, items: [{ ...one.items[0], unitPrice: 1 }] }, "/items/0/unitPrice"],
    ["a total", { ...one, total: { amount: 1, currency: "EUR" } }, "/total"],
    ["an id that is none", orderOf([{ productId: "1", quantity: 1 }]), "/items/0/productId"],
    ["no items", orderOf([]), "/items"],
    ["51 items", orderOf(someItems(51)), "/items"],
    ["a product twice", orderOf(twice), "/items/1/productId"],
    ["a country that is none", to({ country: "XX" }), "/shippingAddress/country"],
    ["a blank name", to({ fullName: "   " }), "/shippingAddress/fullName"],
    ["a NUL in the address", to({ line2: "a\u0000b" }), "/shippingAddress/line2"],
    ["an unknown field in the address", to({ phone: "1" }), "/shippingAddress/phone"],
    ["no payment method", { ...one, paymentMethod: undefined }, "/paymentMethod"],
    ["another payment method", card({ type: "cash", token: "abc" }), "/paymentMethod/type"],
    ["no object", "[]", ""],
  ])("%s is refused, and nothing is stored", async (_name, body, pointer) => {
    const before = await countRows();
    const answer = await place(body);
    expect([answer.status, answer.body.code]).toEqual([422, "validation-failed"]);
    expect(answer.body.errors.map((each) => each.pointer)).toContain(pointer);
    expect(await countRows()).toEqual(before);
  });

  test.each<[string, unknown, number, string]>([
    ["a card number as token", card({ type: "card", token: "4242424242424242" }), 422, "card-number-refused"],
    ["a card number elsewhere", card({ number: 4242424242424242 }), 422, "card-number-refused"],
    ["no JSON", "{", 400, "malformed-request"],
    ["no UTF-8", Uint8Array.of(0x22, 0xff, 0x22), 400, "malformed-request"],
    ["too much", JSON.stringify({ x: "x".repeat(300_000) }), 413, "body-too-large"],
  ])("%s is refused, and nothing is stored", async (_name, body, status, code) => {
    const before = await countRows();
    const answer = await place(body);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(await countRows()).toEqual(before);
  });

  test("a card number is neither quoted nor logged", async () => {
    const { text } = await place(card({ type: "card", token: "x", cvc: "4000 0566 5566 5556" }));
    expect(text + service.lines.join("")).not.toContain("5566");
  });

  test("nobody orders without a token, and no service does", async () => {
    expect((await call("POST", "/api/orders", { body: one })).status).toBe(401);
    expect((await call("POST", "/api/orders", { body: card({ number: "4242424242424242" }) })).status).toBe(
      401,
    );
    const token = await service.people.serviceToken("product-service");
    expect((await call("POST", "/api/orders", { body: one, token })).status).toBe(403);
  });
});

describe("the idempotency key", () => {
  test("has to be there and to be visible ASCII", async () => {
    const missing = await call("POST", "/api/orders", { token: customer, body: one });
    expect([missing.status, missing.body.code]).toEqual([400, "idempotency-key-missing"]);
    for (const key of ["two words", "x".repeat(256), "schlüssel"]) {
      const answer = await place(one, key);
      expect([answer.status, answer.body.code]).toEqual([400, "idempotency-key-invalid"]);
    }
  });

  test("gives the first answer again, byte for byte, even when prices cannot be had any more", async () => {
    const key = randomUUID();
    const first = await place(one, key);
    const { pass } = services.network;
    services.network.pass = () => Promise.reject(lost());
    const again = await place(one, key);
    const unpriced = await place(one);
    services.network.pass = pass;
    expect([unpriced.status, unpriced.body.code]).toEqual([503, "unavailable"]);
    expect([again.status, again.text]).toEqual([first.status, first.text]);
    expect(again.headers.get("idempotency-replayed")).toBe("true");
    expect(first.headers.get("idempotency-replayed")).toBeNull();
  });

  test("gives a refusal again as well, and orders nothing more", async () => {
    const key = randomUUID();
    const declined = orderOf([{ productId: soap, quantity: 1 }], "pm_card_chargeDeclined");
    const first = await place(declined, key);
    const before = await countRows();
    const again = await place(declined, key);
    expect([again.status, again.text]).toEqual([402, first.text]);
    expect(again.headers.get("content-type")).toBe("application/problem+json");
    expect(again.headers.get("idempotency-replayed")).toBe("true");
    expect(await countRows()).toEqual(before);
  });

  test("with another body is refused, in whatever order the fields come is not", async () => {
    const key = randomUUID();
    const first = await place(one, key);
    const other = await place(orderOf([{ productId: soap, quantity: 2 }]), key);
    expect([other.status, other.body.code]).toEqual([422, "idempotency-key-reused"]);
    const { items, shippingAddress: address, paymentMethod } = one;
    const turned = {
      paymentMethod,
      shippingAddress: Object.fromEntries(Object.entries(address).reverse()),
      items,
    };
    expect((await place(turned, key)).text).toBe(first.text);
  });

  test("is each person's own", async () => {
    const key = randomUUID();
    const mine = await place(one, key);
    const theirs = await place(one, key, stranger);
    expect([mine.status, theirs.status]).toEqual([201, 201]);
    expect(theirs.body.id).not.toBe(mine.body.id);
  });

  test("at the same instant makes one order", async () => {
    const key = randomUUID();
    const before = services.payments.size;
    const answers = await Promise.all(Array.from({ length: 12 }, () => place(one, key)));
    const ids = new Set(answers.filter(({ status }) => status === 201).map(({ body }) => body.id));
    expect(ids.size).toBe(1);
    for (const { status, body } of answers.filter((each) => each.status !== 201)) {
      expect([status, body.code]).toEqual([409, "idempotency-key-in-flight"]);
    }
    expect(services.payments.size).toBe(before + 1);
    const [row] = await sql<
      { count: number }[]
    >`select count(*) as count from idempotency_keys where key = ${key}`;
    expect(row?.count).toBe(1);
  });

  test("is forgotten after 24 hours", async () => {
    const key = randomUUID();
    const first = await place(one, key);
    await sql`update idempotency_keys set created_at = now() - interval '23 hours' where key = ${key}`;
    await service.another().close();
    expect((await place(one, key)).body.id).toBe(first.body.id);
    await sql`update idempotency_keys set created_at = now() - interval '24 hours' where key = ${key}`;
    await service.another().close();
    expect((await place(one, key)).body.id).not.toBe(first.body.id);
  });
});

describe("reading orders", () => {
  test("somebody else's order is not there, for an admin it is", async () => {
    const { body } = await place(one);
    for (const [method, path] of [
      ["GET", `/api/orders/${body.id}`],
      ["GET", `/api/orders/${body.id}/history`],
      ["POST", `/api/orders/${body.id}/cancel`],
    ] as const) {
      const hidden = await call(method, path, { token: stranger });
      expect([hidden.status, hidden.body.code]).toEqual([404, "order-not-found"]);
    }
    expect((await service.read(body.id, admin)).body).toEqual(body);
    const unknown = await service.read(uuidV7());
    expect([unknown.status, unknown.body.code]).toEqual([404, "order-not-found"]);
    expect((await service.read("1")).status).toBe(422);
  });

  test("lists a person's orders in pages, the newest first", async () => {
    const userId = uuidV7();
    const token = await service.people.userToken({ userId });
    const placed: string[] = [];
    for (let number = 0; number < 5; number += 1)
      placed.unshift((await place(one, randomUUID(), token)).body.id);
    await service.cancel(placed[1] ?? "", token);
    const seen: string[] = [];
    let next: string | null = "";
    while (next !== null) {
      const { body } = await call("GET", `/api/orders?limit=2${next && `&cursor=${next}`}`, { token });
      seen.push(...body.data.map(({ id }) => id));
      next = body.nextCursor;
    }
    expect(seen).toEqual(placed);
    const cancelled = await call("GET", "/api/orders?status=cancelled", { token });
    expect(cancelled.body.data.map(({ id }) => id)).toEqual(placed.slice(1, 2));
    const asAdmin = await call("GET", `/api/orders?userId=${userId}`, { token: admin });
    expect(asAdmin.body.data).toHaveLength(5);
    expect((await call("GET", `/api/orders?userId=${userId}`, { token: stranger })).status).toBe(403);
    expect((await call("GET", `/api/orders?userId=${userId}`, { token })).status).toBe(200);
  });

  test.each(["limit=0", "limit=101", "limit=x", "cursor=x", "status=lost", "page=2", "userId=1"])(
    "refuses ?%s",
    async (query) => {
      const { status, body } = await call("GET", `/api/orders?${query}`, { token: customer });
      expect([status, body.code]).toEqual([422, "validation-failed"]);
    },
  );

  test("tells an order's history: statuses and the steps of its saga", async () => {
    const { body: order } = await place(one);
    await service.cancel(order.id);
    const path = `/api/orders/${order.id}/history`;
    const { body } = await call("GET", path, { token: customer });
    const step = (name: string) => ({
      at: expect.any(String),
      kind: "step",
      name,
      outcome: "done",
      attempt: 1,
    });
    const change = (kind: string, name: string, more = {}) => ({
      at: expect.any(String),
      kind,
      name,
      ...more,
    });
    const why = { detail: "requested-by-customer" };
    expect(body.data as unknown[]).toEqual([
      change("status", "pending"),
      step("reserve"),
      step("charge"),
      step("confirm-reservation"),
      change("status", "confirmed"),
      change("decision", "compensate", why),
      step("cancel-payment"),
      step("release-stock"),
      change("status", "cancelled", why),
    ]);
    const first = await call("GET", `${path}?limit=4`, { token: customer });
    const rest = await call("GET", `${path}?cursor=${first.body.nextCursor}`, { token: customer });
    expect([...first.body.data, ...rest.body.data]).toEqual([...body.data]);
  });
});

test("the API describes itself", async () => {
  const { body } = await call("GET", "/openapi.json");
  const { paths } = body as unknown as { paths: Record<string, Record<string, object>> };
  expect(Object.keys(paths).sort()).toEqual([
    "/api/orders",
    "/api/orders/{id}",
    "/api/orders/{id}/cancel",
    "/api/orders/{id}/history",
  ]);
  expect(paths["/api/orders"]?.post).toMatchObject({
    parameters: [{ name: "Idempotency-Key" }],
    requestBody: {},
    responses: { 201: {} },
  });
});
