import { approximately, type Decimal, decimal, fixed, over, sum, times } from "./decimal.ts";
import { gridIntensity, gridUncertaintyPercent, materials } from "./emission-factors.ts";
import { factorSources } from "./factor-sources.ts";

/** What one piece of a product is made of, packed in, and made with. Masses in kg and energy in kWh, as decimals. */
export interface BillOfMaterials {
  readonly materials: readonly MaterialMass[];
  readonly packaging: readonly MaterialMass[];
  /** ISO 3166-1 alpha-2 country of manufacture and the electricity it took there. */
  readonly manufacturing: { readonly country: string; readonly energyKwh: string };
}
export interface MaterialMass {
  readonly material: string;
  readonly kg: string;
}

/** One line of the inventory: the factor as it was applied, so that a footprint explains itself years later. */
export interface InventoryLine {
  readonly stage: "material" | "packaging" | "manufacturing";
  readonly key: string;
  readonly name: string;
  readonly amount: string;
  readonly unit: "kg" | "kWh";
  readonly factor: string;
  readonly kgCO2e: string;
  readonly source: string;
  readonly sourceYear: number;
  readonly uncertaintyPercent: number;
}

/** Fields named and typed as in PACT v3 `CarbonFootprint`: decimals are strings, per declared unit of one piece. */
export interface Footprint {
  readonly declaredUnitOfMeasurement: "piece";
  readonly declaredUnitAmount: "1";
  readonly productMassPerDeclaredUnit: string;
  readonly referencePeriodStart: string;
  readonly referencePeriodEnd: string;
  readonly geographyCountry: string;
  readonly boundaryProcessesDescription: string;
  readonly pcfExcludingBiogenicUptake: string;
  readonly pcfIncludingBiogenicUptake: string;
  readonly fossilGhgEmissions: string;
  readonly biogenicCO2Uptake: string;
  readonly fossilCarbonContent: string;
  readonly biogenicCarbonContent: string;
  readonly packagingEmissionsIncluded: true;
  readonly packagingGhgEmissions: string;
  readonly ipccCharacterizationFactors: readonly string[];
  readonly crossSectoralStandards: readonly string[];
  readonly exemptedEmissionsPercent: string;
  readonly primaryDataShare: string;
}

export interface AssessedFootprint {
  readonly footprint: Footprint;
  readonly inventory: readonly InventoryLine[];
  readonly recycledPercent: number;
  readonly renewablePercent: number;
  readonly uncertaintyPercent: number;
}

export type FootprintRefusal =
  | { refused: "unknown-material"; material: string }
  | { refused: "unknown-grid"; country: string };

const carbonPlaces = 3;
/** Molar masses of CO2 and C: one kilogram of carbon in a plant was 44/12 kg of CO2 in the air. */
const co2PerCarbon = over(decimal("44"), decimal("12"));

/**
 * Cradle-to-gate footprint of one piece: Σ mass x factor of materials and packaging + energy x grid
 * intensity. `year` is the calendar year that the bill describes. Uptake is negative and kept apart.
 */
export function assessFootprint(bill: BillOfMaterials, year: number): AssessedFootprint | FootprintRefusal {
  const grid = gridIntensity.get(bill.manufacturing.country);
  if (grid === undefined) return { refused: "unknown-grid", country: bill.manufacturing.country };
  const unknown = [...bill.materials, ...bill.packaging].find((part) => !materials.has(part.material));
  if (unknown !== undefined) return { refused: "unknown-material", material: unknown.material };

  const lines = [
    ...bill.materials.map((part) => materialLine("material", part)),
    ...bill.packaging.map((part) => materialLine("packaging", part)),
    energyLine(bill.manufacturing.country, bill.manufacturing.energyKwh, grid),
  ];
  const total = sum(lines.map(({ emission }) => emission));
  const mass = sum(bill.materials.map((part) => decimal(part.kg)));
  const biogenic = carbonIn(bill.materials, "biogenicCarbon");
  const uptake = -times(biogenic, co2PerCarbon);
  const packaging = sum(
    lines.filter(({ line }) => line.stage === "packaging").map(({ emission }) => emission),
  );
  return {
    footprint: {
      declaredUnitOfMeasurement: "piece",
      declaredUnitAmount: "1",
      productMassPerDeclaredUnit: fixed(mass, 6),
      referencePeriodStart: `${year}-01-01T00:00:00Z`,
      referencePeriodEnd: `${year + 1}-01-01T00:00:00Z`,
      geographyCountry: bill.manufacturing.country,
      boundaryProcessesDescription: "Cradle-to-gate: materials, manufacturing electricity, sales packaging",
      pcfExcludingBiogenicUptake: fixed(total, carbonPlaces),
      pcfIncludingBiogenicUptake: fixed(total + uptake, carbonPlaces),
      fossilGhgEmissions: fixed(total, carbonPlaces),
      biogenicCO2Uptake: fixed(uptake, carbonPlaces),
      fossilCarbonContent: fixed(carbonIn(bill.materials, "fossilCarbon"), 6),
      biogenicCarbonContent: fixed(biogenic, 6),
      packagingEmissionsIncluded: true,
      packagingGhgEmissions: fixed(packaging, carbonPlaces),
      ipccCharacterizationFactors: ["AR5"],
      crossSectoralStandards: ["ISO14067"],
      exemptedEmissionsPercent: "0",
      primaryDataShare: "0",
    },
    inventory: lines.map(({ line }) => line),
    recycledPercent: shareOf(bill.materials, mass, "recycledPercent"),
    renewablePercent: shareOf(bill.materials, mass, "renewablePercent"),
    uncertaintyPercent: combinedUncertainty(lines, total),
  };
}

/** `emission` is the exact figure that the line shows rounded. */
interface AssessedLine {
  readonly line: InventoryLine;
  readonly emission: Decimal;
}

function materialLine(stage: "material" | "packaging", part: MaterialMass): AssessedLine {
  const material = materialOf(part.material);
  const source = factorSources[material.source];
  const emission = times(decimal(part.kg), decimal(material.kgCO2ePerKg));
  const line: InventoryLine = {
    stage,
    key: part.material,
    name: material.name,
    amount: part.kg,
    unit: "kg",
    factor: material.kgCO2ePerKg,
    kgCO2e: fixed(emission, 6),
    source: `${source.name}, ${source.publisher}`,
    sourceYear: source.year,
    uncertaintyPercent: material.uncertaintyPercent,
  };
  return { line, emission };
}

function energyLine(country: string, energyKwh: string, grid: string): AssessedLine {
  const emission = times(decimal(energyKwh), decimal(grid));
  const line: InventoryLine = {
    stage: "manufacturing",
    key: `electricity-${country}`,
    name: `electricity, ${country}`,
    amount: energyKwh,
    unit: "kWh",
    factor: grid,
    kgCO2e: fixed(emission, 6),
    source: `${factorSources.ember.name}, ${factorSources.ember.publisher}`,
    sourceYear: factorSources.ember.year,
    uncertaintyPercent: gridUncertaintyPercent,
  };
  return { line, emission };
}

function materialOf(key: string) {
  const material = materials.get(key);
  if (material === undefined) throw new Error(`No emission factor for material "${key}"`);
  return material;
}

const carbonIn = (parts: readonly MaterialMass[], kind: "fossilCarbon" | "biogenicCarbon"): Decimal =>
  sum(parts.map((part) => times(decimal(part.kg), decimal(materialOf(part.material)[kind]))));

/** Percent by mass, whole number: enough for a score, and stable. */
function shareOf(
  parts: readonly MaterialMass[],
  mass: Decimal,
  kind: "recycledPercent" | "renewablePercent",
): number {
  if (mass === 0n) return 0;
  const weighted = sum(parts.map((part) => decimal(part.kg) * BigInt(materialOf(part.material)[kind])));
  return Math.round(approximately(over(weighted, mass)));
}

/** Errors of independent lines add in squares. */
function combinedUncertainty(lines: readonly AssessedLine[], total: Decimal): number {
  if (total === 0n) return 0;
  const squares = lines.map(({ line, emission }) => (approximately(emission) * line.uncertaintyPercent) ** 2);
  return Math.round(Math.sqrt(squares.reduce((a, b) => a + b, 0)) / approximately(total));
}
