import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type ProductFilter, prefixQuery, type Sort } from "./product-search.ts";
import { pageQuery } from "./search-store.ts";
import { openTestProducts, type TestProducts } from "./test-products.ts";

let products: TestProducts;
beforeAll(async () => {
  products = await openTestProducts();
});
afterAll(() => products.close());

/** One number for all that the seed may touch. */
async function fingerprint(): Promise<string> {
  const [row] = await products.sql<{ text: string }[]>`
    select md5(concat(
      (select string_agg(p::text, '' order by id) from products p),
      (select string_agg(s::text, '' order by product_id) from stock s),
      (select string_agg(c::text, '' order by id) from categories c),
      (select version from catalogue_version),
      (select count(*) from outbox))) as text`;
  return row?.text ?? "";
}

describe("seeding", () => {
  test("takes less than a second of the processor, and tells of each product once", async () => {
    const before = process.cpuUsage();
    await products.seed();
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1000).toBeLessThan(1000);
    const [count] = await products.sql`
      select (select count(*) from products) as products, (select count(*) from stock) as stock,
        (select count(*) from outbox) as events, (select count(distinct category_id) from products) as categories`;
    expect(count).toMatchObject({ products: count?.events, stock: count?.events });
    expect(count?.products).toBeGreaterThanOrEqual(240);
    expect(count?.categories).toBeGreaterThanOrEqual(12);
  });

  test("twice changes nothing", async () => {
    const before = await fingerprint();
    await products.seed();
    expect(await fingerprint()).toBe(before);
  });

  test("leaves sold stock sold, changed prices changed and deleted products deleted", async () => {
    const ids = (await products.sql<{ id: string }[]>`select id from products order by id limit 3`).map(
      ({ id }) => id,
    );
    const [sold = "", changed = "", deleted = ""] = ids;
    await products.transaction(async (tx) => {
      await tx`update stock set on_hand = on_hand - 5, sold = 5 where product_id = ${sold}`;
      await tx`update products set price_amount = 1 where id = ${changed}`;
      await tx`update products set deleted_at = now() where id = ${deleted}`;
    });
    const before = await fingerprint();
    await products.seed();
    expect(await fingerprint()).toBe(before);
  });

  test("scores every product within its category: some good, some bad, the parts add up", async () => {
    const rows = await products.sql<{ low: number; high: number }[]>`
      select min(score) as low, max(score) as high from products where deleted_at is null group by category_id`;
    for (const { low, high } of rows) expect(high - low).toBeGreaterThan(15);
    const [wrong] = await products.sql`
      select count(*) as n from products, jsonb_each(score_parts) part group by id, score
      having sum(part.value::int) <> score`;
    expect(wrong).toBeUndefined();
  });
});

describe("the plan of a page", () => {
  beforeAll(async () => {
    // Enough rows that reading all of them would be the wrong plan.
    await products.transaction(async (tx) => {
      await tx`
        insert into products (id, name, description, category_id, price_amount, price_currency, images, kg_co2e, footprint,
          inventory, uncertainty_percent, recycled_percent, renewable_percent, expected_life_years, repairability,
          certificates, score, keywords, created_at, updated_at)
        select gen_random_uuid(), name || ' no ' || n, description, category_id, price_amount + n, price_currency, images,
          kg_co2e + n * 0.001, '{}', '[]', 0, 0, 0, 1, 0, '{}', (score + n) % 101, keywords,
          created_at + n * interval '1 second', updated_at
        from products, generate_series(1, 30) n`;
      await tx`analyze products`;
      // As autovacuum does it some time: what waits to be entered makes the text index dear (PostgreSQL, "GIN Fast Update").
      await tx`select gin_clean_pending_list('products_search')`;
    });
  }, 30_000);

  async function planOf(
    sort: Sort,
    filter: Partial<ProductFilter> = {},
    after: string | null = null,
  ): Promise<string> {
    const all: ProductFilter = { words: null, categoryIds: null, minScore: null, maxPrice: null };
    const place = after === null ? null : { key: after, id: "70000000-0000-7000-8000-000000000000" };
    const query = pageQuery(products.sql, { ...all, ...filter }, sort, 20, place);
    const rows = await products.sql<{ "QUERY PLAN": string }[]>`explain ${query}`;
    return rows.map((row) => row["QUERY PLAN"]).join("\n");
  }

  const orders: [Sort, string, string][] = [
    ["price", "products_price", "2000"],
    ["-price", "products_price", "2000"],
    ["score", "products_score", "50"],
    ["-score", "products_score", "50"],
    ["carbon", "products_carbon", "2.5"],
    ["-carbon", "products_carbon", "2.5"],
    ["newest", "products_newest", "1736931600000000"],
    ["name", "products_name", "m"],
  ];
  test.each(orders)(
    "in the order of %p reads %p from where the last page ended",
    async (sort, index, key) => {
      const plan = await planOf(sort, {}, key);
      expect(plan).toMatch(new RegExp(`Index (Only )?Scan (Backward )?using ${index} `));
      expect(plan).toContain("Index Cond: (ROW(");
      expect(plan).not.toContain("Sort");
    },
  );

  test("for words reads the text index", async () => {
    expect(await planOf("relevance", { words: prefixQuery("cast iron skillet") })).toContain(
      "products_search",
    );
  });

  test("of a category with few products reads that category, not the order", async () => {
    const [row] = await products.sql<{ id: string }[]>`
      insert into categories (id, slug, name, position) values (gen_random_uuid(), 'few', 'Few', 99) returning id`;
    expect(await planOf("-score", { categoryIds: [row?.id ?? ""] })).toContain("products_category");
  });
});
