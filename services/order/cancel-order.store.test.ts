import { afterAll, afterEach, describe, expect, test } from "bun:test";
import { lost } from "./fake-services.ts";
import { orderOf, type Settled, startTestService } from "./test-service.ts";

const service = await startTestService({ answerWithinMs: 400 });
const { services, place, settled, sql } = service;
const one = orderOf([{ productId: services.addProduct(1_000_000), quantity: 1 }]);
const calm = services.network.pass;

afterEach(() => {
  services.network.pass = calm;
});
afterAll(() => service.close());

describe("cancelling", () => {
  const undone: Settled = { status: "cancelled", reservation: "released", payment: "refunded" };

  test("a confirmed order refunds and restocks once, whoever races it", async () => {
    const product = services.addProduct(10);
    const { body } = await place(orderOf([{ productId: product, quantity: 4 }]));
    const answers = await Promise.all([
      service.cancel(body.id),
      service.cancel(body.id, service.admin),
      service.cancel(body.id),
    ]);
    for (const { status, body: answer } of answers) {
      if (status === 200) expect(answer.cancelReason).toStartWith("requested-by-");
      else expect([status, answer.code]).toEqual([409, "order-already-cancelled"]);
    }
    expect(answers.some(({ body: answer }) => answer.status === "cancelled")).toBe(true);
    expect(await settled(body.id)).toEqual(undone);
    expect(services.products.get(product)?.onHand).toBe(10);
    expect(await service.eventTypes(body.id)).toEqual([
      "created",
      "confirmed",
      "cancellation-started",
      "cancelled",
    ]);
    const late = await service.cancel(body.id);
    expect([late.status, late.body.code]).toEqual([409, "order-already-cancelled"]);
  });

  test("takes no body with anything in it, and changes nothing then", async () => {
    const { body: order } = await place(one);
    const cancel = (body: unknown) =>
      service.call("POST", `/api/orders/${order.id}/cancel`, { token: service.customer, body });
    for (const body of [{ reason: "none of it" }, [[[]]], "text"]) {
      expect([400, 422]).toContain((await cancel(body)).status);
    }
    expect((await settled(order.id)).status).toBe("confirmed");
    expect((await cancel({})).status).toBe(200);
  });

  test("an order that is with the carrier is refused and undoes nothing", async () => {
    const { body } = await place(one);
    for (const status of ["shipped", "delivered"]) {
      const shipment = { carrier: "c", trackingNumber: "t", shippedAt: new Date().toISOString() };
      await sql`update orders set status = ${status}, shipment = ${sql.json(shipment)} where id = ${body.id}`;
      const refused = await service.cancel(body.id);
      expect([refused.status, refused.body.code]).toEqual([409, "order-not-cancellable"]);
    }
    expect(await settled(body.id)).toMatchObject({ reservation: "confirmed", payment: "captured" });
  });

  test("an order that waits for its payment undoes it, also when payment-service is away", async () => {
    services.network.pass = async (passing) => {
      if (passing.call.path.startsWith("/internal/payments/")) throw lost();
      return passing.deliver();
    };
    const { body } = await place(one);
    const answer = await service.cancel(body.id);
    expect([answer.status, answer.body.status, answer.body.cancelReason]).toEqual([
      200,
      "pending",
      "requested-by-customer",
    ]);
    const again = await service.cancel(body.id);
    expect([again.status, again.body.status]).toEqual([200, "pending"]);
    services.network.pass = calm;
    expect(await settled(body.id)).toEqual({
      status: "cancelled",
      reservation: "released",
      payment: "cancelled",
    });
  });
});
