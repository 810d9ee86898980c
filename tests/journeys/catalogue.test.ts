import { expect, test } from "bun:test";
import { admin, call, newProduct, type Product } from "./person.ts";

interface List {
  readonly data: readonly Product[];
  readonly nextCursor: string | null;
  readonly facets: Record<string, unknown>;
}
interface Category {
  readonly slug: string;
  readonly children?: readonly Category[];
}

test("the catalogue has at least 240 products in 12 categories, each with a price, a footprint and a score", async () => {
  const seen = new Map<string, Product>();
  let cursor: string | null = null;
  do {
    const query: string = cursor ? `&cursor=${encodeURIComponent(cursor)}` : "";
    const { body }: { body: List } = await call<List>("GET", `/api/products?limit=100&sort=name${query}`);
    for (const product of body.data) {
      expect(seen.has(product.id)).toBe(false);
      seen.set(product.id, product);
    }
    cursor = body.nextCursor;
  } while (cursor);
  expect(seen.size).toBeGreaterThanOrEqual(240);
  expect(new Set([...seen.values()].map(({ category }) => category)).size).toBeGreaterThanOrEqual(12);
  for (const product of seen.values()) {
    expect(product.price.amount).toBeGreaterThan(0);
    expect(product.carbon.kgCO2e).toMatch(/^\d+(\.\d+)?$/);
    expect(product.sustainabilityScore).toBeGreaterThanOrEqual(0);
    expect(product.sustainabilityScore).toBeLessThanOrEqual(100);
  }
});

test("the search finds by words, within a category, a price and a score", async () => {
  const { body: tree } = await call<{ data: readonly Category[] }>("GET", "/api/categories");
  const leaf = tree.data.flatMap(({ children }) => children ?? [])[0];
  if (!leaf) throw new Error("There are no categories");
  const within = await call<List>("GET", `/api/products?category=${leaf.slug}&limit=100`);
  expect(within.body.data.length).toBeGreaterThan(0);
  expect(within.body.data.every(({ category }) => category === leaf.slug)).toBe(true);
  const [first] = within.body.data;
  const found = await call<List>("GET", `/api/products?query=${encodeURIComponent(first?.name ?? "")}`);
  expect(found.body.data.some(({ id }) => id === first?.id)).toBe(true);
  const cheap = await call<List>("GET", "/api/products?maxPrice=2000&minScore=50&limit=100");
  expect(
    cheap.body.data.every(
      ({ price, sustainabilityScore }) => price.amount <= 2000 && sustainabilityScore >= 50,
    ),
  ).toBe(true);
  expect(Object.keys(cheap.body.facets).length).toBeGreaterThan(0);
});

test("an admin's change is seen by the next reader", async () => {
  const token = await admin();
  const product = await newProduct({ price: 1000 });
  expect((await call<Product>("GET", `/api/products/${product.id}`)).body.price.amount).toBe(1000);
  const changed = await call<Product>("PATCH", `/api/products/${product.id}`, {
    token,
    body: { price: { amount: 1200, currency: "EUR" } },
  });
  expect(changed).toMatchObject({ status: 200, body: { price: { amount: 1200 } } });
  expect((await call<Product>("GET", `/api/products/${product.id}`)).body.price.amount).toBe(1200);
  expect((await call("DELETE", `/api/products/${product.id}`, { token })).status).toBe(204);
  expect((await call("GET", `/api/products/${product.id}`)).status).toBe(404);
});

test("a product has recommendations that are other products", async () => {
  const { body } = await call<List>("GET", "/api/products?limit=1");
  const id = body.data[0]?.id ?? "";
  const { status, body: recommended } = await call<{ data: readonly Product[] }>(
    "GET",
    `/api/products/${id}/recommendations`,
  );
  expect(status).toBe(200);
  expect(recommended.data.length).toBeGreaterThan(0);
  expect(recommended.data.some((product) => product.id === id)).toBe(false);
});
