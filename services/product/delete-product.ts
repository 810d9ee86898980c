import { appendEvents } from "#mesh/outbox/append";
import { placeIn } from "./create-product.ts";
import type { ProductDeps } from "./product-deps.ts";
import { deleted, productTopic } from "./product-event.ts";
import { lockCatalogue, lockProduct, markDeleted, renewCatalogueVersion } from "./product-store.ts";
import { rescoreCategories } from "./rescore-categories.ts";
import { endSale } from "./stock-store.ts";

export type DeleteRefusal =
  | { readonly refused: "product-not-found" }
  | { readonly refused: "version-mismatch" };

/** Takes a product out of the shop. What is held or sold of it stays so. @returns undefined when it is done */
export async function deleteProduct(
  deps: ProductDeps,
  id: string,
  expectedVersion: number | undefined,
): Promise<DeleteRefusal | undefined> {
  const at = deps.now();
  const refusal = await deps.transaction<DeleteRefusal | undefined>(async (tx) => {
    await lockCatalogue(tx);
    const product = await lockProduct(tx, id);
    if (product === undefined) return { refused: "product-not-found" };
    if (expectedVersion !== undefined && expectedVersion !== product.version)
      return { refused: "version-mismatch" };
    await renewCatalogueVersion(tx);
    await markDeleted(tx, id, at);
    await endSale(tx, id);
    const placement = await placeIn(tx, product);
    if (!("refused" in placement)) await rescoreCategories(tx, [placement.categoryId]);
    await appendEvents(tx, productTopic, [deleted(id, { id: deps.newId(), time: at })]);
    return undefined;
  });
  deps.catalogueVersion.forget();
  return refusal;
}
