import { afterAll, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { replayOrder } from "./replay-order.ts";
import { orderOf, startTestService } from "./test-service.ts";

const service = await startTestService({ answerWithinMs: 400 });
const { services, place, call, customer, sql } = service;
const product = services.addProduct(1_000_000);
const payWith = (token: string, type = "card") => {
  const order = orderOf([{ productId: product, quantity: 1 }], token);
  return { ...order, paymentMethod: { type, token } };
};

afterAll(() => service.close());

const differences = async (id: string) => {
  const replay = await replayOrder(sql, id);
  return "differences" in replay ? replay.differences : replay;
};

test("money that is only held is captured after the stock is sold, and then the order is confirmed", async () => {
  const { status, body } = await place(payWith("pm_held"));
  expect([status, body.status]).toEqual([201, "confirmed"]);
  const { body: history } = await call("GET", `/api/orders/${body.id}/history`, { token: customer });
  const names = history.data.map(({ name }) => name);
  expect(names).toEqual(["pending", "reserve", "charge", "confirm-reservation", "capture", "confirmed"]);
  expect(services.payments.get(body.id)?.status).toBe("captured");
});

test("an order that needs its buyer says so at once, and goes on when they have acted", async () => {
  const key = randomUUID();
  const { status, body } = await place(payWith("pm_asks"), key);
  expect([status, body.status]).toEqual([201, "pending"]);
  expect(body).toMatchObject({ waitingFor: "payment-action" } as object);
  expect((await service.read(body.id)).body).toMatchObject({ waitingFor: "payment-action" } as object);
  expect(await differences(body.id)).toEqual([]);
  for (let look = 0; look < 3; look += 1) await service.passTime();
  services.approve(body.id);
  await service.passTime();
  expect(await service.settled(body.id)).toMatchObject({ status: "confirmed", payment: "captured" });
  const { body: now } = await service.read(body.id);
  expect(now).not.toHaveProperty("waitingFor");
  expect(await differences(body.id)).toEqual([]);
  const { body: history } = await call("GET", `/api/orders/${body.id}/history`, { token: customer });
  const waits = history.data.filter((entry) => "outcome" in entry && entry.outcome === "waiting");
  expect(waits).toHaveLength(1);
  // The first answer stays the answer to the key.
  expect((await place(payWith("pm_asks"), key)).text).toBe(JSON.stringify(body));
});

test("one whose buyer never acts is undone when the stock is not kept any longer", async () => {
  const { body } = await place(payWith("pm_asks"));
  await sql`update sagas set started_at = now() - interval '15 minutes' where order_id = ${body.id}`;
  await service.passTime();
  expect(await service.settled(body.id)).toEqual({
    status: "cancelled",
    reservation: "released",
    payment: "cancelled",
  });
  expect((await service.read(body.id)).body).toMatchObject({ cancelReason: "timed-out" } as object);
  expect(await differences(body.id)).toEqual([]);
});

test("one that waits for its buyer can be cancelled", async () => {
  const { body } = await place(payWith("pm_asks"));
  await service.cancel(body.id);
  expect(await service.settled(body.id)).toMatchObject({ status: "cancelled", payment: "cancelled" });
  expect(await differences(body.id)).toEqual([]);
});

test("PayPal pays for an order, other methods are refused", async () => {
  const { status, body } = await place(payWith("5O190127TN364715T", "paypal"));
  expect([status, body.status]).toEqual([201, "confirmed"]);
  expect(body).toMatchObject({ paymentMethod: { type: "paypal" } } as object);
  expect((await place(payWith("x", "cash"))).status).toBe(422);
});
