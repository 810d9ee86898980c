import { appendEvents } from "#mesh/outbox/append";
import { insertCategories } from "./category-store.ts";
import { namesUpwards } from "./category-tree.ts";
import { keywordsOf } from "./product.ts";
import type { ProductDeps } from "./product-deps.ts";
import { created, productTopic } from "./product-event.ts";
import { insertProducts, lockCatalogue, renewCatalogueVersion } from "./product-store.ts";
import { rescoreCategories } from "./rescore-categories.ts";
import { seedCategories, seedProducts } from "./seed/catalogue.ts";
import { insertStocks } from "./stock-store.ts";

/**
 * Puts in what is missing of the catalogue in `seed/` and returns how many products that were. What is there stays as it
 * is: prices that were changed, stock that was sold, products that were deleted.
 */
export async function seedCatalogue(
  deps: Pick<ProductDeps, "transaction" | "catalogueVersion" | "now" | "newId">,
) {
  const categories = seedCategories();
  const categoryIds = new Map(categories.map(({ slug, id }) => [slug, id]));
  const seeds = seedProducts();
  const rows = seeds.map(({ product }) => {
    const categoryId = categoryIds.get(product.category) ?? "";
    return { ...product, categoryId, keywords: keywordsOf(product, namesUpwards(categories, categoryId)) };
  });
  const count = await deps.transaction(async (tx) => {
    await lockCatalogue(tx);
    await insertCategories(tx, categories);
    const ids = new Set(await insertProducts(tx, rows));
    if (ids.size === 0) return 0;
    const added = seeds.filter(({ product }) => ids.has(product.id));
    await renewCatalogueVersion(tx);
    await insertStocks(
      tx,
      added.map(({ product, onHand }) => ({ productId: product.id, onHand })),
    );
    await rescoreCategories(tx, [...new Set(categoryIds.values())]);
    const time = deps.now();
    await appendEvents(
      tx,
      productTopic,
      added.map(({ product }) => created(product, { id: deps.newId(), time })),
    );
    return ids.size;
  });
  deps.catalogueVersion.forget();
  return count;
}
