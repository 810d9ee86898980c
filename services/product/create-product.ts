import { appendEvents } from "#mesh/outbox/append";
import type { Transaction } from "#mesh/postgres/sql";
import { findCategories } from "./category-store.ts";
import { namesUpwards } from "./category-tree.ts";
import type { FootprintRefusal } from "./footprint.ts";
import { keywordsOf, newProduct, type ProductDraft, type UnscoredProduct } from "./product.ts";
import type { ProductDeps } from "./product-deps.ts";
import { created, productTopic } from "./product-event.ts";
import { insertProducts, lockCatalogue, type Placement, renewCatalogueVersion } from "./product-store.ts";
import { rescoreCategories } from "./rescore-categories.ts";
import { insertStocks } from "./stock-store.ts";

export type DraftRefusal =
  | FootprintRefusal
  | { readonly refused: "unknown-category"; readonly category: string };

/** Puts a product up for sale with `onHand` pieces and returns its id. Its footprint and score are worked out here. */
export async function createProduct(
  deps: ProductDeps,
  draft: ProductDraft,
  onHand: number,
): Promise<string | DraftRefusal> {
  const at = deps.now();
  const product = newProduct(draft, { id: deps.newId(), at });
  if ("refused" in product) return product;
  const outcome = await deps.transaction<string | DraftRefusal>(async (tx) => {
    await lockCatalogue(tx);
    const placement = await placeIn(tx, product);
    if ("refused" in placement) return placement;
    await renewCatalogueVersion(tx);
    await insertProducts(tx, [{ ...product, ...placement }]);
    await insertStocks(tx, [{ productId: product.id, onHand }]);
    await rescoreCategories(tx, [placement.categoryId]);
    await appendEvents(tx, productTopic, [created(product, { id: deps.newId(), time: at })]);
    return product.id;
  });
  deps.catalogueVersion.forget();
  return outcome;
}

/** Where a product belongs, and the words that follow from that. */
export async function placeIn(
  tx: Transaction,
  product: UnscoredProduct,
): Promise<Placement | { refused: "unknown-category"; category: string }> {
  const categories = await findCategories(tx);
  const category = categories.find((each) => each.slug === product.category);
  if (category === undefined) return { refused: "unknown-category", category: product.category };
  return {
    categoryId: category.id,
    keywords: keywordsOf(product, namesUpwards(categories, category.id)),
  };
}
