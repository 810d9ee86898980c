import { choice, integer, optional, text } from "#mesh/settings";
import { readTable } from "./csv-table.ts";
import { decimalColumn } from "./decimal-column.ts";
import { type FactorSourceKey, factorSources, type Verification, verifications } from "./factor-sources.ts";

/**
 * Cradle-to-gate factor of one kilogram of a material. Figures are rounded as their sources publish them,
 * without biogenic uptake, which is derived from `biogenicCarbon` (kg C per kg, x 44/12) and kept apart.
 * Fibres count before spinning and weaving: that energy is in the manufacturing line. Food counts from farm to shop,
 * which is wider than cradle to gate and so on the safe side.
 */
export interface Material {
  readonly group: string;
  readonly name: string;
  readonly kgCO2ePerKg: string;
  readonly fossilCarbon: string;
  readonly biogenicCarbon: string;
  /** Percent by mass that comes from waste, and from what grows again. */
  readonly recycledPercent: number;
  readonly renewablePercent: number;
  readonly source: FactorSourceKey;
  /** Half width of the 95 % interval in percent: our judgement of spread and fit, not the source's. */
  readonly uncertaintyPercent: number;
  readonly verification: Verification;
  /** What has to be known beside the figure. */
  readonly note: string | undefined;
}

const percent = { min: 0, max: 100 };
const sources = Object.keys(factorSources) as FactorSourceKey[];

/** Every material that a product may be made of or packed in, by its key. */
export const materials: ReadonlyMap<string, Material> = new Map(
  readTable(
    new URL("./materials.csv", import.meta.url),
    {
      group: text("group"),
      key: text("key", { pattern: /^[a-z-]+$/ }),
      name: text("name"),
      kgCO2ePerKg: decimalColumn("kgCO2ePerKg"),
      fossilCarbon: decimalColumn("fossilCarbon"),
      biogenicCarbon: decimalColumn("biogenicCarbon"),
      recycledPercent: integer("recycledPercent", percent),
      renewablePercent: integer("renewablePercent", percent),
      source: choice("source", sources),
      uncertaintyPercent: integer("uncertaintyPercent", { min: 1, max: 500 }),
      verification: choice("verification", verifications),
      note: optional(text("note")),
    },
    "key",
  ).map(({ key, ...material }) => [key, material]),
);

/**
 * Life-cycle intensity of a country's electricity in kg CO2e per kWh generated (Ember, year 2023, rounded).
 * Losses between power station and plug are not in it.
 */
export const gridIntensity: ReadonlyMap<string, string> = new Map(
  readTable(
    new URL("./grid-intensity.csv", import.meta.url),
    { country: text("country", { pattern: /^[A-Z]{2}$/ }), kgCO2ePerKwh: decimalColumn("kgCO2ePerKwh") },
    "country",
  ).map(({ country, kgCO2ePerKwh }) => [country, kgCO2ePerKwh]),
);

/** Of every country's figure: all were read in copies of Ember's table. */
export const gridVerification: Verification = "compared";

/** Spread of hourly and regional intensity around a national yearly average, in percent. */
export const gridUncertaintyPercent = 25;
