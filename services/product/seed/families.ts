import { choice, integer, list, text } from "#mesh/settings";
import { readTable } from "../csv-table.ts";
import { decimalColumn } from "../decimal-column.ts";
import { categories } from "./categories.ts";
import { countryNames } from "./country-names.ts";
import type { Family } from "./family.ts";
import { materialMix, materialShares } from "./material-shares.ts";

const heads = readTable(
  new URL("./families.csv", import.meta.url),
  {
    family: text("family"),
    name: text("name", { default: "" }),
    category: choice(
      "category",
      categories.map(({ slug }) => slug),
    ),
    country: choice("country", [...countryNames.keys()]),
    kwhPerKg: decimalColumn("kwhPerKg"),
    packaging: materialShares("packaging"),
    lifeYears: integer("lifeYears", { min: 1, max: 100 }),
    repairability: integer("repairability", { min: 0, max: 10 }),
    about: text("about"),
  },
  "family",
);
const family = choice(
  "family",
  heads.map((head) => head.family),
);

const makes = readTable(new URL("./makes.csv", import.meta.url), {
  family,
  make: text("make"),
  pricePercent: integer("pricePercent", { min: 1, max: 1000 }),
  mix: materialMix("mix"),
  certificates: list("certificates", { default: [] }),
});

const sizes = readTable(new URL("./sizes.csv", import.meta.url), {
  family,
  size: text("size"),
  price: integer("priceCents", { min: 1, max: 10_000_000 }),
  kg: decimalColumn("kg"),
  parts: { ...materialShares("parts"), fallback: { value: [] } },
});

/** What the shop sells at first: kitchen before home, and so on, as in the table. */
export const families: readonly Family[] = heads.map((head) => ({
  ...head,
  makes: makes.filter((make) => make.family === head.family),
  sizes: sizes.filter((size) => size.family === head.family),
}));
