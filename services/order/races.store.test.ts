import { afterAll, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { meetAtLock } from "#mesh/postgres/interleaving";
import type { Passing } from "./fake-services.ts";
import { orderOf, startTestService } from "./test-service.ts";

const service = await startTestService({ answerWithinMs: 5000 });
const { services, place, call, admin, sql, userId } = service;
const one = orderOf([{ productId: services.addProduct(1_000_000), quantity: 2 }]);
const calm = services.network.pass;

afterAll(() => service.close());

const parcel = { carrier: "DHL", trackingNumber: "JJD0003" };
const ship = (id: string) => () => call("POST", `/api/orders/${id}/ship`, { token: admin, body: parcel });
const cancel = (id: string) => () => service.cancel(id);
const meetAtSaga = <T extends readonly (() => Promise<unknown>)[]>(id: string, ...acts: T) =>
  meetAtLock(sql, (tx) => tx`select from sagas where order_id = ${id} for update`, acts);

test("shipped, then cancelled: the parcel has left", async () => {
  const { body } = await place(one);
  const [shipped, cancelled] = await meetAtSaga(body.id, ship(body.id), cancel(body.id));
  expect([shipped.status, cancelled.status, cancelled.body.code]).toEqual([
    200,
    409,
    "order-not-cancellable",
  ]);
  expect(await service.settled(body.id)).toMatchObject({ status: "shipped", payment: "captured" });
});

test("cancelled, then shipped: the parcel stays", async () => {
  const { body } = await place(one);
  const [cancelled, shipped] = await meetAtSaga(body.id, cancel(body.id), ship(body.id));
  expect([cancelled.status, shipped.status, shipped.body.code]).toEqual([200, 409, "order-not-shippable"]);
  expect(await service.settled(body.id)).toMatchObject({ status: "cancelled", payment: "refunded" });
});

test("cancelled twice: undone once, refunded once", async () => {
  const { body } = await place(one);
  await meetAtSaga(body.id, cancel(body.id), cancel(body.id));
  expect(await service.settled(body.id)).toMatchObject({ status: "cancelled", payment: "refunded" });
  const types = await service.eventTypes(body.id);
  expect(types).toEqual(["created", "confirmed", "cancellation-started", "cancelled"]);
});

/** Places an order whose saga stops before its last write; `go` lets it write. */
async function aboutToEnd() {
  let arrived = (_orderId: string) => {};
  const reached = new Promise<string>((resolve) => {
    arrived = resolve;
  });
  let go = () => {};
  const released = new Promise<void>((resolve) => {
    go = resolve;
  });
  services.network.pass = async ({ call: { path, body }, deliver }: Passing) => {
    const answer = deliver();
    if (path.endsWith("/confirm")) {
      arrived((body as { orderIds: string[] }).orderIds[0] ?? "");
      await released;
    }
    return answer;
  };
  const placing = place(one);
  const id = await reached;
  services.network.pass = calm;
  const end = () => {
    go();
    return placing;
  };
  return { id, end };
}

test("confirmed, then cancelled: the client hears of the order, which is then undone", async () => {
  const { id, end } = await aboutToEnd();
  const [placed, cancelled] = await meetAtSaga(id, end, cancel(id));
  expect([placed.status, placed.body.status, cancelled.status]).toEqual([201, "confirmed", 200]);
  expect(await service.settled(id)).toEqual({
    status: "cancelled",
    reservation: "released",
    payment: "refunded",
  });
});

test("cancelled, then confirmed: the lease is gone, and nothing is confirmed", async () => {
  const { id, end } = await aboutToEnd();
  await meetAtSaga(id, cancel(id), end);
  expect(await service.settled(id)).toMatchObject({ status: "cancelled", reservation: "released" });
  expect(await service.eventTypes(id)).toEqual(["created", "cancellation-started", "cancelled"]);
});

test("the same key at two processes at the same instant: one order, and one answer for both", async () => {
  const key = randomUUID();
  const rival = service.another();
  const atRival = async () =>
    rival.app.fetch(
      new Request("http://orders/api/orders", {
        method: "POST",
        headers: {
          authorization: `Bearer ${service.customer}`,
          "content-type": "application/json",
          "idempotency-key": key,
        },
        body: JSON.stringify(one),
      }),
    );
  try {
    const [first, second] = await meetAtLock(
      sql,
      // A third one that stores the key and takes it back: both wait for how that ends.
      async (tx) => {
        await tx`
          insert into idempotency_keys (user_id, key, order_id, fingerprint)
          values (${userId}, ${key}, ${randomUUID()}, '')`;
        await tx`delete from idempotency_keys where key = ${key}`;
      },
      [() => place(one, key), atRival],
    );
    const statuses = [first.status, second.status];
    // Which of the two that wait comes first is PostgreSQL's to say; the other waits no longer than for the key.
    expect(statuses).toContain(201);
    expect(statuses.every((status) => status === 201 || status === 409)).toBe(true);
    const [row] = await sql`select count(*)::int as count from idempotency_keys where key = ${key}`;
    expect(row?.count).toBe(1);
    const { text } = await place(one, key);
    if (first.status === 201) expect(text).toBe(first.text);
    if (second.status === 201) expect(text).toBe(await second.text());
  } finally {
    await rival.close();
  }
});
