import { afterAll, describe, expect, test } from "bun:test";
import { uuidV7 } from "#mesh/uuid-v7";
import { orderOf, shippingAddress, startTestService } from "./test-service.ts";

const service = await startTestService();
const { call, place, services, sql } = service;
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
    expect(await service.eventTypes(id)).toEqual(["created", "cancellation-started", "cancelled"]);
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
    expect(text).toContain('sagas_unfinished{step="charge",service="order-service"} 0');
  });
});

test("the API describes itself", async () => {
  const { body } = await call("GET", "/openapi.json");
  const { paths } = body as unknown as { paths: Record<string, Record<string, object>> };
  expect(Object.keys(paths).sort()).toEqual([
    "/api/orders",
    "/api/orders/{id}",
    "/api/orders/{id}/cancel",
    "/api/orders/{id}/deliver",
    "/api/orders/{id}/history",
    "/api/orders/{id}/ship",
    "/api/sagas",
    "/api/sagas/{orderId}/abandon",
    "/api/sagas/{orderId}/retry",
  ]);
  expect(paths["/api/orders"]?.post).toMatchObject({
    parameters: [{ name: "Idempotency-Key" }],
    requestBody: {},
    responses: { 201: {} },
  });
});
