import { createHash } from "node:crypto";
import type { Category } from "../category-store.ts";
import { decimal, fixed, over, times } from "../decimal.ts";
import { materials } from "../emission-factors.ts";
import type { MaterialMass } from "../footprint.ts";
import { newProduct, type ProductDraft, type UnscoredProduct } from "../product.ts";
import { departments } from "./categories.ts";
import { clothing } from "./clothing.ts";
import type { Family, Make, Size } from "./family.ts";
import { home } from "./home.ts";
import { kitchen } from "./kitchen.ts";
import { living } from "./living.ts";
import { office } from "./office.ts";
import { outdoors } from "./outdoors.ts";

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
  const below = departments.flatMap((department) =>
    department.categories.map(([slug, name]) => ({
      id: fixedId(slug),
      slug,
      name,
      parentId: fixedId(department.slug),
    })),
  );
  return [...top, ...below];
}

/** Every make of every family in every size. @throws when a table names a material that has no factor */
export function seedProducts(): SeedProduct[] {
  return [kitchen, home, clothing, outdoors, office, living]
    .flat()
    .flatMap((family) =>
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

function draftOf(
  family: Family,
  [makeLabel, pricePercent, mix, certificates = []]: Make,
  size: Size,
): ProductDraft {
  const [sizeLabel, price, kg, parts] = size;
  const name = `${capitalised(`${makeLabel} ${family.name}`.trim())}, ${sizeLabel}`;
  const bodyKg = decimal(kg);
  const materialsOf = [...sharesOf(mix, bodyKg), ...(parts === undefined ? [] : massesOf(parts))];
  const totalKg = materialsOf.reduce((total, part) => total + decimal(part.kg), 0n);
  return {
    name,
    description: `${family.about} Made in ${countryNames.get(family.country) ?? family.country} of ${listed(materialsOf)}.`,
    category: family.category,
    price: { amount: Math.round((price * pricePercent) / 1000) * 10, currency: "EUR" },
    images: [1, 2].map((view) => imageUrl(name, view)),
    billOfMaterials: {
      materials: materialsOf,
      packaging: sharesOf(family.packaging, totalKg),
      manufacturing: {
        country: family.country,
        energyKwh: fixed(times(totalKg, decimal(family.kwhPerKg)), 6),
      },
    },
    expectedLifeYears: family.lifeYears,
    repairability: family.repairability,
    certificates,
  };
}

/** "cotton 99, polyester 1" of a mass → the mass of each. */
const sharesOf = (mix: string, mass: bigint): MaterialMass[] =>
  pairsOf(mix).map(([material, percent]) => ({
    material,
    kg: fixed(over(times(mass, decimal(percent)), decimal("100")), 6),
  }));

/** "silicone 0.003, cork 0.02" → those masses. */
const massesOf = (parts: string): MaterialMass[] =>
  pairsOf(parts).map(([material, kg]) => ({ material, kg }));

const pairsOf = (text: string): [string, string][] =>
  text.split(", ").map((pair) => {
    const [name = "", amount = ""] = pair.split(" ");
    return [name, amount];
  });

/** Written out, because the names that `Intl` gives differ between runtimes. */
// biome-ignore format: a table
const countryNames: ReadonlyMap<string, string> = new Map([
  ["AT", "Austria"], ["CN", "China"], ["CZ", "Czechia"], ["DE", "Germany"], ["DK", "Denmark"], ["ES", "Spain"],
  ["FI", "Finland"], ["FR", "France"], ["GB", "Great Britain"], ["IN", "India"], ["IT", "Italy"], ["PL", "Poland"],
  ["PT", "Portugal"], ["SE", "Sweden"], ["TR", "Türkiye"], ["VN", "Vietnam"],
]);
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
