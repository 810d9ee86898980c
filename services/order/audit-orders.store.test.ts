import { afterAll, expect, test } from "bun:test";
import { auditOrders } from "./audit-orders.ts";
import { orderOf, startTestService } from "./test-service.ts";

const service = await startTestService();
const { services, place, sql, deps } = service;
const one = orderOf([{ productId: services.addProduct(1_000_000), quantity: 1 }]);

afterAll(() => service.close());

const audit = () => auditOrders(deps, { placedBefore: new Date(Date.now() + 1000) });
const findings = async () =>
  (await sql`select order_id, invariant from audit_findings order by order_id, invariant`).map((row) => ({
    ...row,
  }));
const counted = async () =>
  [
    ...(await service.metrics.text()).matchAll(
      /invariant_violations_total\{[^}]*invariant="([^"]+)"[^}]*\} (\d+)/g,
    ),
  ].map(([, name, count]) => `${name} ${count}`);

test("orders that agree with their stock and money are looked at once, and found to be right", async () => {
  await place(one);
  const { body: cancelled } = await place(one);
  await service.cancel(cancelled.id);
  await place(orderOf([{ productId: services.addProduct(1), quantity: 2 }]));
  expect(await audit()).toBe(3);
  expect(await audit()).toBe(0);
  expect(await findings()).toEqual([]);
});

test("each disagreement is found, counted once, and named", async () => {
  const unpaid = (await place(one)).body.id;
  const unstocked = (await place(one)).body.id;
  const kept = (await place(one)).body.id;
  const undone = (await place(one)).body.id;
  await service.cancel(kept);
  Object.assign(services.payments.get(unpaid) ?? {}, { charges: 0 });
  Object.assign(services.reservations.get(unstocked) ?? {}, { status: "released" });
  Object.assign(services.payments.get(kept) ?? {}, { status: "captured" });
  Object.assign(services.reservations.get(kept) ?? {}, { status: "confirmed" });
  Object.assign(services.payments.get(undone) ?? {}, { status: "refunded" });
  await audit();
  const wanted = [
    { order_id: unpaid, invariant: "sold-order-has-money" },
    { order_id: unstocked, invariant: "sold-order-has-stock" },
    { order_id: kept, invariant: "cancelled-order-keeps-no-money" },
    { order_id: kept, invariant: "cancelled-order-keeps-no-stock" },
    { order_id: undone, invariant: "sold-order-has-money" },
  ];
  expect(await findings()).toEqual(wanted);
  expect((await counted()).toSorted()).toEqual([
    "cancelled-order-keeps-no-money 1",
    "cancelled-order-keeps-no-stock 1",
    "ledger-balances 0",
    "sold-order-has-money 2",
    "sold-order-has-stock 1",
  ]);
  expect(
    service.lines.filter((line) => line.includes("an invariant of an order does not hold")),
  ).toHaveLength(5);
  await sql`update audit_progress set audited_to = '00000000-0000-0000-0000-000000000000'`;
  const before = await counted();
  await audit();
  expect(await counted()).toEqual(before);
});

test("an order that is cancelled after it was looked at is looked at again", async () => {
  const { body: order } = await place(one);
  await audit();
  await service.cancel(order.id);
  await service.settled(order.id);
  Object.assign(services.payments.get(order.id) ?? {}, { status: "captured" });
  expect(await audit()).toBe(0);
  await sql`update audit_queue set due_at = now()`;
  expect(await audit()).toBe(1);
  expect((await findings()).some(({ order_id }) => order_id === order.id)).toBe(true);
});

test("a service that gives no answer keeps the audit where it is, and one process audits at a time", async () => {
  await place(one);
  const { pass } = services.network;
  services.network.pass = () => Promise.reject(new Error("away"));
  expect(await audit().catch((error: Error) => error.message)).toBe("away");
  services.network.pass = pass;
  expect(await audit()).toBeUndefined();
  await sql`update audit_progress set leased_until = now()`;
  expect(await audit()).toBe(1);
});
