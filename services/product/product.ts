import type { Money } from "#mesh/money";
import {
  type AssessedFootprint,
  assessFootprint,
  type BillOfMaterials,
  type Footprint,
  type FootprintRefusal,
  type InventoryLine,
} from "./footprint.ts";
import type { ScoreParts } from "./sustainability-score.ts";

/** All that is known of a product but for its stock, which changes with every sale. Plain JSON, so it can be cached. */
export interface Product {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  /** Slug of the category. */
  readonly category: string;
  readonly price: Money;
  readonly images: readonly string[];
  /** kg CO2e of one piece, cradle to gate, without biogenic uptake; a decimal. */
  readonly kgCO2e: string;
  readonly footprint: Footprint;
  readonly inventory: readonly InventoryLine[];
  readonly uncertaintyPercent: number;
  readonly recycledPercent: number;
  readonly renewablePercent: number;
  readonly expectedLifeYears: number;
  readonly repairability: number;
  readonly certificates: readonly string[];
  readonly score: number;
  readonly scoreParts: ScoreParts;
  readonly version: number;
  /** RFC 3339. */
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** What an admin says of a product. Its footprint and score follow from the bill of materials and the category. */
export interface ProductDraft {
  readonly name: string;
  readonly description: string;
  readonly category: string;
  readonly price: Money;
  readonly images: readonly string[];
  readonly billOfMaterials: BillOfMaterials;
  readonly expectedLifeYears: number;
  readonly repairability: number;
  readonly certificates: readonly string[];
}

export type ProductChange = { readonly [K in keyof ProductDraft]?: ProductDraft[K] | undefined };

/** A product as it is stored; its score is worked out among the others of its category. */
export type UnscoredProduct = Omit<Product, "score" | "scoreParts">;

const unscored = (draft: Omit<ProductDraft, "billOfMaterials">, assessed: AssessedFootprint) => ({
  name: draft.name,
  description: draft.description,
  category: draft.category,
  price: draft.price,
  images: draft.images,
  expectedLifeYears: draft.expectedLifeYears,
  repairability: draft.repairability,
  certificates: draft.certificates,
  kgCO2e: assessed.footprint.pcfExcludingBiogenicUptake,
  ...assessed,
});

/** The bill describes the last full calendar year before `at`, as PACT asks for a period that is over. */
export function newProduct(
  draft: ProductDraft,
  { id, at }: { id: string; at: Date },
): UnscoredProduct | FootprintRefusal {
  const assessed = assessFootprint(draft.billOfMaterials, at.getUTCFullYear() - 1);
  if ("refused" in assessed) return assessed;
  const time = at.toISOString();
  return { id, ...unscored(draft, assessed), version: 1, createdAt: time, updatedAt: time };
}

/** The product after a change; its footprint is assessed anew only when its bill of materials changes. */
export function changeProduct(
  product: Product,
  { billOfMaterials, ...change }: ProductChange,
  at: Date,
): UnscoredProduct | FootprintRefusal {
  const assessed = billOfMaterials
    ? assessFootprint(billOfMaterials, at.getUTCFullYear() - 1)
    : (product satisfies AssessedFootprint);
  if ("refused" in assessed) return assessed;
  const { footprint, inventory, recycledPercent, renewablePercent, uncertaintyPercent } = assessed;
  const kept = { footprint, inventory, recycledPercent, renewablePercent, uncertaintyPercent };
  return {
    id: product.id,
    ...unscored({ ...product, ...present(change) }, kept),
    version: product.version + 1,
    createdAt: product.createdAt,
    updatedAt: at.toISOString(),
  };
}

/** A field that is given as undefined is a field that is not given. */
function present<T extends object>(change: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const given = Object.entries(change).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as { [K in keyof T]?: Exclude<T[K], undefined> };
}

/** What the search finds a product by, besides its name and description. */
export const keywordsOf = (
  product: Pick<UnscoredProduct, "inventory" | "certificates">,
  categoryNames: readonly string[],
): string =>
  [
    ...categoryNames,
    ...product.inventory.filter((line) => line.stage === "material").map((line) => line.name),
    ...product.certificates,
  ].join(", ");
