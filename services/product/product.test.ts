import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { categoryTree, subtreeIds } from "./category-tree.ts";
import { decimal, fixed, over, sum, times } from "./decimal.ts";
import { gridIntensity, materials } from "./emission-factors.ts";
import { factorSources } from "./factor-sources.ts";
import { type AssessedFootprint, assessFootprint, type BillOfMaterials } from "./footprint.ts";
import { changeProduct, newProduct, type ProductDraft } from "./product.ts";
import { prefixQuery } from "./product-search.ts";
import { mergeItems } from "./reservation.ts";
import { median, scoreOf, scoreParts } from "./sustainability-score.ts";

const shirt: BillOfMaterials = {
  materials: [
    { material: "cotton-organic", kg: "0.16" },
    { material: "polyester", kg: "0.04" },
  ],
  packaging: [{ material: "paper", kg: "0.01" }],
  manufacturing: { country: "PT", energyKwh: "2" },
};

const draft: ProductDraft = {
  name: "Shirt",
  description: "A shirt.",
  category: "tops",
  price: { amount: 2990, currency: "EUR" },
  images: [],
  billOfMaterials: shirt,
  expectedLifeYears: 4,
  repairability: 3,
  certificates: ["GOTS"],
};

describe("decimals", () => {
  test("are exact where floats are not", () => {
    expect(fixed(sum([decimal("0.1"), decimal("0.2")]), 1)).toBe("0.3");
    expect(fixed(times(decimal("1.1"), decimal("1.1")), 2)).toBe("1.21");
    expect(fixed(over(decimal("44"), decimal("12")), 6)).toBe("3.666667");
    expect(fixed(decimal("-0.0005"), 3)).toBe("-0.001");
    expect(fixed(decimal("2.5"), 0)).toBe("3");
  });

  test("come back as they went in", () => {
    const text = fc
      .tuple(fc.boolean(), fc.nat(1_000_000), fc.nat(999_999_999))
      .filter(([, whole, fraction]) => whole + fraction > 0)
      .map(
        ([negative, whole, fraction]) =>
          `${negative ? "-" : ""}${whole}.${String(fraction).padStart(9, "0")}`,
      );
    fc.assert(fc.property(text, (each) => fixed(decimal(each), 9) === each));
  });

  test.each(["", "1e3", ".5", "1.", "0x1", "1.0000000001", " 1"])("refuse %p", (text) => {
    expect(() => decimal(text)).toThrow("Not a decimal");
  });
});

describe("a footprint", () => {
  const assessed = assessFootprint(shirt, 2024) as AssessedFootprint;

  test("is the sum of mass x factor and energy x grid intensity", () => {
    // 0.16 x 0.98 + 0.04 x 4.06 + 0.01 x 1.345 + 2 x 0.166
    expect(assessed.footprint.pcfExcludingBiogenicUptake).toBe("0.665");
    expect(fixed(sum(assessed.inventory.map((line) => decimal(line.kgCO2e))), 3)).toBe("0.665");
  });

  test("keeps biogenic uptake apart, as 44/12 of the carbon in plants", () => {
    expect(assessed.footprint.biogenicCarbonContent).toBe("0.067200");
    expect(assessed.footprint.biogenicCO2Uptake).toBe("-0.246");
    expect(assessed.footprint.pcfIncludingBiogenicUptake).toBe("0.418");
    expect(assessed.footprint.fossilCarbonContent).toBe("0.025000");
  });

  test("says where each factor is from, and of which year", () => {
    expect(assessed.inventory).toHaveLength(4);
    for (const line of assessed.inventory) {
      expect(line.source.length).toBeGreaterThan(10);
      expect(line.sourceYear).toBeGreaterThan(2009);
    }
    expect(assessed.inventory.at(-1)).toMatchObject({ stage: "manufacturing", unit: "kWh", factor: "0.166" });
  });

  test("describes one piece in one year and one country", () => {
    expect(assessed.footprint).toMatchObject({
      declaredUnitOfMeasurement: "piece",
      declaredUnitAmount: "1",
      productMassPerDeclaredUnit: "0.200000",
      referencePeriodStart: "2024-01-01T00:00:00Z",
      referencePeriodEnd: "2025-01-01T00:00:00Z",
      geographyCountry: "PT",
    });
    expect(assessed).toMatchObject({ recycledPercent: 0, renewablePercent: 80 });
  });

  test("is refused when a factor is not known, instead of counting nothing", () => {
    const wood = { ...shirt, materials: [{ material: "unobtainium", kg: "1" }] };
    expect(assessFootprint(wood, 2024)).toEqual({ refused: "unknown-material", material: "unobtainium" });
    const moon = { ...shirt, manufacturing: { country: "XX", energyKwh: "1" } };
    expect(assessFootprint(moon, 2024)).toEqual({ refused: "unknown-grid", country: "XX" });
  });
});

describe("a score", () => {
  const middling = {
    kgCO2e: decimal("2"),
    medianKgCO2e: decimal("2"),
    recycledPercent: 0,
    renewablePercent: 0,
    expectedLifeYears: 5,
    medianLifeYears: 5,
    repairability: 0,
    certificates: 0,
  };

  test("gives half of the carbon and durability points at the median", () => {
    expect(scoreParts(middling)).toEqual({
      carbon: 25,
      materials: 0,
      durability: 5,
      repairability: 0,
      certificates: 0,
    });
  });

  test("is 100 for a product that emits nothing and has everything", () => {
    const best = {
      ...middling,
      kgCO2e: 0n,
      recycledPercent: 60,
      renewablePercent: 40,
      expectedLifeYears: 10,
    };
    expect(scoreOf(scoreParts({ ...best, repairability: 10, certificates: 3 }))).toBe(100);
  });

  test("gives no carbon points from twice the median on, and never less than none", () => {
    expect(scoreParts({ ...middling, kgCO2e: decimal("4") }).carbon).toBe(0);
    expect(scoreParts({ ...middling, kgCO2e: decimal("400") }).carbon).toBe(0);
  });

  test("stays between 0 and 100 and never rises with the footprint", () => {
    const inputs = fc.record({
      kgCO2e: fc.bigInt(0n, 10n ** 13n),
      medianKgCO2e: fc.bigInt(0n, 10n ** 13n),
      recycledPercent: fc.nat(100),
      renewablePercent: fc.nat(100),
      expectedLifeYears: fc.integer({ min: 1, max: 100 }),
      medianLifeYears: fc.nat(100),
      repairability: fc.nat(10),
      certificates: fc.nat(10),
    });
    fc.assert(
      fc.property(inputs, (input) => {
        const score = scoreOf(scoreParts(input));
        const worse = scoreOf(scoreParts({ ...input, kgCO2e: input.kgCO2e * 2n }));
        return score >= 0 && score <= 100 && worse <= score;
      }),
    );
  });

  test("takes a median that exists", () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4n, 1n, 2n, 3n])).toBe(2n);
    expect(median([])).toBeUndefined();
  });
});

describe("a product", () => {
  const at = new Date("2025-06-01T12:00:00Z");
  const product = newProduct(draft, { id: "p", at });

  test("describes the last full year before it was made", () => {
    expect(product).toMatchObject({ kgCO2e: "0.665", version: 1, createdAt: at.toISOString() });
    expect(product).toMatchObject({ footprint: { referencePeriodStart: "2024-01-01T00:00:00Z" } });
  });

  test("keeps its footprint when something else changes, and what is not given stays", () => {
    if ("refused" in product) throw new Error("refused");
    const stored = { ...product, score: 1, scoreParts: scoreParts({ ...middlingScore }) };
    const later = new Date("2026-06-01T12:00:00Z");
    const changed = changeProduct(stored, { name: "Blouse", description: undefined }, later);
    expect(changed).toMatchObject({ name: "Blouse", description: "A shirt.", version: 2, kgCO2e: "0.665" });
    expect(changed).toMatchObject({ footprint: { referencePeriodStart: "2024-01-01T00:00:00Z" } });
    expect(changed).not.toHaveProperty("score");
  });
});

const middlingScore = {
  kgCO2e: 1n,
  medianKgCO2e: 1n,
  recycledPercent: 0,
  renewablePercent: 0,
  expectedLifeYears: 1,
  medianLifeYears: 1,
  repairability: 0,
  certificates: 0,
};

test("items of an order become one line a product, in the order of ids", () => {
  const items = [
    { productId: "B", quantity: 1 },
    { productId: "a", quantity: 2 },
    { productId: "b", quantity: 3 },
  ];
  expect(mergeItems(items)).toEqual([
    { productId: "a", quantity: 2 },
    { productId: "b", quantity: 4 },
  ]);
});

test("free text becomes prefixes and nothing else", () => {
  expect(prefixQuery("Bamb bott")).toBe("'bamb':* & 'bott':*");
  expect(prefixQuery("a' | !b:*); drop")).toBe("'a':* & 'b':* & 'drop':*");
  expect(prefixQuery("Öl & Käse")).toBe("'öl':* & 'käse':*");
  expect(prefixQuery("!&|\u0000")).toBe("");
});

test("a category counts what lies below it", () => {
  const categories = [
    { id: "1", slug: "top", name: "Top", parentId: null, products: 1 },
    { id: "2", slug: "mid", name: "Mid", parentId: "1", products: 2 },
    { id: "3", slug: "leaf", name: "Leaf", parentId: "2", products: 4 },
  ];
  expect(categoryTree(categories)[0]).toMatchObject({ productCount: 7, children: [{ productCount: 6 }] });
  expect(subtreeIds(categories, "mid")).toEqual(["2", "3"]);
  expect(subtreeIds(categories, "none")).toEqual([]);
});

test("every factor is a decimal with a source, and carbon in a material is at most its mass", () => {
  for (const material of materials.values()) {
    expect(decimal(material.kgCO2ePerKg)).toBeGreaterThan(0n);
    expect(decimal(material.fossilCarbon) + decimal(material.biogenicCarbon)).toBeLessThanOrEqual(
      decimal("1"),
    );
    expect(material.recycledPercent + material.renewablePercent).toBeLessThanOrEqual(100);
    expect(factorSources[material.source].year).toBeGreaterThan(2000);
  }
  for (const intensity of gridIntensity.values()) expect(decimal(intensity)).toBeGreaterThan(0n);
});
