import { afterAll, describe, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { uuidV7 } from "#mesh/uuid-v7";
import { orderOf, startTestService } from "./test-service.ts";

const service = await startTestService();
const { call, place, services, customer, stranger, admin } = service;
const soap = services.addProduct(1_000_000, { amount: 499, kgCO2e: "0.35" });
const one = orderOf([{ productId: soap, quantity: 1 }]);

afterAll(() => service.close());

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
    const everybody = await call("GET", "/api/orders?scope=all&status=confirmed&limit=100", { token: admin });
    const confirmed = placed.filter((id) => id !== placed[1]);
    expect(everybody.body.data.map(({ id }) => id)).toEqual(expect.arrayContaining(confirmed));
    expect(everybody.body.data.length).toBeGreaterThan(confirmed.length);
    expect((await call("GET", "/api/orders?scope=all", { token: stranger })).status).toBe(403);
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
