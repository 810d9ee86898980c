import { afterAll, afterEach, describe, expect, test } from "bun:test";
import { uuidV7 } from "#mesh/uuid-v7";
import { lost } from "./fake-services.ts";
import { replayOrder } from "./replay-order.ts";
import { orderOf, startTestService } from "./test-service.ts";

const service = await startTestService({ answerWithinMs: 400 });
const { services, place, call, admin, customer, sql } = service;
const one = orderOf([{ productId: services.addProduct(1_000_000), quantity: 2 }]);
const calm = services.network.pass;
const parcel = { carrier: "DHL", trackingNumber: "JJD0003" };

afterEach(() => {
  services.network.pass = calm;
});
afterAll(() => service.close());

const ship = (id: string, body: unknown = parcel, token = admin) =>
  call("POST", `/api/orders/${id}/ship`, { token, body });
const deliver = (id: string, token = admin) => call("POST", `/api/orders/${id}/deliver`, { token });
const replayed = async (id: string) => {
  const replay = await replayOrder(sql, id);
  if ("refused" in replay) throw new Error(replay.refused);
  return replay;
};

describe("a parcel", () => {
  test("goes to the carrier and arrives, once, with an event each", async () => {
    const { body: order } = await place(one);
    for (let time = 0; time < 2; time += 1) {
      const { status, body } = await ship(order.id);
      expect(status).toBe(200);
      expect(body).toMatchObject({
        status: "shipped",
        shipment: { ...parcel, shippedAt: body.updatedAt },
      } as object);
    }
    const other = await ship(order.id, { ...parcel, trackingNumber: "other" });
    expect([other.status, other.body.code]).toEqual([409, "order-shipped-otherwise"]);
    for (let time = 0; time < 2; time += 1) {
      expect((await deliver(order.id)).body.status).toBe("delivered");
    }
    expect(await service.eventTypes(order.id)).toEqual(["created", "confirmed", "shipped", "delivered"]);
    expect((await service.read(order.id)).body.status).toBe("delivered");
  });

  test("needs an admin, a confirmed order and a name for itself", async () => {
    const { body: order } = await place(one);
    expect((await ship(order.id, parcel, customer)).status).toBe(403);
    expect((await deliver(order.id, customer)).status).toBe(403);
    for (const body of [{}, { carrier: "DHL" }, { ...parcel, weight: 1 }, { ...parcel, carrier: "\u0007" }]) {
      expect((await ship(order.id, body)).status).toBe(422);
    }
    const early = await deliver(order.id);
    expect([early.status, early.body.code]).toEqual([409, "order-not-deliverable"]);
    await service.cancel(order.id);
    const late = await ship(order.id);
    expect([late.status, late.body.code]).toEqual([409, "order-not-shippable"]);
    const unknown = await ship(uuidV7());
    expect([unknown.status, unknown.body.code]).toEqual([404, "order-not-found"]);
    expect(await service.eventTypes(order.id)).toEqual([
      "created",
      "confirmed",
      "cancellation-started",
      "cancelled",
    ]);
  });

  test("either leaves or is cancelled, whoever races", async () => {
    for (let round = 0; round < 10; round += 1) {
      const { body: order } = await place(one);
      const [shipped, cancelled] = await Promise.all([ship(order.id), service.cancel(order.id)]);
      expect([shipped.status, cancelled.status].toSorted((one, other) => one - other)).toEqual([200, 409]);
      const ended = await service.settled(order.id);
      const left = { status: "shipped", reservation: "confirmed", payment: "captured" };
      const undone = { status: "cancelled", reservation: "released", payment: "refunded" };
      expect(ended).toEqual(shipped.status === 200 ? left : undone);
    }
  });
});

describe("the history", () => {
  test("alone rebuilds every order as its row is", async () => {
    const { body: delivered } = await place(one);
    await ship(delivered.id);
    await deliver(delivered.id);
    const { body: cancelled } = await place(one);
    await service.cancel(cancelled.id);
    await place(orderOf([{ productId: services.addProduct(1), quantity: 2 }]));
    const refused = await service.onlyOrder();
    for (const [id, status] of [
      [delivered.id, "delivered"],
      [cancelled.id, "cancelled"],
      [refused, "cancelled"],
    ] as const) {
      const { rebuilt, differences } = await replayed(id);
      expect([rebuilt.status, differences]).toEqual([status, []]);
    }
  });

  test("that does not fit the row is told apart, field by field", async () => {
    const { body: order } = await place(one);
    await sql`update orders set total_amount = total_amount + 1 where id = ${order.id}`;
    const { differences } = await replayed(order.id);
    expect(differences.map(({ field }) => field)).toEqual(["total"]);
    await sql`delete from order_history where order_id = ${order.id} and name = 'pending'`;
    expect(await replayOrder(sql, order.id)).toMatchObject({ refused: "incomplete-history" });
  });
});

describe("a saga that needs a hand", () => {
  const isPayment = (path: string) => path.startsWith("/internal/payments/");
  const stuck = async () => {
    const { body } = await call("GET", "/api/sagas?limit=100", { token: admin });
    return body.data as unknown as { orderId: string; step: string; lastOutcome?: string }[];
  };
  /** An order whose payment cannot be reached, tried often. */
  async function stuckOrder(): Promise<string> {
    services.network.pass = async (passing) => {
      if (isPayment(passing.call.path)) throw lost();
      return passing.deliver();
    };
    const { body } = await place(one);
    await sql`update sagas set attempts = 50, due_at = now() + interval '1 hour', lease = null where order_id = ${body.id}`;
    return body.id;
  }

  test("is listed with what it came to, and a retry ends it at once", async () => {
    const id = await stuckOrder();
    expect(await stuck()).toMatchObject([
      { orderId: id, step: "charge", attempts: 50, orderStatus: "pending" } as object,
    ]);
    expect((await call("GET", "/api/sagas", { token: customer })).status).toBe(403);
    services.network.pass = calm;
    const retried = await call("POST", `/api/sagas/${id}/retry`, { token: admin });
    expect([retried.status, retried.body]).toEqual([200, { step: "charge" } as never]);
    expect((await service.settled(id)).status).toBe("confirmed");
    expect(await stuck()).toEqual([]);
    const again = await call("POST", `/api/sagas/${id}/retry`, { token: admin });
    expect([again.status, again.body.code]).toEqual([409, "saga-ended"]);
  });

  test("going forward is abandoned by cancelling the order", async () => {
    const id = await stuckOrder();
    services.network.pass = calm;
    const note = "the customer does not want it any more";
    expect((await call("POST", `/api/sagas/${id}/abandon`, { token: admin, body: { note } })).status).toBe(
      200,
    );
    expect(await service.settled(id)).toEqual({
      status: "cancelled",
      reservation: "released",
      payment: "cancelled",
    });
    const { text } = await call("GET", `/api/orders/${id}/history`, { token: admin });
    expect(text).toContain(`charge: ${note}`);
  });

  test("going back passes over the step that a person has seen to, and ends", async () => {
    const id = await stuckOrder();
    await service.cancel(id);
    const note = "refunded by hand, case 4711";
    const abandon = () => call("POST", `/api/sagas/${id}/abandon`, { token: admin, body: { note } });
    expect((await abandon()).body).toEqual({ step: "release-stock" } as never);
    expect(await service.settled(id)).toMatchObject({ status: "cancelled", reservation: "released" });
    const { body } = await call("GET", `/api/orders/${id}/history`, { token: admin });
    expect(body.data as unknown[]).toContainEqual({
      at: expect.any(String),
      kind: "decision",
      name: "abandon",
      detail: `cancel-payment: ${note}`,
      by: expect.any(String),
    });
    const { text } = await call("GET", `/api/orders/${id}/history`, { token: customer });
    for (const inner of [note, "fake gave no answer"]) expect(text).not.toContain(inner);
    expect((await replayed(id)).differences).toEqual([]);
    expect(
      (await call("POST", `/api/sagas/${uuidV7()}/abandon`, { token: admin, body: { note } })).status,
    ).toBe(404);
    expect((await call("POST", `/api/sagas/${id}/abandon`, { token: admin, body: {} })).status).toBe(422);
  });
});
