import { afterAll, describe, expect, test } from "bun:test";
import { uuidV7 } from "#mesh/uuid-v7";
import { orderOf, shippingAddress, startTestService } from "./test-service.ts";

const service = await startTestService();
const { call, place, services, sql } = service;
const soap = services.addProduct(1_000_000, { amount: 499, kgCO2e: "0.35" });
const one = orderOf([{ productId: soap, quantity: 1 }]);

afterAll(() => service.close());

const countRows = async () => {
  const [row] = await sql`
    select (select count(*) from orders) as orders, (select count(*) from idempotency_keys) as keys,
      (select count(*) from outbox) as events`;
  return row;
};

describe("bad input", () => {
  const line = (quantity: unknown) => orderOf([{ productId: soap, quantity }]);
  const card = (paymentMethod: unknown) => ({ ...one, paymentMethod });
  const to = (address: object) => ({ ...one, shippingAddress: { ...shippingAddress, ...address } });

  const someItems = (count: number) =>
    Array.from({ length: count }, () => ({ productId: uuidV7(), quantity: 1 }));
  const twice = [soap, soap.toUpperCase()].map((productId) => ({ productId, quantity: 1 }));

  test.each<[string, unknown, string]>([
    ["a quantity of 0", line(0), "/items/0/quantity"],
    ["a quantity of -1", line(-1), "/items/0/quantity"],
    ["a quantity of 1.5", line(1.5), "/items/0/quantity"],
    ["a quantity of 10^12", line(1e12), "/items/0/quantity"],
    ["a quantity of 1001", line(1001), "/items/0/quantity"],
    ["a quantity in quotes", line("1"), "/items/0/quantity"],
    ["a price", { ...one, items: [{ ...one.items[0], unitPrice: 1 }] }, "/items/0/unitPrice"],
    ["a total", { ...one, total: { amount: 1, currency: "EUR" } }, "/total"],
    ["an id that is none", orderOf([{ productId: "1", quantity: 1 }]), "/items/0/productId"],
    ["no items", orderOf([]), "/items"],
    ["51 items", orderOf(someItems(51)), "/items"],
    ["a product twice", orderOf(twice), "/items/1/productId"],
    ["a country that is none", to({ country: "XX" }), "/shippingAddress/country"],
    ["a blank name", to({ fullName: "   " }), "/shippingAddress/fullName"],
    ["a NUL in the address", to({ line2: "a\u0000b" }), "/shippingAddress/line2"],
    ["an unknown field in the address", to({ phone: "1" }), "/shippingAddress/phone"],
    ["no payment method", { ...one, paymentMethod: undefined }, "/paymentMethod"],
    ["another payment method", card({ type: "cash", token: "abc" }), "/paymentMethod/type"],
    ["no object", "[]", ""],
  ])("%s is refused, and nothing is stored", async (_name, body, pointer) => {
    const before = await countRows();
    const answer = await place(body);
    expect([answer.status, answer.body.code]).toEqual([422, "validation-failed"]);
    expect(answer.body.errors.map((each) => each.pointer)).toContain(pointer);
    expect(await countRows()).toEqual(before);
  });

  test.each<[string, unknown, number, string]>([
    ["a card number as token", card({ type: "card", token: "4242424242424242" }), 422, "card-number-refused"],
    ["a card number elsewhere", card({ number: 4242424242424242 }), 422, "card-number-refused"],
    ["no JSON", "{", 400, "malformed-request"],
    ["no UTF-8", Uint8Array.of(0x22, 0xff, 0x22), 400, "malformed-request"],
    ["too much", JSON.stringify({ x: "x".repeat(300_000) }), 413, "body-too-large"],
  ])("%s is refused, and nothing is stored", async (_name, body, status, code) => {
    const before = await countRows();
    const answer = await place(body);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(await countRows()).toEqual(before);
  });

  test("a card number is neither quoted nor logged", async () => {
    const { text } = await place(card({ type: "card", token: "x", cvc: "4000 0566 5566 5556" }));
    expect(text + service.lines.join("")).not.toContain("5566");
  });

  test("nobody orders without a token, and no service does", async () => {
    expect((await call("POST", "/api/orders", { body: one })).status).toBe(401);
    expect((await call("POST", "/api/orders", { body: card({ number: "4242424242424242" }) })).status).toBe(
      401,
    );
    const token = await service.people.serviceToken("product-service");
    expect((await call("POST", "/api/orders", { body: one, token })).status).toBe(403);
  });
});
