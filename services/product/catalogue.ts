import type { Sql } from "#mesh/postgres/sql";
import { type CountedCategory, findCategories } from "./category-store.ts";
import type { Product } from "./product.ts";
import { findProducts } from "./product-store.ts";
import type { StockReader } from "./stock-reader.ts";
import type { TwoLevelCache } from "./two-level-cache.ts";

export interface StockedProduct {
  readonly product: Product;
  readonly available: number;
}

/** What is for sale, read through the caches. */
export interface Catalogue {
  readonly cache: TwoLevelCache;
  /** The products among `ids` that are for sale, in the order of `ids`. */
  products(ids: readonly string[]): Promise<StockedProduct[]>;
  categories(): Promise<CountedCategory[]>;
}

export function createCatalogue({
  sql,
  cache,
  stock,
}: {
  sql: Sql;
  cache: TwoLevelCache;
  stock: StockReader;
}): Catalogue {
  const load = async (ids: readonly string[]) =>
    new Map((await findProducts(sql, ids)).map((product) => [product.id, product]));
  return {
    cache,
    async products(given) {
      const ids = [...new Set(given.map((id) => id.toLowerCase()))];
      const [products, available] = await Promise.all([
        cache.many("product", ids, load),
        stock.available(ids),
      ]);
      return ids.flatMap((id) => {
        const product = products.get(id);
        return product === undefined ? [] : [{ product, available: available.get(id) ?? 0 }];
      });
    },
    categories: () => cache.one("category", "all", () => findCategories(sql)),
  };
}
