import { describe, expect, test } from "bun:test";
import { decimal, fixed, sum } from "../decimal.ts";
import { seedCategories, seedProducts } from "./catalogue.ts";

describe("the seed", () => {
  const seeds = seedProducts();

  test("has at least 240 different products in at least 12 categories", () => {
    expect(seeds.length).toBeGreaterThanOrEqual(240);
    expect(new Set(seeds.map(({ product }) => product.id)).size).toBe(seeds.length);
    expect(new Set(seeds.map(({ product }) => product.name)).size).toBe(seeds.length);
    const used = new Set(seeds.map(({ product }) => product.category));
    const known = new Set(seedCategories().map((category) => category.slug));
    expect(used.size).toBeGreaterThanOrEqual(12);
    expect([...used].filter((slug) => !known.has(slug))).toEqual([]);
  });

  test("is the same each time", () => {
    expect(JSON.stringify(seedProducts())).toBe(JSON.stringify(seeds));
  });

  test("weighs what its parts weigh", () => {
    for (const { product } of seeds) {
      const parts = product.inventory.filter((line) => line.stage === "material");
      const mass = fixed(sum(parts.map((line) => decimal(line.amount))), 6);
      expect(product.footprint.productMassPerDeclaredUnit).toBe(mass);
      expect(decimal(product.kgCO2e)).toBeGreaterThan(0n);
      expect(product.price.amount).toBeGreaterThan(0);
    }
  });

  test("tells makes apart: recycled steel emits less than new steel in the same bottle", () => {
    const of = (name: string) => seeds.find(({ product }) => product.name === name)?.product.kgCO2e ?? "";
    const recycled = decimal(of("Recycled steel bottle, 500 ml"));
    expect(recycled).toBeLessThan(decimal(of("Stainless steel bottle, 500 ml")));
  });
});
