import type { StockedProduct } from "./catalogue.ts";
import type { ProductDeps } from "./product-deps.ts";
import { findBetterIds, findPopularIds } from "./search-store.ts";

const most = 12;
const popularKept = 50;

/**
 * What to buy instead: products of the same category with a smaller footprint or a higher score, filled up with what
 * was sold most. Only what is in stock.
 */
export async function recommendProducts(
  deps: ProductDeps,
  id: string,
  limit: number,
): Promise<readonly StockedProduct[] | { readonly refused: "product-not-found" }> {
  const { catalogue, sql } = deps;
  const [product] = await catalogue.products([id]);
  if (product === undefined) return { refused: "product-not-found" };
  const key = `better:${product.product.id}`;
  const [better, popular] = await Promise.all([
    catalogue.cache.one("search", key, () => findBetterIds(sql, product.product.id, most)),
    catalogue.cache.one("popular", "all", () => findPopularIds(sql, popularKept)),
  ]);
  const candidates = [...new Set([...better, ...popular])].filter((each) => each !== product.product.id);
  const inStock = (await catalogue.products(candidates)).filter((each) => each.available > 0);
  return inStock.slice(0, limit);
}
