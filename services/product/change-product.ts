import type { CloudEvent } from "#mesh/events/cloud-event";
import { appendEvents } from "#mesh/outbox/append";
import type { Transaction } from "#mesh/postgres/sql";
import { type DraftRefusal, placeIn } from "./create-product.ts";
import { changeProduct, type Product, type ProductChange } from "./product.ts";
import type { ProductDeps } from "./product-deps.ts";
import { priceChanged, productTopic, stockChanged, updated } from "./product-event.ts";
import {
  findProducts,
  lockCatalogue,
  lockProduct,
  renewCatalogueVersion,
  updateProduct,
} from "./product-store.ts";
import { rescoreCategories } from "./rescore-categories.ts";
import type { StockLevel } from "./reservation.ts";
import { changeStock, type StockChange } from "./stock-store.ts";

export type ChangeRefusal =
  | DraftRefusal
  | { readonly refused: "product-not-found" }
  | { readonly refused: "version-mismatch" };

export interface ProductEdit {
  readonly change: ProductChange;
  readonly stock: StockChange | undefined;
  /** The version that the admin has seen; undefined when it does not matter. */
  readonly expectedVersion: number | undefined;
}

/** Changes a product, its stock, or both. @returns undefined when it is done */
export async function editProduct(
  deps: ProductDeps,
  id: string,
  { change, stock, expectedVersion }: ProductEdit,
): Promise<ChangeRefusal | undefined> {
  const at = deps.now();
  const stamp = () => ({ id: deps.newId(), time: at });
  const touchesCatalogue = Object.values(change).some((value) => value !== undefined);
  let level: StockLevel | undefined;
  const refusal = await deps.transaction<ChangeRefusal | undefined>(async (tx) => {
    if (touchesCatalogue) await lockCatalogue(tx);
    const product = touchesCatalogue ? await lockProduct(tx, id) : (await findProducts(tx, [id]))[0];
    if (product === undefined) return { refused: "product-not-found" };
    if (expectedVersion !== undefined && expectedVersion !== product.version)
      return { refused: "version-mismatch" };
    const events: CloudEvent[] = [];
    if (touchesCatalogue) {
      const changed = await saveChange(tx, product, change, at);
      if ("refused" in changed) return changed;
      events.push(updated(changed, stamp()));
      if (changed.price.amount !== product.price.amount)
        events.push(priceChanged(id, product.price, changed.price, stamp()));
    }
    level = stock && (await changeStock(tx, id, stock));
    if (stock && level)
      events.push(stockChanged(level, "onHand" in stock ? "adjusted" : "delivered", stamp()));
    await appendEvents(tx, productTopic, events);
    return undefined;
  });
  if (touchesCatalogue) deps.catalogueVersion.forget();
  if (level) deps.stock.learn([[id, level.onHand]]);
  return refusal;
}

async function saveChange(tx: Transaction, product: Product, change: ProductChange, at: Date) {
  const changed = changeProduct(product, change, at);
  if ("refused" in changed) return changed;
  const placement = await placeIn(tx, changed);
  if ("refused" in placement) return placement;
  await renewCatalogueVersion(tx);
  await updateProduct(tx, { ...changed, ...placement });
  const before = await placeIn(tx, product);
  const categories = "refused" in before ? [] : [before.categoryId];
  await rescoreCategories(tx, [...new Set([...categories, placement.categoryId])]);
  return changed;
}
