import { afterAll, describe, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { lost } from "./fake-services.ts";
import { orderOf, startTestService } from "./test-service.ts";

const service = await startTestService();
const { call, place, services, sql, customer, stranger } = service;
const soap = services.addProduct(1_000_000, { amount: 499, kgCO2e: "0.35" });
const one = orderOf([{ productId: soap, quantity: 1 }]);

afterAll(() => service.close());

const countRows = async () => {
  const [row] = await sql`
    select (select count(*) from orders) as orders, (select count(*) from idempotency_keys) as keys,
      (select count(*) from outbox) as events`;
  return row;
};

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

  test("tells requests apart by every field of them", async () => {
    const key = randomUUID();
    const to = one.shippingAddress;
    await place(one, key);
    const others = [
      { ...one, items: [{ productId: soap, quantity: 2 }] },
      { ...one, paymentMethod: { type: "card", token: "pm_card_mastercard" } },
      ...Object.keys(to).map((field) => ({
        ...one,
        shippingAddress: { ...to, [field]: field === "country" ? "FR" : "other" },
      })),
      { ...one, shippingAddress: { ...to, line2: "Rear building" } },
    ];
    for (const other of others) {
      const answer = await place(other, key);
      expect([answer.status, answer.body.code]).toEqual([422, "idempotency-key-reused"]);
    }
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
