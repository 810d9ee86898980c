import { Type } from "@sinclair/typebox";
import { moneySchema } from "#mesh/money";
import { Uuid } from "#mesh/uuid-schema";
import type { CategoryNode } from "./category-tree.ts";
import { sorts } from "./product-search.ts";

const strict = { additionalProperties: false };
const uuid = "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}";

/** One line with something in it, without control characters. */
const Line = (maxLength: number) => {
  const plain = "[^\\u0000-\\u001f\\u007f-\\u009f]";
  return Type.String({ minLength: 1, maxLength, pattern: `^(?=.*\\S)${plain}*$` });
};
/** Text with something in it, and without the zero character that PostgreSQL cannot keep. */
const Text = (maxLength: number) =>
  Type.String({ minLength: 1, maxLength, pattern: "^[^\\u0000]*[^\\s\\u0000][^\\u0000]*$" });
const Slug = Type.String({ maxLength: 60, pattern: "^[a-z0-9]+(-[a-z0-9]+)*$" });
/** Decimals that are sums or factors of carbon stay text; six places are a milligram and a milliwatt hour. */
const Mass = Type.String({ pattern: "^(?=.*[1-9])\\d{1,6}(\\.\\d{1,6})?$", description: "kg, a decimal" });
const Energy = Type.String({ pattern: "^\\d{1,6}(\\.\\d{1,6})?$", description: "kWh, a decimal" });
const Part = Type.Object({ material: Slug, kg: Mass }, strict);

const BillOfMaterialsBody = Type.Object(
  {
    materials: Type.Array(Part, { minItems: 1, maxItems: 40 }),
    packaging: Type.Array(Part, { maxItems: 10 }),
    manufacturing: Type.Object(
      {
        country: Type.String({ pattern: "^[A-Z]{2}$", description: "ISO 3166-1 alpha-2" }),
        energyKwh: Energy,
      },
      strict,
    ),
  },
  strict,
);

/** The shop sells in one currency: prices in two could be neither sorted nor limited. */
const Price = Type.Object(
  { amount: Type.Integer({ minimum: 1, maximum: 100_000_000 }), currency: Type.Literal("EUR") },
  strict,
);
const OnHand = Type.Object({ onHand: Type.Integer({ minimum: 0, maximum: 1_000_000 }) }, strict);
const Delivered = Type.Object({ delivered: Type.Integer({ minimum: 1, maximum: 1_000_000 }) }, strict);

const draft = {
  name: Line(200),
  description: Text(4000),
  category: Slug,
  price: Price,
  images: Type.Array(Type.String({ maxLength: 500, pattern: "^https://[^\\s\\u0000]+$" }), { maxItems: 10 }),
  billOfMaterials: BillOfMaterialsBody,
  expectedLifeYears: Type.Integer({ minimum: 1, maximum: 100 }),
  repairability: Type.Integer({ minimum: 0, maximum: 10 }),
  certificates: Type.Array(Line(60), { maxItems: 10, uniqueItems: true }),
};
const { name, description, category: slug, price, billOfMaterials, ...claims } = draft;
/** What is not claimed is not credited: no pictures, no certificates, no repairability, a life of one year. */
export const ProductBody = Type.Composite(
  [
    Type.Object({ name, description, category: slug, price, billOfMaterials, stock: OnHand }),
    Type.Partial(Type.Object(claims)),
  ],
  strict,
);
export const unclaimed = { images: [], certificates: [], repairability: 0, expectedLifeYears: 1 };
export const ProductPatch = Type.Partial(
  Type.Object({ ...draft, stock: Type.Union([OnHand, Delivered]) }, strict),
  { minProperties: 1, ...strict },
);

export const ProductParams = Type.Object({ id: Uuid }, strict);

// Everything in a query is text; patterns keep the ranges, so nothing is coerced on the way.
export const ListQuery = Type.Object(
  {
    query: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
    category: Type.Optional(Slug),
    minScore: Type.Optional(Type.String({ pattern: "^(100|[1-9]?[0-9])$", description: "0 to 100" })),
    maxPrice: Type.Optional(Type.String({ pattern: "^[0-9]{1,12}$", description: "Minor units" })),
    sort: Type.Optional(Type.Union(sorts.map((sort) => Type.Literal(sort)))),
    limit: Type.Optional(Type.String({ pattern: "^([1-9][0-9]?|100)$", description: "1 to 100, else 20" })),
    cursor: Type.Optional(Type.String({ minLength: 1, maxLength: 2000 })),
    ids: Type.Optional(
      Type.String({
        pattern: `^${uuid}(,${uuid}){0,99}$`,
        description: "At most 100 ids; nothing else with it",
      }),
    ),
  },
  strict,
);
export const RecommendationQuery = Type.Object(
  { limit: Type.Optional(Type.String({ pattern: "^([1-9]|1[0-2])$", description: "1 to 12, else 6" })) },
  strict,
);

const Percent = Type.Integer({ minimum: 0, maximum: 100 });
const summary = {
  id: Uuid,
  name: Type.String(),
  description: Type.String(),
  category: Type.String({ description: "Slug" }),
  price: moneySchema,
  stock: Type.Object({ available: Type.Integer() }),
  sustainabilityScore: Percent,
  scoreParts: Type.Object({
    carbon: Type.Integer({ description: "of 50" }),
    materials: Type.Integer({ description: "of 25" }),
    durability: Type.Integer({ description: "of 10" }),
    repairability: Type.Integer({ description: "of 5" }),
    certificates: Type.Integer({ description: "of 10" }),
  }),
  carbon: Type.Object({
    kgCO2e: Type.String({ description: "One piece, without biogenic uptake; a decimal" }),
    boundary: Type.Literal("cradle-to-gate"),
    declaredUnit: Type.Literal("piece"),
    massKg: Type.String(),
    biogenicUptakeKgCO2e: Type.String({ description: "Zero or negative, not in kgCO2e" }),
    uncertaintyPercent: Type.Integer(),
    country: Type.String({ description: "Of manufacture" }),
  }),
  recycledPercent: Percent,
  renewablePercent: Percent,
  expectedLifeYears: Type.Integer(),
  repairability: Type.Integer(),
  certificates: Type.Array(Type.String()),
  images: Type.Array(Type.String()),
  version: Type.Integer(),
  createdAt: Type.String(),
  updatedAt: Type.String(),
};
const ProductView = Type.Object(summary);
export const ProductDetailView = Type.Object({
  ...summary,
  footprint: Type.Record(Type.String(), Type.Unknown(), { description: "PACT v3 CarbonFootprint" }),
  inventory: Type.Array(Type.Record(Type.String(), Type.Unknown()), {
    description: "The lines that kgCO2e is the sum of: amount, factor, source and year of each",
  }),
});

const RangeView = Type.Object({
  from: Type.Integer(),
  to: Type.Union([Type.Integer(), Type.Null()]),
  count: Type.Integer(),
});
export const ListView = Type.Object({
  data: Type.Array(ProductView),
  nextCursor: Type.Union([Type.String(), Type.Null()]),
  facets: Type.Object({
    categories: Type.Array(
      Type.Object({ category: Type.String(), name: Type.String(), count: Type.Integer() }),
    ),
    scores: Type.Array(RangeView),
    prices: Type.Array(RangeView),
  }),
});
export const RecommendationView = Type.Object({ data: Type.Array(ProductView) });

const category = { id: Uuid, slug: Type.String(), name: Type.String(), productCount: Type.Integer() };
/** The tree goes on below; the schema shows its first two levels, because OpenAPI tools stumble over recursion. */
const CategoryView = Type.Unsafe<CategoryNode>(
  Type.Object({ ...category, children: Type.Array(Type.Object(category)) }),
);
export const CategoriesView = Type.Object({ data: Type.Array(CategoryView) });
