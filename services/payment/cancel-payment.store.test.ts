import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { eventually } from "#mesh/eventually";
import { uuidV7 } from "#mesh/uuid-v7";
import { sweepPayments } from "./sweep-payments.ts";
import { startTestService, type TestService } from "./test-service.ts";

let service: TestService;
let orderId: string;

beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.stop());
beforeEach(() => {
  orderId = uuidV7();
  delete service.network.before;
});

const down: NonNullable<TestService["network"]["before"]> = async () => new Response("no", { status: 503 });

test("before any charge leaves a tombstone that refuses a late one", async () => {
  expect(await service.cancel(orderId)).toMatchObject({ status: 200, body: { status: "none" } });
  expect(await service.charge(orderId)).toMatchObject({ status: 409, body: { code: "payment-cancelled" } });
  expect(await service.cancel(orderId)).toMatchObject({ status: 200, body: { status: "none" } });
  expect(service.atProvider(orderId)).toEqual({ charges: 0, net: 0 });
  expect(await service.events(orderId)).toEqual([]);
});

test("after a charge sends all of it back, once", async () => {
  await service.charge(orderId);
  expect(await service.cancel(orderId)).toMatchObject({ status: 200, body: { status: "refunded" } });
  expect(await service.cancel(orderId)).toMatchObject({ status: 200, body: { status: "refunded" } });
  expect(service.atProvider(orderId)).toMatchObject({ charges: 1, refunded: 1999, net: 0 });
  expect(await service.ledger(orderId)).toEqual([
    { kind: "capture", amount: 1999 },
    { kind: "refund", amount: 1999 },
  ]);
  expect(await service.events(orderId)).toEqual(["initiated", "processed", "refunded"]);
  expect(await service.charge(orderId)).toMatchObject({ status: 409, body: { code: "payment-cancelled" } });
});

test("after a declined charge has nothing to do", async () => {
  await service.charge(orderId, "pm_card_chargeDeclined");
  expect(await service.cancel(orderId)).toMatchObject({ status: 200, body: { status: "none" } });
});

test("after a partial refund sends the rest back", async () => {
  const { body } = await service.charge(orderId);
  await service.refund(body.id, 500);
  expect(await service.cancel(orderId)).toMatchObject({ body: { status: "refunded" } });
  expect((await service.ledger(orderId)).map(({ amount }) => amount)).toEqual([1999, 500, 1499]);
  expect(service.atProvider(orderId)).toMatchObject({ net: 0 });
});

test("of an unknown charge finds it out first, then sends the money back", async () => {
  await service.charge(orderId, "pm_sandbox_timeoutAfterCharging");
  expect(await service.cancel(orderId)).toMatchObject({ status: 200, body: { status: "refunded" } });
  expect(service.atProvider(orderId)).toMatchObject({ charges: 1, refunded: 1999, net: 0 });
});

test("while the provider is down is processing, forbids the charge, and ends by itself", async () => {
  service.network.before = down;
  await service.charge(orderId);
  expect(await service.cancel(orderId)).toMatchObject({ status: 202, body: { status: "processing" } });
  delete service.network.before;
  expect(await service.charge(orderId)).toMatchObject({ status: 409 });
  await service.passTime();
  await sweepPayments(service.deps);
  expect(await service.cancel(orderId)).toMatchObject({ status: 200, body: { status: "refunded" } });
  expect(service.atProvider(orderId)).toMatchObject({ net: 0 });
});

test("during a charge is processing; the charge is then refused to the order and sent back", async () => {
  const charge = service.charge(orderId, "pm_sandbox_slow");
  await eventually(async () => {
    const rows = await service.sql`select 1 from payments where order_id = ${orderId}`;
    return rows.length === 1 ? true : undefined;
  });
  expect(await service.cancel(orderId)).toMatchObject({ status: 202, body: { status: "processing" } });
  expect((await charge).status).toBe(409);
  await eventually(
    async () => {
      await service.passTime();
      await sweepPayments(service.deps);
      expect(await service.cancel(orderId)).toMatchObject({ status: 200, body: { status: "refunded" } });
      return true;
    },
    { everyMs: 200 },
  );
  expect(service.atProvider(orderId)).toMatchObject({ charges: 1, refunded: 1999, net: 0 });
});

test("whose refund got no answer is processing, and the sweep ends it with one refund", async () => {
  await service.charge(orderId);
  service.network.before = async (_, go) => {
    await go();
    return new Response("gone", { status: 502 });
  };
  expect(await service.cancel(orderId)).toMatchObject({ status: 202 });
  delete service.network.before;
  await service.passTime();
  await sweepPayments(service.deps);
  expect(await service.cancel(orderId)).toMatchObject({ status: 200, body: { status: "refunded" } });
  expect(service.atProvider(orderId)).toMatchObject({ refunded: 1999, net: 0 });
  expect((await service.ledger(orderId)).map(({ kind }) => kind)).toEqual(["capture", "refund"]);
});

test("from many callers and two processes at once sends the money back once", async () => {
  await service.charge(orderId);
  const replies = await Promise.all(
    Array.from({ length: 10 }, (_, i) => service.cancel(orderId, i % 2 === 0 ? undefined : service.twin)),
  );
  for (const { status } of replies) expect([200, 202]).toContain(status);
  expect(await service.cancel(orderId)).toMatchObject({ status: 200, body: { status: "refunded" } });
  expect(service.atProvider(orderId)).toMatchObject({ refunded: 1999, net: 0 });
  expect(await service.ledger(orderId)).toHaveLength(2);
});

test("racing the charge itself never leaves money behind", async () => {
  for (let i = 0; i < 10; i++) {
    const raced = uuidV7();
    const [charged] = await Promise.all([service.charge(raced), service.cancel(raced, service.twin)]);
    await service.passTime();
    await sweepPayments(service.deps);
    await service.passTime();
    await service.cancel(raced);
    expect(service.atProvider(raced)).toMatchObject({ net: 0 });
    expect([200, 202, 409]).toContain(charged.status);
  }
});
