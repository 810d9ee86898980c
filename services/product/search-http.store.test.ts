import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { type Listed, openTestProducts, type TestProducts } from "./test-products.ts";

let products: TestProducts;
beforeAll(async () => {
  products = await openTestProducts();
  await products.seed();
});
afterAll(() => products.close());

const total = (facet: readonly { count: number }[]) => facet.reduce((sum, each) => sum + each.count, 0);

describe("the list", () => {
  test("shows products with price, stock, score and footprint, twenty at a time", async () => {
    const { data, nextCursor } = await products.list("");
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
      const page = await products.list(`?sort=${sort}&limit=37${cursor}`);
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
    const all = await products.list("?query=recycled&limit=100");
    const seen = new Set<string>();
    let cursor = "";
    do {
      const page = await products.list(`?query=recycled&limit=9${cursor}`);
      for (const { id } of page.data) seen.add(id);
      cursor = page.nextCursor ? `&cursor=${page.nextCursor}` : "";
    } while (cursor && seen.size < 100);
    expect(all.data.length).toBeGreaterThan(20);
    for (const { id } of all.data) expect(seen).toContain(id);
  });

  test("finds words by their beginning and by their stem, names before descriptions", async () => {
    const bottles = await products.list("?query=steel%20bottl");
    expect(bottles.data.length).toBeGreaterThanOrEqual(8);
    for (const { name } of bottles.data.slice(0, 8)) expect(name).toContain("teel bottle");
    expect((await products.list("?query=BOTTLES")).data.length).toBeGreaterThan(0);
    expect((await products.list("?query=zzzzqqq")).data).toEqual([]);
    expect((await products.list("?query=%21%27%26%00")).data).toEqual([]);
    expect((await products.list("?query=the")).data).toEqual([]);
  });

  test("narrows by category with all below it, score and price", async () => {
    const { data } = await products.list("?category=kitchen&minScore=50&maxPrice=2000&limit=100");
    expect(data.length).toBeGreaterThan(3);
    const kitchen = ["drinkware", "cookware", "tableware", "food-storage"];
    for (const each of data) {
      expect(kitchen).toContain(each.category);
      expect(each.sustainabilityScore).toBeGreaterThanOrEqual(50);
      expect(each.price.amount).toBeLessThanOrEqual(2000);
    }
    expect((await products.list("?category=nowhere")).data).toEqual([]);
  });

  test("counts facets over the whole result, each without its own filter", async () => {
    const { facets } = await products.list("?category=kitchen&limit=1");
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
    const [first, second] = (await products.list("?limit=2")).data;
    const ids = [second?.id, randomUUID(), first?.id?.toUpperCase()];
    const { data, nextCursor } = await products.list(`?ids=${ids.join(",")}`);
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
    const { nextCursor } = await products.list("?sort=price&limit=1");
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
    const [first] = (await products.list("?query=bicycle&limit=1")).data;
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
    const [worst] = (await products.list("?category=cycling&sort=score&limit=1")).data;
    const { body } = await products.call("GET", `/api/products/${worst?.id}/recommendations?limit=5`);
    expect(body.data).toHaveLength(5);
    for (const each of body.data as Listed[]) {
      expect(each.category).toBe("cycling");
      expect(each.id).not.toBe(worst?.id ?? "");
    }
    const [best] = (await products.list("?category=cycling&sort=carbon&limit=1")).data;
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
