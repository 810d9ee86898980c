import type { StockedProduct } from "./catalogue.ts";

/** A product as lists show it. */
export function productView({ product, available }: StockedProduct) {
  const { footprint } = product;
  return {
    id: product.id,
    name: product.name,
    description: product.description,
    category: product.category,
    price: product.price,
    stock: { available },
    sustainabilityScore: product.score,
    scoreParts: product.scoreParts,
    carbon: {
      kgCO2e: product.kgCO2e,
      boundary: "cradle-to-gate" as const,
      declaredUnit: footprint.declaredUnitOfMeasurement,
      massKg: footprint.productMassPerDeclaredUnit,
      biogenicUptakeKgCO2e: footprint.biogenicCO2Uptake,
      uncertaintyPercent: product.uncertaintyPercent,
      country: footprint.geographyCountry,
    },
    recycledPercent: product.recycledPercent,
    renewablePercent: product.renewablePercent,
    expectedLifeYears: product.expectedLifeYears,
    repairability: product.repairability,
    certificates: [...product.certificates],
    images: [...product.images],
    version: product.version,
    createdAt: product.createdAt,
    updatedAt: product.updatedAt,
  };
}

/** A product with all that its footprint is made of. */
export const productDetailView = (found: StockedProduct) => ({
  ...productView(found),
  footprint: { ...found.product.footprint },
  inventory: found.product.inventory.map((line) => ({ ...line })),
});

/** A product as order-service needs it. */
export const priceView = ({ product, available }: StockedProduct) => ({
  id: product.id,
  name: product.name,
  price: product.price,
  carbon: { kgCO2e: product.kgCO2e },
  available,
});
