import { expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { address, buy, call, newPerson, newProduct, type Order } from "./person.ts";

test("the same key gets the first answer again, and there is one order", async () => {
  const { accessToken: token } = await newPerson();
  const product = await newProduct();
  const key = randomUUID();
  const items = [{ productId: product.id, quantity: 1 }];
  const first = await buy({ token, items, key });
  const second = await buy({ token, items, key });
  expect(first.headers.get("idempotency-replayed")).toBeNull();
  expect(second).toMatchObject({ status: first.status, body: first.body });
  expect(second.headers.get("idempotency-replayed")).toBe("true");
  const other = await buy({ token, items: [{ productId: product.id, quantity: 2 }], key });
  expect(other).toMatchObject({ status: 422, body: { code: "idempotency-key-reused" } });
  const orders = await call<{ data: readonly Order[] }>("GET", "/api/orders", { token });
  expect(orders.body.data.length).toBe(1);
});

test("ten times the same key at once makes one order", async () => {
  const { accessToken: token } = await newPerson();
  const product = await newProduct();
  const key = randomUUID();
  const answers = await Promise.all(
    Array.from({ length: 10 }, () => buy({ token, items: [{ productId: product.id, quantity: 1 }], key })),
  );
  const ids = new Set(answers.filter(({ status }) => status === 201).map(({ body }) => body.id));
  expect(ids.size).toBe(1);
  expect(answers.every(({ status }) => status === 201 || status === 409)).toBe(true);
  const orders = await call<{ data: readonly Order[] }>("GET", "/api/orders", { token });
  expect(orders.body.data.length).toBe(1);
});

test("a refusal is remembered too", async () => {
  const { accessToken: token } = await newPerson();
  const product = await newProduct({ onHand: 1 });
  const key = randomUUID();
  const asked = { token, items: [{ productId: product.id, quantity: 5 }], key };
  const first = await buy(asked);
  const second = await buy(asked);
  expect(first).toMatchObject({ status: 409, body: { code: "insufficient-stock" } });
  expect(second).toMatchObject({ status: 409, body: { code: "insufficient-stock" } });
  expect(second.headers.get("idempotency-replayed")).toBe("true");
});

test("the keys of two people do not meet", async () => {
  const [ada, bob] = await Promise.all([newPerson(), newPerson()]);
  const product = await newProduct();
  const key = randomUUID();
  const items = [{ productId: product.id, quantity: 1 }];
  const [first, second] = await Promise.all([
    buy({ token: ada.accessToken, items, key }),
    buy({ token: bob.accessToken, items, key }),
  ]);
  expect([first.status, second.status]).toEqual([201, 201]);
  expect(first.body.id).not.toBe(second.body.id);
});

test("without a key nothing is ordered", async () => {
  const { accessToken: token } = await newPerson();
  const product = await newProduct();
  const body = {
    items: [{ productId: product.id, quantity: 1 }],
    shippingAddress: address,
    paymentMethod: { type: "card", token: "pm_card_visa" },
  };
  expect(await call("POST", "/api/orders", { token, body })).toMatchObject({
    status: 400,
    body: { code: "idempotency-key-missing" },
  });
  expect((await call<{ data: unknown[] }>("GET", "/api/orders", { token })).body.data).toEqual([]);
});
