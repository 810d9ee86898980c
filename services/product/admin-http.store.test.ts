import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { openTestProducts, sampleDraft, type TestProducts } from "./test-products.ts";

let products: TestProducts;
beforeAll(async () => {
  products = await openTestProducts();
  await products.seed();
});
afterAll(() => products.close());

describe("an admin", () => {
  test("creates a product whose footprint and score are worked out, and an event says so", async () => {
    const id = await products.create();
    const { body } = await products.call("GET", `/api/products/${id}`);
    // 0.6 x 0.270 + 0.05 x 0.98 + 0.02 x 1.345 + 0.4 x 0.166
    expect(body.carbon.kgCO2e).toBe("0.304");
    expect(body.stock).toEqual({ available: 7 });
    expect(body.sustainabilityScore).toBeGreaterThan(60);
    const [event] = await products.sql<{ payload: string }[]>`select payload from outbox where key = ${id}`;
    expect(JSON.parse(event?.payload ?? "")).toMatchObject({
      type: "ecotrack.product.created.v1",
      subject: id,
      data: {
        productId: id,
        name: "Willow basket",
        category: "bags",
        price: { amount: 2490, currency: "EUR" },
      },
    });
    expect((await products.list("?query=willow%20basket")).data.map((each) => each.id)).toContain(id);
  });

  test("need not claim anything, and gets no credit for it", async () => {
    const { name, description, category, price, billOfMaterials } = sampleDraft;
    const body = { name, description, category, price, billOfMaterials, stock: { onHand: 0 } };
    const answer = await products.call("POST", "/api/products", { as: products.tokens.admin, body });
    expect(answer).toMatchObject({
      status: 201,
      body: { images: [], scoreParts: { certificates: 0, repairability: 0 } },
    });
    const unknown = await products.call("POST", "/api/products", {
      as: products.tokens.admin,
      body: { ...body, billOfMaterials: undefined },
    });
    expect(unknown).toMatchObject({ status: 422, body: { errors: [{ pointer: "/billOfMaterials" }] } });
  });

  test("changes a product; price and stock each have their event; the list follows at once", async () => {
    const id = await products.create({ name: "Kaleidoscope thing" });
    expect((await products.list("?query=kaleidoscope")).data).toHaveLength(1);
    const body = { name: "Altered thing", price: { amount: 1990, currency: "EUR" }, stock: { onHand: 3 } };
    const changed = await products.call("PATCH", `/api/products/${id}`, { as: products.tokens.admin, body });
    expect(changed).toMatchObject({
      status: 200,
      body: { name: "Altered thing", price: { amount: 1990 }, stock: { available: 3 }, version: 2 },
    });
    expect((await products.list("?query=kaleidoscope")).data).toEqual([]);
    const rows = await products.sql<
      { payload: string }[]
    >`select payload from outbox where key = ${id} order by id`;
    const events = rows.map(({ payload }) => JSON.parse(payload) as { type: string; data: object });
    expect(events.map((event) => event.type.split(".")[2])).toEqual([
      "created",
      "updated",
      "price-changed",
      "stock-changed",
    ]);
    expect(events[2]?.data).toMatchObject({ from: { amount: 2490 }, to: { amount: 1990 } });
    expect(events[3]?.data).toMatchObject({ onHand: 3, reserved: 0, available: 3, reason: "adjusted" });
  });

  test("adds what was delivered", async () => {
    const id = await products.create();
    const body = { stock: { delivered: 5 } };
    const answer = await products.call("PATCH", `/api/products/${id}`, { as: products.tokens.admin, body });
    expect(answer.body.stock).toEqual({ available: 12 });
    expect(answer.body.version).toBe(1);
  });

  test("with an old version is refused and changes nothing", async () => {
    const id = await products.create();
    const patch = (version: string, name: string) =>
      products.call("PATCH", `/api/products/${id}`, {
        as: products.tokens.admin,
        body: { name },
        headers: { "if-match": version },
      });
    expect((await patch('"1"', "Second")).status).toBe(200);
    expect(await patch('"1"', "Third")).toMatchObject({ status: 412, body: { code: "version-mismatch" } });
    expect((await patch("nonsense", "Third")).status).toBe(412);
    expect((await products.call("GET", `/api/products/${id}`)).body.name).toBe("Second");
  });

  test("deletes: gone from everywhere, the row stays", async () => {
    const id = await products.create({ name: "Vanishing thing" });
    const path = `/api/products/${id}`;
    expect((await products.call("DELETE", path, { as: products.tokens.admin })).status).toBe(204);
    expect((await products.call("DELETE", path, { as: products.tokens.admin })).status).toBe(404);
    expect((await products.call("GET", path)).status).toBe(404);
    expect((await products.list("?query=vanishing")).data).toEqual([]);
    const [row] = await products.sql`select deleted_at from products where id = ${id}`;
    expect(row?.deleted_at).toBeInstanceOf(Date);
  });

  test("a new product moves the median, and with it the scores of its category", async () => {
    const category = "stationery";
    const before = (await products.list(`?category=${category}&limit=100&sort=name`)).data;
    const heavy = { ...sampleDraft.billOfMaterials, materials: [{ material: "aluminium", kg: "9" }] };
    for (const name of ["Ingot one", "Ingot two", "Ingot three", "Ingot four", "Ingot five"])
      await products.create({ name, category, billOfMaterials: heavy });
    const after = new Map(
      (await products.list(`?category=${category}&limit=100`)).data.map((each) => [each.id, each]),
    );
    const gained = before.filter(
      (each) => (after.get(each.id)?.sustainabilityScore ?? 0) > each.sustainabilityScore,
    );
    expect(gained.length).toBeGreaterThan(3);
  });
});

describe("what is refused", () => {
  const body = { ...sampleDraft, stock: { onHand: 1 } };

  test("nobody, a customer and another service may not write", async () => {
    const attempts = [
      ["POST", "/api/products", body],
      ["PATCH", `/api/products/${randomUUID()}`, { name: "x" }],
      ["DELETE", `/api/products/${randomUUID()}`, undefined],
    ] as const;
    for (const [method, path, content] of attempts) {
      const none = await products.call(method, path, { body: content });
      expect(none).toMatchObject({ status: 401, body: { code: "unauthorized" } });
      for (const as of [products.tokens.customer, products.tokens.orders]) {
        expect(await products.call(method, path, { as, body: content })).toMatchObject({ status: 403 });
      }
    }
  });

  test.each([
    ["unknown field", { ...body, sustainabilityScore: 100 }, "/sustainabilityScore"],
    ["a footprint that the client made up", { ...body, carbon: { kgCO2e: "0" } }, "/carbon"],
    ["no name", { ...body, name: undefined }, "/name"],
    ["a blank name", { ...body, name: "  " }, "/name"],
    ["a zero character", { ...body, name: "a\u0000b" }, "/name"],
    ["a price as text", { ...body, price: { amount: "100", currency: "EUR" } }, "/price/amount"],
    ["a price of nothing", { ...body, price: { amount: 0, currency: "EUR" } }, "/price/amount"],
    ["half a cent", { ...body, price: { amount: 1.5, currency: "EUR" } }, "/price/amount"],
    ["stock below none", { ...body, stock: { onHand: -1 } }, "/stock/onHand"],
    ["too much stock", { ...body, stock: { onHand: 10 ** 12 } }, "/stock/onHand"],
    ["an unknown category", { ...body, category: "nowhere" }, "/category"],
    ["an image that is a script", { ...body, images: ["javascript:alert(1)"] }, "/images/0"],
  ])("%s", async (_, content, pointer) => {
    const answer = await products.call("POST", "/api/products", { as: products.tokens.admin, body: content });
    expect(answer).toMatchObject({ status: 422, body: { code: "validation-failed" } });
    expect(answer.body.errors[0].pointer).toBe(pointer);
  });

  test("materials, masses and countries without a factor", async () => {
    const bills = [
      { ...body.billOfMaterials, materials: [{ material: "unobtainium", kg: "1" }] },
      { ...body.billOfMaterials, materials: [{ material: "cotton", kg: "0.0" }] },
      { ...body.billOfMaterials, materials: [{ material: "cotton", kg: "1e3" }] },
      { ...body.billOfMaterials, manufacturing: { country: "XX", energyKwh: "1" } },
      { ...body.billOfMaterials, materials: [] },
    ];
    for (const billOfMaterials of bills) {
      const content = { ...body, billOfMaterials };
      const answer = await products.call("POST", "/api/products", {
        as: products.tokens.admin,
        body: content,
      });
      expect(answer.status).toBe(422);
      expect(answer.body.errors[0].pointer).toStartWith("/billOfMaterials");
    }
  });

  test("what is no JSON, no UTF-8, another type, too large, empty", async () => {
    const as = products.tokens.admin;
    const send = async (content: BodyInit, type = "application/json") => {
      const response = await products.app.fetch(
        new Request("http://product.test/api/products", {
          method: "POST",
          headers: { authorization: `Bearer ${as}`, "content-type": type },
          body: content,
        }),
      );
      return [response.status, ((await response.json()) as { code: string }).code];
    };
    expect(await send("{")).toEqual([400, "malformed-request"]);
    expect(await send(new Uint8Array([0x22, 0xff, 0x22]))).toEqual([400, "malformed-request"]);
    expect(await send(JSON.stringify(body), "text/plain")).toEqual([415, "unsupported-media-type"]);
    expect(await send(`"${"x".repeat(300_000)}"`)).toEqual([413, "body-too-large"]);
    expect(await send("[]")).toEqual([422, "validation-failed"]);
    const empty = await products.call("PATCH", `/api/products/${randomUUID()}`, { as, body: {} });
    expect(empty.status).toBe(422);
  });

  test("changes nothing", async () => {
    const [before] = await products.sql`select version::text from catalogue_version`;
    await products.call("POST", "/api/products", {
      as: products.tokens.admin,
      body: { ...body, category: "none" },
    });
    const [after] = await products.sql`select version::text from catalogue_version`;
    expect({ ...after }).toEqual({ ...before });
  });
});
