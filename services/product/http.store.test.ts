import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { eventually } from "#mesh/eventually";
import { openTestProducts, sampleDraft, type TestProducts } from "./test-products.ts";

let products: TestProducts;
beforeAll(async () => {
  products = await openTestProducts();
  await products.seed();
});
afterAll(() => products.close());

interface Listed {
  readonly id: string;
  readonly name: string;
  readonly category: string;
  readonly price: { readonly amount: number };
  readonly sustainabilityScore: number;
  readonly carbon: { readonly kgCO2e: string };
}

const list = async (query: string) => {
  const { status, body } = await products.call("GET", `/api/products${query}`);
  expect(status).toBe(200);
  return body as {
    data: Listed[];
    nextCursor: string | null;
    facets: Record<"categories" | "scores" | "prices", { category?: string; count: number }[]>;
  };
};

async function create(change: object = {}): Promise<string> {
  const body = { ...sampleDraft, stock: { onHand: 7 }, ...change };
  const answer = await products.call("POST", "/api/products", { as: products.tokens.admin, body });
  expect(answer.status).toBe(201);
  return answer.body.id;
}

const total = (facet: readonly { count: number }[]) => facet.reduce((sum, each) => sum + each.count, 0);

describe("the list", () => {
  test("shows products with price, stock, score and footprint, twenty at a time", async () => {
    const { data, nextCursor } = await list("");
    expect(data).toHaveLength(20);
    expect(nextCursor).toBeString();
    expect(data[0]).toMatchObject({
      price: { amount: expect.any(Number), currency: "EUR" },
      stock: { available: expect.any(Number) },
      carbon: { kgCO2e: expect.stringMatching(/^\d+\.\d{3}$/), boundary: "cradle-to-gate" },
      images: [expect.stringMatching(/^https:/), expect.any(String)],
    });
  });

  const sorts = ["price", "-price", "score", "-score", "carbon", "-carbon", "newest", "name"];
  test.each(sorts)("walked in the order of %p shows each product once, sorted", async (sort) => {
    const seen: Listed[] = [];
    let cursor = "";
    do {
      const page = await list(`?sort=${sort}&limit=37${cursor}`);
      seen.push(...page.data);
      cursor = page.nextCursor ? `&cursor=${page.nextCursor}` : "";
    } while (cursor);
    const [count] = await products.sql`select count(*)::int as n from products where deleted_at is null`;
    expect(new Set(seen.map((each) => each.id)).size).toBe(seen.length);
    expect(seen.length).toBe(count?.n);
    const keys = seen.map((each) => {
      if (sort.endsWith("price")) return each.price.amount;
      if (sort.endsWith("score")) return each.sustainabilityScore;
      return sort.endsWith("carbon") ? Number(each.carbon.kgCO2e) : 0;
    });
    const sorted = keys.toSorted((a, b) => (sort.startsWith("-") ? b - a : a - b));
    expect(keys).toEqual(sorted);
    if (sort === "name") {
      const names = seen.map((each) => Buffer.from(each.name.toLowerCase()));
      expect(names).toEqual(names.toSorted((a, b) => a.compare(b)));
    }
  });

  test("walked by relevance shows each match once", async () => {
    const all = await list("?query=recycled&limit=100");
    const seen = new Set<string>();
    let cursor = "";
    do {
      const page = await list(`?query=recycled&limit=9${cursor}`);
      for (const { id } of page.data) seen.add(id);
      cursor = page.nextCursor ? `&cursor=${page.nextCursor}` : "";
    } while (cursor && seen.size < 100);
    expect(all.data.length).toBeGreaterThan(20);
    for (const { id } of all.data) expect(seen).toContain(id);
  });

  test("finds words by their beginning and by their stem, names before descriptions", async () => {
    const bottles = await list("?query=steel%20bottl");
    expect(bottles.data.length).toBeGreaterThanOrEqual(8);
    for (const { name } of bottles.data.slice(0, 8)) expect(name).toContain("teel bottle");
    expect((await list("?query=BOTTLES")).data.length).toBeGreaterThan(0);
    expect((await list("?query=zzzzqqq")).data).toEqual([]);
    expect((await list("?query=%21%27%26%00")).data).toEqual([]);
    expect((await list("?query=the")).data).toEqual([]);
  });

  test("narrows by category with all below it, score and price", async () => {
    const { data } = await list("?category=kitchen&minScore=50&maxPrice=2000&limit=100");
    expect(data.length).toBeGreaterThan(3);
    const kitchen = ["drinkware", "cookware", "tableware", "food-storage"];
    for (const each of data) {
      expect(kitchen).toContain(each.category);
      expect(each.sustainabilityScore).toBeGreaterThanOrEqual(50);
      expect(each.price.amount).toBeLessThanOrEqual(2000);
    }
    expect((await list("?category=nowhere")).data).toEqual([]);
  });

  test("counts facets over the whole result, each without its own filter", async () => {
    const { facets } = await list("?category=kitchen&limit=1");
    const [count] = await products.sql`
      select count(*)::int as n, (count(*) filter (where c.parent_id = k.id))::int as kitchen
      from products p join categories c on c.id = p.category_id cross join categories k
      where k.slug = 'kitchen' and p.deleted_at is null`;
    expect(total(facets.categories)).toBe(count?.n);
    expect(total(facets.scores)).toBe(count?.kitchen);
    expect(total(facets.prices)).toBe(count?.kitchen);
    expect(facets.scores).toHaveLength(5);
    expect(facets.prices).toHaveLength(5);
  });

  test("gives products by ids in that order, without what does not exist", async () => {
    const [first, second] = (await list("?limit=2")).data;
    const ids = [second?.id, randomUUID(), first?.id?.toUpperCase()];
    const { data, nextCursor } = await list(`?ids=${ids.join(",")}`);
    expect(data.map((each) => each.id)).toEqual([second?.id ?? "", first?.id ?? ""]);
    expect(nextCursor).toBeNull();
  });

  test.each([
    ["limit=0", "/limit"],
    ["limit=101", "/limit"],
    ["limit=1.5", "/limit"],
    ["limit=-1", "/limit"],
    ["minScore=101", "/minScore"],
    ["maxPrice=1e3", "/maxPrice"],
    ["sort=password", "/sort"],
    ["category=A%20B", "/category"],
    ["cursor=AAAA", "/cursor"],
    ["cursor=%00", "/cursor"],
    ["ids=1", "/ids"],
    [`ids=${randomUUID()}&limit=2`, "/ids"],
    ["colour=red", "/colour"],
    ["query=", "/query"],
    ["limit=1&limit=2", "/limit"],
    ["maxPrice=-1", "/maxPrice"],
  ])("refuses ?%s", async (query, pointer) => {
    const { status, body } = await products.call("GET", `/api/products?${query}`);
    expect({ status, code: body.code }).toEqual({ status: 422, code: "validation-failed" });
    expect(body.errors[0].pointer).toBe(pointer);
  });

  test("refuses a cursor of another order or with a forged key", async () => {
    const { nextCursor } = await list("?sort=price&limit=1");
    const other = await products.call("GET", `/api/products?sort=name&cursor=${nextCursor}`);
    expect(other.status).toBe(422);
    for (const key of ["1; drop table products", "NaN", "9".repeat(40), "-1"]) {
      const forged = Buffer.from(JSON.stringify({ sort: "price", key, id: randomUUID() })).toString(
        "base64url",
      );
      expect((await products.call("GET", `/api/products?sort=price&cursor=${forged}`)).status).toBe(422);
    }
  });
});

describe("one product", () => {
  test("comes with the inventory that its footprint is the sum of", async () => {
    const [first] = (await list("?query=bicycle&limit=1")).data;
    const { status, body } = await products.call("GET", `/api/products/${first?.id}`);
    expect(status).toBe(200);
    expect(body.footprint.pcfExcludingBiogenicUptake).toBe(body.carbon.kgCO2e);
    const sum = body.inventory.reduce(
      (all: number, line: { kgCO2e: string }) => all + Number(line.kgCO2e),
      0,
    );
    expect(sum).toBeCloseTo(Number(body.carbon.kgCO2e), 2);
    expect(body.inventory[0]).toMatchObject({ source: expect.any(String), sourceYear: expect.any(Number) });
    const parts: number[] = Object.values(body.scoreParts);
    expect(parts.reduce((a, b) => a + b)).toBe(body.sustainabilityScore);
  });

  test("is 404 when there is none and 422 when the id is none", async () => {
    const missing = await products.call("GET", `/api/products/${randomUUID()}`);
    expect(missing).toMatchObject({ status: 404, body: { code: "product-not-found" } });
    expect((await products.call("GET", "/api/products/1")).status).toBe(422);
    expect((await products.call("GET", `/api/products/${randomUUID()}/recommendations`)).status).toBe(404);
  });

  test("recommends better products of its category, then popular ones", async () => {
    const [worst] = (await list("?category=cycling&sort=score&limit=1")).data;
    const { body } = await products.call("GET", `/api/products/${worst?.id}/recommendations?limit=5`);
    expect(body.data).toHaveLength(5);
    for (const each of body.data as Listed[]) {
      expect(each.category).toBe("cycling");
      expect(each.id).not.toBe(worst?.id ?? "");
    }
    const [best] = (await list("?category=cycling&sort=carbon&limit=1")).data;
    const popular = await products.call("GET", `/api/products/${best?.id}/recommendations?limit=12`);
    expect(popular.body.data).toHaveLength(12);
  });
});

test("categories are a tree whose counts add up", async () => {
  const { body } = await products.call("GET", "/api/categories");
  const [count] = await products.sql`select count(*)::int as n from products where deleted_at is null`;
  const counts = (body.data as { productCount: number }[]).map((each) => ({ count: each.productCount }));
  expect(total(counts)).toBe(count?.n);
  expect(body.data[0]).toMatchObject({ slug: "kitchen", children: [{ slug: "drinkware" }, {}, {}, {}] });
});

describe("an admin", () => {
  test("creates a product whose footprint and score are worked out, and an event says so", async () => {
    const id = await create();
    const { body } = await products.call("GET", `/api/products/${id}`);
    // 0.6 x 0.306 + 0.05 x 0.98 + 0.02 x 0.919 + 0.4 x 0.151
    expect(body.carbon.kgCO2e).toBe("0.311");
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
    expect((await list("?query=willow%20basket")).data.map((each) => each.id)).toContain(id);
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
    const id = await create({ name: "Kaleidoscope thing" });
    expect((await list("?query=kaleidoscope")).data).toHaveLength(1);
    const body = { name: "Altered thing", price: { amount: 1990, currency: "EUR" }, stock: { onHand: 3 } };
    const changed = await products.call("PATCH", `/api/products/${id}`, { as: products.tokens.admin, body });
    expect(changed).toMatchObject({
      status: 200,
      body: { name: "Altered thing", price: { amount: 1990 }, stock: { available: 3 }, version: 2 },
    });
    expect((await list("?query=kaleidoscope")).data).toEqual([]);
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
    const id = await create();
    const body = { stock: { delivered: 5 } };
    const answer = await products.call("PATCH", `/api/products/${id}`, { as: products.tokens.admin, body });
    expect(answer.body.stock).toEqual({ available: 12 });
    expect(answer.body.version).toBe(1);
  });

  test("with an old version is refused and changes nothing", async () => {
    const id = await create();
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
    const id = await create({ name: "Vanishing thing" });
    const path = `/api/products/${id}`;
    expect((await products.call("DELETE", path, { as: products.tokens.admin })).status).toBe(204);
    expect((await products.call("DELETE", path, { as: products.tokens.admin })).status).toBe(404);
    expect((await products.call("GET", path)).status).toBe(404);
    expect((await list("?query=vanishing")).data).toEqual([]);
    const [row] = await products.sql`select deleted_at from products where id = ${id}`;
    expect(row?.deleted_at).toBeInstanceOf(Date);
  });

  test("a new product moves the median, and with it the scores of its category", async () => {
    const category = "stationery";
    const before = (await list(`?category=${category}&limit=100&sort=name`)).data;
    const heavy = { ...sampleDraft.billOfMaterials, materials: [{ material: "aluminium", kg: "9" }] };
    for (const name of ["Ingot one", "Ingot two", "Ingot three", "Ingot four", "Ingot five"])
      await create({ name, category, billOfMaterials: heavy });
    const after = new Map(
      (await list(`?category=${category}&limit=100`)).data.map((each) => [each.id, each]),
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

describe("order-service", () => {
  const as = () => ({ as: products.tokens.orders });

  test("gets prices, without what is not for sale", async () => {
    const [id, gone] = [await create(), await create()];
    await products.call("DELETE", `/api/products/${gone}`, { as: products.tokens.admin });
    const body = { productIds: [id, gone, randomUUID(), id] };
    const { status, body: prices } = await products.call("POST", "/internal/prices", { ...as(), body });
    expect(status).toBe(200);
    expect(prices).toEqual({
      products: [
        {
          id,
          name: "Willow basket",
          price: { amount: 2490, currency: "EUR" },
          carbon: { kgCO2e: "0.311" },
          available: 7,
        },
      ],
    });
  });

  test("holds, confirms and releases; each answer is as the contract has it", async () => {
    const id = await create();
    const path = `/internal/reservations/${randomUUID()}`;
    const body = { items: [{ productId: id, quantity: 2 }], expiresInSeconds: 60 };
    const held = await products.call("PUT", path, { ...as(), body });
    expect(held).toMatchObject({ status: 200, body: { status: "held", expiresAt: expect.any(String) } });
    expect((await products.call("GET", `/api/products/${id}`)).body.stock).toEqual({ available: 5 });
    expect((await products.call("PUT", path, { ...as(), body })).body).toEqual(held.body);
    const confirmed = await products.call("POST", `${path}/confirm`, as());
    expect(confirmed).toMatchObject({ status: 200, body: { status: "confirmed" } });
    const released = await products.call("POST", `${path}/release`, as());
    expect(released).toMatchObject({ status: 200, body: { status: "released" } });
    expect((await products.call("GET", `/api/products/${id}`)).body.stock).toEqual({ available: 7 });
    const late = await products.call("PUT", path, { ...as(), body });
    expect(late).toMatchObject({ status: 409, body: { code: "reservation-released" } });
    const refused = await products.call("POST", `${path}/confirm`, as());
    expect(refused).toMatchObject({ status: 409, body: { code: "reservation-released" } });
  });

  test("learns what is short", async () => {
    const id = await create();
    const body = { items: [{ productId: id, quantity: 8 }], expiresInSeconds: 60 };
    const answer = await products.call("PUT", `/internal/reservations/${randomUUID()}`, { ...as(), body });
    expect(answer).toMatchObject({
      status: 409,
      body: { code: "insufficient-stock", items: [{ productId: id, quantity: 8, available: 7 }] },
    });
    const unknown = await products.call("POST", `/internal/reservations/${randomUUID()}/confirm`, as());
    expect(unknown).toMatchObject({ status: 404, body: { code: "reservation-not-found" } });
  });

  test.each([0, -1, 1.5, 10 ** 12, "1"])("is refused a quantity of %p", async (quantity) => {
    const body = { items: [{ productId: randomUUID(), quantity }] };
    const answer = await products.call("PUT", `/internal/reservations/${randomUUID()}`, { ...as(), body });
    expect(answer).toMatchObject({ status: 422, body: { errors: [{ pointer: "/items/0/quantity" }] } });
  });

  test("is the only one who may", async () => {
    const body = { productIds: [randomUUID()] };
    for (const token of [products.tokens.admin, products.tokens.otherService]) {
      expect((await products.call("POST", "/internal/prices", { as: token, body })).status).toBe(403);
    }
    expect((await products.call("POST", "/internal/prices", { body })).status).toBe(401);
  });
});

describe("the caches", () => {
  test("of another process follow a change within a second, and prices with them", async () => {
    const other = products.open();
    try {
      const id = await create({ name: "Shared thing" });
      const seen = () => other.deps.catalogue.products([id]);
      expect((await seen())[0]?.product.price.amount).toBe(2490);
      const body = { price: { amount: 990, currency: "EUR" } };
      await products.call("PATCH", `/api/products/${id}`, { as: products.tokens.admin, body });
      products.pass(1000);
      expect((await seen())[0]?.product.price.amount).toBe(990);
      await products.call("DELETE", `/api/products/${id}`, { as: products.tokens.admin });
      products.pass(1000);
      expect(await seen()).toEqual([]);
    } finally {
      await other.close();
    }
  });

  test("show stock of another process at most two seconds late", async () => {
    const other = products.open();
    try {
      const id = await create();
      expect((await other.deps.catalogue.products([id]))[0]?.available).toBe(7);
      const body = { items: [{ productId: id, quantity: 3 }] };
      const path = `/internal/reservations/${randomUUID()}`;
      await products.call("PUT", path, { as: products.tokens.orders, body });
      products.pass(2000);
      expect((await other.deps.catalogue.products([id]))[0]?.available).toBe(4);
    } finally {
      await other.close();
    }
  });

  test("answer a fresh process from Redis, and everybody without Redis", async () => {
    const id = await create();
    await products.call("GET", `/api/products/${id}`);
    const found = async () => {
      const text = await products.metrics.text();
      return Number(
        /product_cache_lookups_total\{kind="product",level="redis"[^}]*\} (\d+)/.exec(text)?.[1] ?? 0,
      );
    };
    const before = await found();
    const hits = await eventually(async () => {
      const fresh = products.open();
      await fresh.deps.catalogue.products([id]);
      await fresh.close();
      const after = await found();
      return after > before ? after : undefined;
    });
    expect(hits).toBeGreaterThan(before);
    const away = await openTestProducts({ redisUrl: "redis://127.0.0.1:1" });
    try {
      await away.seed();
      const { status, body } = await away.call("GET", "/api/products?query=bottle&limit=3");
      expect(status).toBe(200);
      expect(body.data).toHaveLength(3);
    } finally {
      await away.close();
    }
  });
});
