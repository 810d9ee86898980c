import type { StockedProduct } from "./catalogue.ts";
import type { ProductDeps } from "./product-deps.ts";

export async function findProduct(
  deps: ProductDeps,
  id: string,
): Promise<StockedProduct | { readonly refused: "product-not-found" }> {
  const [found] = await deps.catalogue.products([id]);
  return found ?? { refused: "product-not-found" };
}
