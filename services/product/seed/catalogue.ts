import { createHash } from "node:crypto";
import type { Category } from "../category-store.ts";
import { decimal, fixed, over, times } from "../decimal.ts";
import { materials } from "../emission-factors.ts";
import type { MaterialMass } from "../footprint.ts";
import { newProduct, type ProductDraft, type UnscoredProduct } from "../product.ts";
import { categories, departments } from "./categories.ts";
import { countryNames } from "./country-names.ts";
import { families } from "./families.ts";
import type { Family, Make, Size } from "./family.ts";
import type { MaterialShare } from "./material-shares.ts";

/** Fixed, so that the same catalogue comes out on every machine; its bills describe the year before. */
const madeAt = new Date("2025-01-15T09:00:00Z");
const namespace = "ecotrack.test/catalogue/";
const leastStock = 200;
const stockSpread = 1800;

export interface SeedProduct {
  readonly product: UnscoredProduct;
  readonly onHand: number;
}

/** The categories of the shop, departments first. Ids follow from the slugs. */
export function seedCategories(): Category[] {
  const top = departments.map(({ slug, name }) => ({ id: fixedId(slug), slug, name, parentId: null }));
  const below = categories.map(({ slug, name, department }) => ({
    id: fixedId(slug),
    slug,
    name,
    parentId: fixedId(department),
  }));
  return [...top, ...below];
}

/** Every make of every family in every size. */
export function seedProducts(): SeedProduct[] {
  return families.flatMap((family) =>
    family.makes.flatMap((make) => family.sizes.map((size) => seedProduct(family, make, size))),
  );
}

function seedProduct(family: Family, make: Make, size: Size): SeedProduct {
  const draft = draftOf(family, make, size);
  const id = fixedId(draft.name);
  const product = newProduct(draft, { id, at: madeAt });
  if ("refused" in product) throw new Error(`Seed of "${draft.name}": ${JSON.stringify(product)}`);
  return { product, onHand: leastStock + (Number.parseInt(id.slice(0, 6), 16) % stockSpread) };
}

function draftOf(family: Family, make: Make, size: Size): ProductDraft {
  const name = `${capitalised(`${make.make} ${family.name}`.trim())}, ${size.size}`;
  const bodyKg = decimal(size.kg);
  const parts = size.parts.map(({ material, amount }) => ({ material, kg: amount }));
  const materialsOf = [...percentOf(make.mix, bodyKg), ...parts];
  const totalKg = materialsOf.reduce((total, part) => total + decimal(part.kg), 0n);
  return {
    name,
    description: `${family.about} Made in ${countryNames.get(family.country) ?? family.country} of ${listed(materialsOf)}.`,
    category: family.category,
    price: { amount: Math.round((size.price * make.pricePercent) / 1000) * 10, currency: "EUR" },
    images: [1, 2].map((view) => imageUrl(name, view)),
    billOfMaterials: {
      materials: materialsOf,
      packaging: percentOf(family.packaging, totalKg),
      manufacturing: {
        country: family.country,
        energyKwh: fixed(times(totalKg, decimal(family.kwhPerKg)), 6),
      },
    },
    expectedLifeYears: family.lifeYears,
    repairability: family.repairability,
    certificates: make.certificates,
  };
}

const percentOf = (shares: readonly MaterialShare[], mass: bigint): MaterialMass[] =>
  shares.map(({ material, amount }) => ({
    material,
    kg: fixed(over(times(mass, decimal(amount)), decimal("100")), 6),
  }));

const listed = (parts: readonly MaterialMass[]): string =>
  parts.map((part) => materials.get(part.material)?.name ?? part.material).join(", ");
const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** A picture with the product's name on it: honest, until there are photographs. */
const imageUrl = (name: string, view: number): string =>
  `https://placehold.co/800x800/e8efe4/2f4a36.png?text=${encodeURIComponent(`${name} (${view})`)}`;

/** A UUID of version 5 layout (RFC 9562 §5.5) that follows from a name. */
function fixedId(name: string): string {
  const hex = createHash("sha1").update(namespace).update(name).digest("hex");
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 0x3) | 0x8).toString(16);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `5${hex.slice(13, 16)}`,
    variant + hex.slice(17, 20),
    hex.slice(20, 32),
  ].join("-");
}
